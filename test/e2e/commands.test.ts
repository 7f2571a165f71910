import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
import { deliver, issueComment, pullRequest, push as pushed, sign } from '../github/deliveries.ts'
import { startGithub, type GithubStandIn } from '../github/server.ts'
import { eventually, startSite, type Site } from './site.ts'

// What people tell a real controller with a real machine, in comments behind GitHub's stand-in and on the
// command line. The tests are one story and build on each other.

const project = 'example/fleet'
const yaml = 'clusters/demo.yaml'
let github: GithubStandIn
let site: Site

beforeAll(async () => {
  const token = 'ghp_test'
  github = await startGithub({ project, token, login: 'fleet-bot' })
  github.permissions.set('ada', 'write')
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
const nixcluster = (...words: string[]) => site.fleet.nixcluster(...words)

async function tell(event: string, payload: unknown): Promise<void> {
  const delivery = sign(event, payload, site.fleet.secret)
  expect((await deliver(site.fleet.url, delivery)).status).toBe(202)
}

async function pushMain(): Promise<string> {
  const [before, after] = [await headOf('HEAD~'), await headOf('HEAD')]
  await git('push', '--quiet', 'origin', 'HEAD:main')
  await tell('push', pushed(project, 'main', before, after))
  return after
}

/** Somebody comments on pull request 8, and GitHub tells us; gives our mark and our reply. */
async function say(login: string, body: string): Promise<{ mark: string; reply: string }> {
  const { id } = github.comment(8, login, body)
  await tell('issue_comment', issueComment(project, 'created', 8, body))
  const mark = await eventually(
    async () => github.comments.find((comment) => comment.id === id)?.reactions?.[0]?.content,
    (seen) => seen !== undefined,
  )
  const reply = github.comments.find((one) => one.body.includes(`nixcluster:answer ${id} `))
  return { mark: mark!, reply: reply?.body ?? '' }
}

const planOn8 = async (): Promise<string> =>
  github.comments.find(({ issue, body }) => issue === 8 && body.includes('nixcluster:plan'))
    ?.body ?? ''

const deployStatus = (commit: string) => async (): Promise<string> =>
  github.statuses.findLast(({ sha, context }) => sha === commit && context === 'nixcluster/deploy')
    ?.description ?? ''

test("a stranger's code is evaluated once somebody who may push says so", async () => {
  await git('add', '--all')
  await git('commit', '--quiet', '-m', 'Settings')
  await git('commit', '--quiet', '--allow-empty', '-m', 'A fleet of one')
  const first = await pushMain()
  await eventually(deployStatus(first), (seen) => seen.includes('nixcluster deploy'))
  expect((await nixcluster('deploy')).output).toMatch(/Deployed \w{7} to 1 machine/)

  await git('switch', '--quiet', '--create', 'more')
  await site.fleet.edit(yaml, 'Welcome to', 'Hello from')
  await git('commit', '--quiet', '--all', '-m', 'Greet otherwise')
  const head = await headOf('HEAD')
  await git('push', '--quiet', 'origin', 'HEAD:refs/pull/8/head')
  await git('switch', '--quiet', 'main')
  const from = 'eve/fleet'
  github.pulls.push({ number: 8, branch: 'more', head, base: 'main', from, author: 'eve' })
  await tell('pull_request', pullRequest(project, 'opened', 8))
  await eventually(planOn8, (seen) => seen.includes('Static plan'))

  const refused = await say('eve', '/nixcluster approve')
  expect(refused.mark).toBe('-1')
  expect(refused.reply).toContain('takes permission to push')
  expect(await say('ada', '/nixcluster approve')).toEqual({ mark: '+1', reply: '' })
  const plan = await eventually(planOn8, (seen) => seen.includes('/etc/issue'))
  expect(plan).not.toContain('Static plan')
  // As a webhook that comes twice.
  const before = github.comments.length
  await tell('issue_comment', issueComment(project, 'created', 8, '/nixcluster approve'))
  expect(github.comments).toHaveLength(before)
}, 120_000)

test('a paused machine gets no merge, and both sides say so', async () => {
  const { mark, reply } = await say('ada', '/nixcluster pause `web*` until 2h')
  expect(mark).toBe('+1')
  expect(reply).toMatch(/web1 gets nothing new until `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`/)
  await git('merge', '--quiet', '--no-ff', '-m', 'Merge more', 'more')
  const merge = await headOf('HEAD')
  github.pulls[0] = { ...github.pulls[0]!, mergedAs: merge }
  await pushMain()
  await eventually(deployStatus(merge), (seen) => seen.includes('web1 is paused'))
  expect(await generation()).toBe(1)
  const { output } = await nixcluster('status')
  expect(output).toMatch(/Paused until \S+ by ada: web\* \(1 machine\)/)
  expect(output).toMatch(/web1 +paused/)
}, 60_000)

test('what is said on the command line is answered there', async () => {
  expect(await nixcluster('pause', 'web9')).toMatchObject({
    ...{ exitCode: 1, output: expect.stringContaining("is called 'web9' here") },
  })
  expect(await nixcluster('retry', 'web1')).toEqual({
    ...{ exitCode: 1, output: 'nixcluster: nothing holds web1' },
  })
}, 60_000)

test('the merged pull request can still be commented: the pause ends, and the merge is deployed', async () => {
  expect((await say('ada', '/nixcluster resume')).reply).toContain('is not paused any more')
  await eventually(generation, (seen) => seen === 2)
  const { stdout } = await site.lab.machines['web1']!.run('cat /etc/issue')
  expect(stdout).toContain('Hello from web1')
}, 60_000)
