import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
import {
  deliver as deliverToGitea,
  recordedPayload,
  sign as signAsGitea,
} from '../gitea/deliveries.ts'
import { deliver, pullRequest, sign } from '../github/deliveries.ts'
import { findSecrets, formsOf } from './find-secret.ts'
import { projects, secrets, startSecretsSite, until, type SecretsSite } from './secrets-site.ts'

// A whole run with a secret of every kind; afterwards everything that was written is searched for them.

let site: SecretsSite

beforeAll(async () => {
  site = await startSecretsSite()
}, 60_000)
afterAll(() => site?.stop(), 60_000)
beforeEach(() => onTestFailed(() => console.error(JSON.stringify(site.logs).slice(-6000))))

/** A pull request at each of the forges, told by webhook, with what its commit is said to be. */
async function proposeEverywhere(
  number: number,
  state: 'pending' | 'failure',
  text?: string,
): Promise<void> {
  const pull = { number, branch: `change-${number}`, base: 'main' }
  const heads: string[] = []
  const propose = (name: 'token' | 'app' | 'gitea', pulls: { push(pull: object): unknown }) => {
    const head = site.propose(name, `refs/pull/${number}/head`, text)
    site.repositories[name].writer.ref(`refs/heads/${pull.branch}`, head)
    pulls.push({ ...pull, head })
    heads.push(head)
  }
  propose('token', site.github.pulls)
  propose('app', site.githubOfApp.pulls)
  propose('gitea', site.gitea.pulls)
  const tell = (project: string, secret: string) => {
    const delivery = sign('pull_request', pullRequest(project, 'opened', number), secret)
    return again(() => deliver(site.url, delivery))
  }
  const payload = recordedPayload('pull_request', projects.gitea, { number })
  const answers = await Promise.all([
    tell(projects.token, secrets.tokenWebhook),
    tell(projects.app, secrets.appWebhook),
    again(() =>
      deliverToGitea(site.url, signAsGitea('pull_request', payload, secrets.giteaWebhook)),
    ),
    // Signed by somebody else's secret, and by nobody's.
    tell(projects.token, secrets.appWebhook),
    tell(projects.app, secrets.environment),
  ])
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 401, 401])
  const statuses = () => [site.github, site.githubOfApp, site.gitea].flatMap((one) => one.statuses)
  await until(`each forge was told: ${state}`, async () =>
    heads.every((head) => statuses().some((one) => one.sha === head && one.state === state)),
  )
}

/** Sends until the queue is there: on a busy machine it may be away for a moment. */
async function again(send: () => Promise<Response>): Promise<Response> {
  for (let tries = 0; ; tries++) {
    const answer = await send()
    if (answer.status !== 503 || tries > 20) return answer
  }
}

test('webhooks, hooks, commands, plans and failures of all kinds come to an end', async () => {
  await site.serve('json')
  await proposeEverywhere(7, 'pending')
  await proposeEverywhere(8, 'failure', 'nonsense: [')
  const { main } = site.repositories.plain
  const head = site.propose('plain', 'refs/heads/change', 'nonsense: [')
  await site.hook(head, 'refs/heads/change', '60s')
  await site.hook(main, 'refs/heads/main', '500ms')
  // Nix fails at whatever it is asked.
  await until('a plan failed', async () => site.logs['json']!.includes('plan did not come through'))
  await until('the machine was asked for', async () => site.programs.calls('ssh').length > 0)
  await site.command('pause', 'vm0')
  await site.command('retry', 'nobody')
  await site.command('status')
  await site.command('resume', 'vm0')
  await site.end()
  await site.serve('pretty')
  // All that is open is planned again.
  await until('a plan failed', async () =>
    site.logs['pretty']!.includes('plan did not come through'),
  )
}, 180_000)

test('each credential was used, each program was run, and everything has been written to', async () => {
  expect([...site.opened].toSorted()).toEqual(['app.git', 'gitea.git', 'token.git'])
  const { notes } = (await (await fetch(`${site.url}/readyz`)).json()) as { notes: string[] }
  expect(notes).toEqual([expect.stringMatching(/^repository 'moved': .*redirection/)])
  for (const log of [site.logs['json'], site.logs['pretty']])
    for (const place of ['127.0.0.1:', 'cache.example.com'])
      expect(log).toContain(`me:[secret]@${place}`)
  expect(site.logs['json']).toContain('"level":"debug"')
  expect(site.logs['pretty']).toMatch(/ DEBUG: .* \{"trace":"/)
  const said = site.said.join('\n')
  for (const words of [
    'schema/syntax',
    'vm0 gets nothing new',
    'Paused since',
    'vm0 is not paused any more',
  ])
    expect(said).toContain(words)
  for (const [place, text] of Object.entries(await site.written()))
    if (!/nix-store|deploy$/.test(place)) expect([place, text.length > 20]).toEqual([place, true])
  const branches = site.repositories.plain.writer.git(['for-each-ref', '--format=%(refname)'])
  expect(branches).toContain('refs/heads/nixcluster/main')
  expect(branches).toContain('refs/heads/nixcluster/state')
})

/** Where which secrets stand; the secret file is in the repositories that it was committed to. */
async function found(): Promise<readonly string[]> {
  const places = Object.entries(await site.written())
  return places.flatMap(([place, text]) =>
    findSecrets(text, site.all)
      .filter((name) => !(name === 'file' && place.startsWith('repository ')))
      .map((name) => `${place}: ${name}`),
  )
}

test('no secret is in anything of it, in no form', async () => {
  expect(await found()).toEqual([])
  // git was given what the remotes ask for, by its environment and for that remote alone.
  const withSecrets = site.programs
    .calls('git')
    .filter((call) => findSecrets(call, site.all).length > 0)
  expect(withSecrets.length).toBeGreaterThan(3)
  for (const call of withSecrets) expect(findSecrets(call.split('\n')[0]!, site.all)).toEqual([])
})

test('the search finds each of them wherever it is planted', async () => {
  const { all, redis, repositories, folder } = site
  mkdirSync(join(folder, 'state/planted'))
  writeFileSync(join(folder, 'state/planted/a'), JSON.stringify({ x: `<${all['plainHook']}>` }))
  repositories.plain.writer.blob(`a: ${all['sshKey']}`)
  await redis.set('planted', Buffer.from(`x-access-token:${all['token']}`).toString('base64'))
  site.logs['json'] += `https://example.com/?x=${encodeURIComponent(all['environment']!)}`
  site.said.push(JSON.stringify(JSON.stringify(all['redisPassword'])))
  expect((await found()).toSorted()).toEqual([
    'Redis, all commands: token',
    'Redis, all keys: token',
    'log, json: environment',
    'repository plain: sshKey',
    'the state folder: plainHook',
    'what the command line and the hook said: redisPassword',
  ])
})

test.each(Object.entries(secrets))(
  '%s is found in each form, and where it is not, is not',
  (name, secret) => {
    const forms = [
      secret,
      JSON.stringify({ [secret]: 1 }),
      JSON.stringify(JSON.stringify([secret])),
      encodeURIComponent(`a ${secret} b`),
      String(new URLSearchParams({ x: secret })),
      ...['', 'a', 'ab', 'abc'].flatMap((before) => {
        const bytes = Buffer.from(`${before}${secret}:x`)
        return [bytes.toString('base64'), bytes.toString('base64url')]
      }),
    ]
    for (const form of forms)
      expect([form, findSecrets(form, { [name]: secret })]).toEqual([form, [name]])
    for (const form of formsOf(secret)) expect(form.length).toBeGreaterThan(12)
    expect(findSecrets(forms.join(), { other: `another one than ${secret.slice(3)}!` })).toEqual([])
  },
)
