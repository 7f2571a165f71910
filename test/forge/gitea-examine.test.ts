import { expect, onTestFinished, test } from 'vitest'
import { createGitea } from '../../src/forge/gitea.ts'
import type { Examination } from '../../src/model/finding.ts'
import { startGitea, type GiteaStandIn } from '../gitea/server.ts'

const project = 'example/fleet'

/** What is found once the stand-in is as the test wants it; `name: state found → advice`. */
async function find(
  change: (gitea: GiteaStandIn) => void = () => undefined,
  over: Partial<Examination> = {},
  token = '0123456789abcdef',
): Promise<readonly string[]> {
  const gitea = await startGitea({ project, token: '0123456789abcdef', login: 'fleet-bot' })
  onTestFinished(async () => {
    await gitea.close()
    expect(gitea.problems).toEqual([])
  })
  change(gitea)
  const forge = createGitea({ project, branch: 'main', token, apiUrl: gitea.apiUrl })
  const findings = await forge.examine({
    ...{ branches: ['nixcluster/state', 'nixcluster/main'], pushes: true, now: new Date() },
    ...over,
  })
  expect(gitea.requests.filter((one) => !one.startsWith('GET'))).toEqual([])
  return findings.map(
    ({ name, state, found, advice }) =>
      `${name}: ${state} ${found}${advice === undefined ? '' : ` → ${advice}`}`,
  )
}

const notFine = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !/^[^:]+: fine /.test(line))

/** The rule for our branches with other fields. */
const rule =
  (fields: Readonly<Record<string, unknown>>) =>
  ({ protections }: GiteaStandIn): void =>
    void (protections[0] = { ...protections[0], ...fields })

const hook =
  (fields: Readonly<Record<string, unknown>>) =>
  ({ hooks }: GiteaStandIn): void =>
    void (hooks[0] = { ...hooks[0], ...fields })

test('where all is set up as the documentation says, every finding is fine', async () => {
  expect(await find()).toEqual([
    'credential: fine a token of fleet-bot',
    'clock: fine agrees with the forge’s',
    'permissions: fine the token’s owner administers the repository',
    "webhook: fine https://nixcluster.example.com/webhooks/gitea; whether it arrives is on its page, Gitea's API does not tell",
    'events: fine all that are needed',
    'own branches: fine only we may push nixcluster/state and nixcluster/main',
  ])
})

type Row = readonly [what: string, change: (gitea: GiteaStandIn) => void, said: string]

const rows: readonly Row[] = [
  [
    'an owner of the token who may only read',
    ({ permissions }) => void permissions.set('fleet-bot', 'read'),
    'permissions: wrong the token’s owner may not push → make the token’s owner an administrator',
  ],
  [
    'an owner of the token who is no administrator',
    ({ permissions }) => void permissions.set('fleet-bot', 'write'),
    'permissions: warning the token’s owner is no administrator: nobody tells it who may push',
  ],
  [
    'webhooks that are not shown',
    ({ permissions }) => void permissions.set('fleet-bot', 'write'),
    'webhook: warning could not be seen → make the token’s owner an administrator',
  ],
  [
    'protected branches that are not shown',
    ({ permissions }) => void permissions.set('fleet-bot', 'write'),
    'own branches: warning who may push nixcluster/state and nixcluster/main could not be seen',
  ],
  [
    'a repository without our webhook',
    ({ hooks }) => void hooks.splice(0),
    'webhook: wrong none leads to /webhooks/gitea: only the poll finds pushes',
  ],
  [
    'a webhook that is switched off',
    hook({ active: false }),
    'webhook: wrong https://nixcluster.example.com/webhooks/gitea is off',
  ],
  [
    'a webhook that sends forms',
    hook({ config: { content_type: 'form', url: 'https://x.example.com/webhooks/gitea' } }),
    'webhook: wrong https://x.example.com/webhooks/gitea is sent as a form',
  ],
  [
    'a webhook without the event of comments',
    hook({ events: ['push', 'pull_request', 'pull_request_sync'] }),
    'events: warning not sent: pull_request_comment; the poll finds them later',
  ],
  [
    'branches that everybody may push',
    ({ protections }) => void protections.splice(0),
    'own branches: warning whoever may push anything may push nixcluster/state and nixcluster/main → Settings, Branches',
  ],
  [
    'a rule whose star does not reach below a slash',
    rule({ rule_name: '*' }),
    'own branches: warning whoever may push anything may push nixcluster/state and nixcluster/main',
  ],
  [
    'a rule that lets nobody push',
    rule({ enable_push: false }),
    'own branches: wrong a rule keeps us from pushing nixcluster/state and nixcluster/main, too',
  ],
  [
    'a rule that lets somebody else push, and not us',
    rule({ push_whitelist_usernames: ['alice'] }),
    'own branches: wrong a rule keeps us from pushing',
  ],
  [
    'a rule that lets others push as well',
    rule({ push_whitelist_usernames: ['fleet-bot', 'alice'], push_whitelist_deploy_keys: true }),
    'own branches: warning not only we may push them: alice, deploy keys',
  ],
  [
    'a rule without an allowlist',
    rule({ enable_push_whitelist: false }),
    'own branches: warning whoever may push anything may push',
  ],
]

test.each(rows)('%s: told, with what to do', async (_, change, said) => {
  const lines = notFine(await find(change))
  expect(lines.join('\n')).toContain(said)
  expect(lines.every((line) => line.includes(' → '))).toBe(true)
})

test('a token that Gitea does not know is all that is told', async () => {
  expect(await find(undefined, {}, 'another')).toEqual([
    'credential: wrong asking whose the token is: invalid username, password or token → make a new token with write:repository, write:issue and read:user',
  ])
})

test('an address where no Gitea is, is told as such', async () => {
  const forge = createGitea({ project, branch: 'main', token: 'x', apiUrl: 'http://127.0.0.1:1' })
  const [finding, ...others] = await forge.examine({
    ...{ branches: [], pushes: true, now: new Date() },
  })
  expect(finding).toMatchObject({ name: 'forge', state: 'wrong' })
  expect(finding?.advice).toContain('check apiUrl (http://127.0.0.1:1)')
  expect(others).toEqual([])
})

test('who only plans may not push, and needs not to', async () => {
  const others = rule({ push_whitelist_usernames: ['fleet-bot-of-deploy'] })
  expect(notFine(await find(others, { pushes: false }))).toEqual([])
  const mayRead = (gitea: GiteaStandIn): void => void gitea.permissions.set('fleet-bot', 'read')
  const lines = notFine(await find(mayRead, { pushes: false }))
  expect(lines.some((line) => line.includes(': wrong '))).toBe(false)
})
