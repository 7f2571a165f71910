import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
import { deliver, issueComment, pullRequest, push as pushed, sign } from '../github/deliveries.ts'
import { startGithub, type GithubStandIn, type Status } from '../github/server.ts'
import { eventually, startSite, type Site } from './site.ts'

// A real controller, repository and machine behind a stand-in that holds every request against GitHub's
// own description. The tests are one story and build on each other.

const project = 'example/fleet'
const yaml = 'clusters/demo.yaml'
let github: GithubStandIn
let site: Site

beforeAll(async () => {
  const token = 'ghp_test'
  github = await startGithub({ project, token, login: 'fleet-bot' })
  site = await startSite({
    machines: ['web1'],
    template: join(import.meta.dirname, '../fixtures/one-machine'),
    github: { project, token, apiUrl: github.url },
    // So long that what is seen came by webhook.
    poll: 600,
  })
}, 300_000)
afterAll(async () => {
  await site?.stop()
  await github?.close()
}, 60_000)
beforeEach(() =>
  onTestFailed(async () => console.error(github.requests.slice(-50), await site.story())),
)
afterEach(() => expect(github.problems).toEqual([]))

const git = (...args: string[]): Promise<string> => site.fleet.git(...args)
const headOf = async (ref: string): Promise<string> => (await git('rev-parse', ref)).trim()
const generation = async (): Promise<number | undefined> => (await site.generations())['web1']
const writes = (): readonly string[] =>
  github.requests.filter((request) => !request.startsWith('GET'))

/** What each webhook was called. */
const sent: string[] = []
const send = async (event: string, payload: unknown, secret = site.fleet.secret) => {
  const delivery = sign(event, payload, secret)
  sent.push(delivery.headers['x-github-delivery']!)
  return (await deliver(site.fleet.url, delivery)).status
}

/** Pushes main, as a merge on GitHub does, and gives its commit. */
async function pushMain(): Promise<string> {
  const before = await headOf('HEAD~')
  const after = await headOf('HEAD')
  await git('push', '--quiet', 'origin', 'HEAD:main')
  expect(await send('push', pushed(project, 'main', before, after))).toBe(202)
  return after
}

/** Commits on a branch, makes it the head of a pull request and tells of it; puts the clone back to main. */
async function pushPull(
  { number, branch, from }: { number: number; branch: string; from?: string },
  change: () => Promise<void>,
): Promise<string> {
  const index = github.pulls.findIndex((pull) => pull.number === number)
  await git('switch', '--quiet', ...(index < 0 ? ['--create', branch] : [branch]))
  await change()
  await git('commit', '--quiet', '--all', '-m', `Change ${branch}`)
  const head = await headOf('HEAD')
  // A fork's branch is in the fork: here there is only what GitHub makes of it.
  const refs = [`HEAD:refs/pull/${number}/head`, ...(from === undefined ? ['HEAD'] : [])]
  await git('push', '--quiet', 'origin', ...refs)
  await git('switch', '--quiet', 'main')
  const pull = { number, branch, head, base: 'main', ...(from === undefined ? {} : { from }) }
  github.pulls.splice(index < 0 ? github.pulls.length : index, 1, pull)
  await tellOfPull(number, index < 0 ? 'opened' : 'synchronize')
  return head
}

async function tellOfPull(number: number, action: string): Promise<void> {
  // GitHub has no example of synchronize: only the word differs.
  const payload = { ...pullRequest(project, 'opened', number), action }
  expect(await send('pull_request', payload)).toBe(202)
}

/** What was said of a commit, from the first to a last word that is awaited. */
async function statesOf(commit: string, context: string, last: string): Promise<readonly string[]> {
  const states = await eventually(
    async () =>
      github.statuses
        .filter((status) => status.sha === commit && status.context === context)
        .map(({ state }) => state),
    (seen) => seen.at(-1) === last,
  )
  return states
}

/** The comments on a pull request once the plan of its head is whole, and what the commit was said to be on the way. */
async function planOf(
  number: number,
  head: string,
  end: 'success' | 'failure' | 'pending' = 'success',
): Promise<{ readonly comments: readonly string[]; readonly states: readonly string[] }> {
  const states = await statesOf(head, 'nixcluster/plan', end)
  const comments = github.comments.filter(({ issue }) => issue === number)
  return { comments: comments.map(({ body }) => body), states }
}

test('the first deployment is asked for, and the commit says so until then', async () => {
  await git('add', '--all')
  await git('commit', '--quiet', '-m', 'Settings')
  await git('commit', '--quiet', '--allow-empty', '-m', 'A fleet of one')
  const commit = await pushMain()
  await eventually(
    async () => github.statuses.at(-1),
    (status) => status?.description.includes('nixcluster deploy') === true,
  )
  expect((await site.see('web1')).running).not.toContain('/nix/store')
  const { output } = await site.fleet.nixcluster('deploy')
  expect(output).toMatch(/Deployed \w{7} to 1 machine/)
  expect((await statesOf(commit, 'nixcluster/deploy', 'success')).at(-2)).toBe('pending')
  expect(await generation()).toBe(1)
  // It is told at a pace of its own.
  await eventually(
    async () => github.deployments.find(({ sha }) => sha === commit)?.statuses.at(-1)?.state,
    (state) => state === 'success',
  )
}, 60_000)

const greeting = { number: 7, branch: 'greeting' }

test('a pull request gets one comment with its plan, edited in place by the next push', async () => {
  const first = await pushPull(greeting, () => site.fleet.edit(yaml, 'Welcome to', 'Hello from'))
  const { comments, states } = await planOf(7, first)
  expect(comments).toHaveLength(1)
  expect(states).toEqual(['pending', 'success'])
  const [plan] = comments
  expect(plan).toMatch(/^<!-- nixcluster:plan [0-9a-f]{40} -->\n### 1 of 1 machine changes/)
  expect(plan).toContain('/etc/issue')
  expect(plan).toContain(`/${project}/blob/${first}/clusters/demo.yaml#L`)

  const second = await pushPull(greeting, () =>
    site.fleet.edit('modules/motd.nix', 'Nothing new', 'Something new'),
  )
  const again = await planOf(7, second)
  expect(again.comments).toHaveLength(1)
  expect(again.comments.join()).toContain('/etc/motd')
  expect(await generation()).toBe(1)
}, 60_000)

test('the same webhook again writes nothing', async () => {
  const before = writes()
  const statusReads = (): number =>
    github.requests.filter((request) => request.endsWith('/status')).length
  const reads = statusReads()
  await tellOfPull(7, 'synchronize')
  // The status is the last that a plan looks at.
  await eventually(
    async () => statusReads(),
    (seen) => seen > reads,
  )
  expect(writes()).toEqual(before)
})

test('a mistake makes of the comment the list of mistakes, until it is mended', async () => {
  const generated = await site.tip('nixcluster/main')
  const wrong = await pushPull(greeting, () =>
    site.fleet.edit(yaml, 'stateVersion', 'stateVersoin'),
  )
  const { comments, states } = await planOf(7, wrong, 'failure')
  expect(comments).toHaveLength(1)
  expect(states).toEqual(['failure'])
  const [mistakes] = comments
  expect(mistakes).toContain('### 1 mistake in the configuration')
  expect(mistakes).toContain('`clusters/demo.yaml:7:5`')
  expect(mistakes).toContain(`/${project}/blob/${wrong}/clusters/demo.yaml#L7`)
  expect(mistakes).not.toContain('/etc/issue')
  expect(await site.tip('nixcluster/main')).toBe(generated)

  const right = await pushPull(greeting, () =>
    site.fleet.edit(yaml, 'stateVersoin', 'stateVersion'),
  )
  expect((await planOf(7, right)).comments.join()).toContain('1 of 1 machine changes')
}, 60_000)

/** What the webhook of the merge was called. */
let merged: string

test('the merge is deployed, and its commit goes from pending to success, once', async () => {
  await git('merge', '--quiet', '--no-ff', '-m', 'Merge greeting', 'greeting')
  const mergedAs = await headOf('HEAD')
  github.pulls.splice(0, 1, { ...github.pulls[0]!, state: 'closed', mergedAs })
  const merge = await pushMain()
  merged = sent.at(-1)!
  const states = await statesOf(merge, 'nixcluster/deploy', 'success')
  expect(states).toEqual(['pending', 'success'])
  expect(github.statuses.at(-1)?.description).toMatch(/^Deployed \w{7} to 1 machine\.$/)
  expect(await generation()).toBe(2)
  const { stdout } = await site.lab.machines['web1']!.run('cat /etc/issue')
  expect(stdout).toContain('Hello from web1')
  const comments = await eventually(
    async () => github.comments.filter(({ issue }) => issue === 7).map(({ body }) => body),
    (bodies) => bodies.some((body) => body.includes('Deployed to 1 machine')),
  )
  expect(comments).toHaveLength(1)
  const [deployment, ...more] = github.deployments.filter(({ sha }) => sha === merge)
  expect(more).toEqual([])
  expect(deployment?.environment).toBe('demo.lab')
  await eventually(
    async () => deployment?.statuses.at(-1)?.state,
    (state) => state === 'success',
  )
  // Delivered again: what came of it is seen at the end.
  await pushMain()
}, 60_000)

test('one id tells the story in the log, from the webhook to the outcome on the machine', async () => {
  const lines = (await site.fleet.log())
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
  const story = lines.filter(({ trace }) => trace === merged)
  const told = story.map(({ text }) => text)
  const steps = [
    ...['a webhook', 'machine copying', 'machine activating'],
    ...['deploy-rs ended', 'machine confirmed'],
  ]
  expect(told.filter((text) => steps.includes(String(text)))).toEqual(steps)
  const attempts = story.filter(({ machine }) => machine !== undefined)
  for (const { machine, attempt } of attempts)
    expect([machine, attempt]).toEqual(['web1.demo.lab', 2])
  // Nothing else happened to the machine in this attempt.
  const all = lines.filter(({ machine, attempt }) => machine === 'web1.demo.lab' && attempt === 2)
  expect(all).toEqual(attempts)
}, 60_000)

test('the time from push to plan and from push to machine is counted', async () => {
  const text = await (await fetch(`${site.fleet.url}/metrics`)).text()
  const number = (name: string): number =>
    Number(new RegExp(`^nixcluster_${name}{repository="fleet"} (.*)$`, 'm').exec(text)?.[1])
  // The first deployment was asked for by a person, the merge came by a push.
  expect(number('push_to_machine_seconds_count')).toBe(1)
  expect(number('push_to_machine_seconds_sum')).toBeGreaterThan(0)
  expect(number('push_to_plan_seconds_count')).toBeGreaterThanOrEqual(5)
  expect(number('last_poll_timestamp_seconds')).toBeGreaterThan(1_700_000_000)
  expect(text).toContain('nixcluster_rollouts{repository="fleet",state="running"} 0')
})

const stranger = { number: 8, branch: 'main-of-a-stranger', from: 'stranger/fleet' }

test("a fork's pull request gets a static plan: nothing of it is evaluated", async () => {
  const before = (await site.fleet.log()).length
  const head = await pushPull(stranger, () =>
    site.fleet.edit('modules/motd.nix', 'Something', 'Anything'),
  )
  const { comments, states } = await planOf(8, head, 'pending')
  expect(comments).toHaveLength(1)
  expect(states).toEqual(['pending'])
  const [plan] = comments
  expect(plan).toContain('Static plan: nobody’s code was run')
  expect(plan).toContain('### 1 of 1 machine may change')
  expect(plan).toContain('nothing evaluated')
  expect((await site.fleet.log()).slice(before)).not.toContain('"evaluating"')
}, 60_000)

test('somebody who may push approves its head, and it is evaluated; a push drops that', async () => {
  const say = async (login: string, body: string): Promise<void> => {
    github.comment(8, login, body)
    expect(await send('issue_comment', issueComment(project, 'created', 8, body))).toBe(202)
  }
  const ours = (): string =>
    github.comments.find(({ issue, login }) => issue === 8 && login === 'fleet-bot')?.body ?? ''
  const approved = github.pulls.find(({ number }) => number === 8)!.head
  github.permissions.set('maintainer', 'write')
  await say('maintainer', '/nixcluster approve')
  await statesOf(approved, 'nixcluster/plan', 'success')
  expect(ours()).toContain('`maintainer` approved')
  expect(ours()).toContain('/etc/motd')

  const head = await pushPull(stranger, () =>
    site.fleet.edit('modules/motd.nix', 'Anything', 'Everything'),
  )
  await statesOf(head, 'nixcluster/plan', 'pending')
  expect(ours()).toContain('Static plan: nobody’s code was run')
  await say('somebody', '/nixcluster approve')
  await eventually(
    async () => github.comments.filter(({ issue }) => issue === 8).at(-1),
    (last) =>
      last?.reactions?.some(({ content }) => content === '-1') || last?.login === 'fleet-bot',
  )
  expect(await statesOf(head, 'nixcluster/plan', 'pending')).toEqual(['pending'])
}, 60_000)

test('a webhook with a wrong signature is refused, and nothing happens', async () => {
  const asked = github.requests.length
  const log = (await site.fleet.log()).length
  await site.fleet.edit(yaml, 'Hello from', 'Good day from')
  await git('commit', '--quiet', '--all', '-m', 'Good day')
  await git('push', '--quiet', 'origin', 'main')
  const payload = pushed(project, 'main', await headOf('HEAD~'), await headOf('HEAD'))
  expect(await send('push', payload, 'not the secret of this repository')).toBe(401)
  expect(await send('push', pushed('example/other', 'main', '0', '1'))).toBe(202)
  // Both were answered after all that they would ever do was done.
  expect(github.requests).toHaveLength(asked)
  const since = (await site.fleet.log()).slice(log)
  expect(since).toContain('refused a webhook')
  expect(since).toContain('ignored a webhook: unknown repository')
  expect(since).not.toContain('"evaluating"')
  expect(await generation()).toBe(2)
})

test.each([
  ['refuses every request', 502, 'Good day', 'Good evening', 3],
  ['does not answer', 'silence', 'Good evening', 'Good night', 4],
] as const)(
  'a GitHub that %s holds no deployment, and is told once it is back',
  async (_, how, from, to, wanted) => {
    github.failAll(how)
    await site.fleet.edit(yaml, from, to)
    await git('commit', '--quiet', '--all', '-m', to)
    const commit = await pushMain()
    await eventually(generation, (seen) => seen === wanted)
    expect(github.statuses.filter(({ sha }) => sha === commit)).toEqual([])

    github.failAll()
    await pushMain()
    expect((await statesOf(commit, 'nixcluster/deploy', 'success')).at(-1)).toBe('success')
  },
  60_000,
)

test('the revert of what is deployed brings it back, without evaluation', async () => {
  const before = (await site.fleet.log()).length
  await git('revert', '--no-edit', 'HEAD')
  const commit = await pushMain()
  expect((await statesOf(commit, 'nixcluster/deploy', 'success')).at(-1)).toBe('success')
  expect(await generation()).toBe(5)
  const { stdout } = await site.lab.machines['web1']!.run('cat /etc/issue')
  expect(stdout).toContain('Good evening from web1')
  expect((await site.fleet.log()).slice(before)).not.toContain('"evaluating"')
}, 60_000)

test('a plan that GitHub would not take is tried again', async () => {
  github.failAll(502)
  const head = await pushPull(stranger, () =>
    site.fleet.edit('modules/motd.nix', 'Everything', 'Whatever'),
  )
  await eventually(
    () => site.fleet.log(),
    (log) => log.includes('plan did not come through'),
  )
  github.failAll()
  const { comments } = await planOf(8, head, 'pending')
  expect(comments.filter((body) => body.startsWith('<!-- nixcluster:plan'))).toHaveLength(1)
}, 60_000)

test('a controller that starts again says no status again', async () => {
  const commit = await headOf('main')
  const plan = await headOf(stranger.branch)
  const statuses = [...github.statuses]
  const from = github.requests.length
  await site.fleet.end()
  await site.fleet.serve()
  await eventually(
    async () => github.requests.slice(from).filter((request) => request.endsWith('/status')),
    (reads) => [commit, plan].every((sha) => reads.some((read) => read.includes(sha))),
  )
  // Ends when everything that was begun has ended.
  await site.fleet.end()
  expect(github.statuses).toEqual(statuses)
  // Whatever came to an end stays there: nothing was said after it.
  const lastOf = ({ sha, context }: Status): Status | undefined =>
    statuses.findLast((status) => status.sha === sha && status.context === context)
  const ends = statuses.filter(({ state }) => state !== 'pending')
  expect(ends.filter((end) => lastOf(end) !== end)).toEqual([])
}, 60_000)
