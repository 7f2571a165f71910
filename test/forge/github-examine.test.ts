import { describe, expect, test } from 'vitest'
import type { Examination } from '../../src/model/finding.ts'
import type { GithubStandIn } from '../github/server.ts'
import { openGithub } from './github-site.ts'

const asked: Examination = {
  branches: ['nixcluster/state', 'nixcluster/main'],
  pushes: true,
  now: new Date(),
}

/** What is found once the stand-in is as the test wants it; `name: state found → advice`. */
async function find(
  as: 'token' | 'app',
  change: (github: GithubStandIn) => void = () => undefined,
  over: Partial<Examination> = {},
): Promise<readonly string[]> {
  const { github, forge } = await openGithub({ as })
  change(github)
  const findings = await forge.examine({ ...asked, now: new Date(), ...over })
  expect(github.requests.filter((one) => !/^GET|access_tokens$/.test(one))).toEqual([])
  return findings.map(
    ({ name, state, found, advice }) =>
      `${name}: ${state} ${found}${advice === undefined ? '' : ` → ${advice}`}`,
  )
}

const notFine = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !/^[^:]+: fine /.test(line))

describe('where all is set up as the documentation says', () => {
  test('with a token of a person, every finding is fine', async () => {
    expect(await find('token')).toEqual([
      'credential: fine a token of fleet-bot',
      'clock: fine agrees with the forge’s',
      'permissions: fine it reads what it has to; what it may write shows when it writes',
      'webhook: fine https://nixcluster.example.com/webhooks/github',
      'events: fine all that are needed',
      'last delivery: fine arrived (202)',
      'rate limit: fine 4990 of 5000 requests are left',
      'own branches: fine only we may push nixcluster/state and nixcluster/main',
    ])
  })

  test('with an App, its permissions are known exactly', async () => {
    const lines = await find('app', (github) => github.deliver(202))
    expect(lines).toContain('credential: fine the App fleet-app')
    expect(lines).toContain('permissions: fine all that is needed')
    expect(lines).toContain('last delivery: fine arrived (202)')
    expect(notFine(lines)).toEqual([])
  })
})

type Row = readonly [
  what: string,
  as: 'token' | 'app',
  change: (github: GithubStandIn) => void,
  said: string,
]

const rows: readonly Row[] = [
  [
    'a token that was taken back',
    'token',
    (github) => github.failAll(401),
    'credential: wrong asking who we are: Server Error',
  ],
  [
    'a repository that the token was not made for',
    'token',
    (github) => github.failWhen((one) => one === 'GET /repos/example/fleet', 404),
    'repository: wrong reading the repository example/fleet',
  ],
  [
    'an owner of the token who may not push',
    'token',
    ({ standing }) => void (standing.mayPush = false),
    'permissions: wrong the token’s owner may not push → give them write access to example/fleet',
  ],
  [
    'a classic token without repo',
    'token',
    ({ standing }) => void (standing.scopes = 'read:org'),
    'permissions: wrong a classic token without the scope repo (read:org)',
  ],
  [
    'a fine-grained token without pull requests',
    'token',
    (github) => github.failWhen((one) => one === 'GET /repos/example/fleet/pulls', 403),
    'permissions: wrong the token may not read pull requests',
  ],
  [
    'an App that may not write statuses',
    'app',
    ({ standing }) => void (standing.granted['statuses'] = 'read'),
    'permissions: wrong the App lacks statuses: write',
  ],
  [
    'an App without checks',
    'app',
    ({ standing }) => void delete standing.granted['checks'],
    'permissions: warning the App could have checks: write',
  ],
  [
    'an App that is suspended',
    'app',
    ({ standing }) => void (standing.suspendedAt = '2026-01-01T00:00:00Z'),
    'permissions: wrong the installation is suspended since 2026-01-01T00:00:00Z',
  ],
  [
    'an App without the event of comments',
    'app',
    ({ standing }) => void (standing.events = ['push', 'pull_request', 'merge_group']),
    'events: warning not sent: issue_comment; the poll finds them later',
  ],
  [
    'a repository without our webhook',
    'token',
    ({ standing }) => void (standing.hook = undefined),
    'webhook: wrong none leads to /webhooks/github: only the poll finds pushes',
  ],
  [
    'a webhook that is switched off',
    'token',
    ({ standing }) => void (standing.hook!.active = false),
    'webhook: wrong https://nixcluster.example.com/webhooks/github is off',
  ],
  [
    'a webhook without a secret',
    'token',
    ({ standing }) => void (standing.hook!.secret = undefined),
    'webhook: wrong https://nixcluster.example.com/webhooks/github has no secret',
  ],
  [
    'a webhook that sends forms',
    'token',
    ({ standing }) => void (standing.hook!.contentType = 'form'),
    'webhook: wrong https://nixcluster.example.com/webhooks/github is sent as form → choose application/json',
  ],
  [
    'a webhook of the App that leads elsewhere',
    'app',
    ({ standing }) => void (standing.hook!.url = 'https://ci.example.com/hook'),
    'webhook: wrong it leads to https://ci.example.com/hook',
  ],
  [
    'a webhook with another secret than ours',
    'token',
    ({ standing }) => void Object.assign(standing.hook!, { code: 401, message: 'Unauthorized' }),
    'last delivery: wrong did not arrive: 401 Unauthorized → the webhook’s secret is another one than the text of secretFile',
  ],
  [
    'deliveries of the App that do not arrive',
    'app',
    (github) => void github.deliver(502),
    'last delivery: wrong did not arrive: 502',
  ],
  [
    'a token that may not see webhooks',
    'token',
    (github) => void (github.mayReadHooks = false),
    'webhook: warning could not be seen: the token may not read webhooks',
  ],
  [
    'requests that are nearly used up',
    'token',
    ({ standing }) => void (standing.remaining = 12),
    'rate limit: warning 12 of 5000 requests are left',
  ],
  [
    'branches that everybody may push',
    'token',
    ({ standing }) => void (standing.rulesets = []),
    'own branches: warning whoever may push anything may push nixcluster/state and nixcluster/main → Settings, Rules, Rulesets: a branch ruleset for nixcluster/**',
  ],
  [
    'a ruleset that is for one of the branches only',
    'token',
    ({ standing }) =>
      void (standing.rulesets = [{ ...standing.rulesets[0]!, branches: ['nixcluster/state'] }]),
    'own branches: warning whoever may push anything may push nixcluster/main',
  ],
  [
    'a ruleset that we do not pass by',
    'token',
    ({ standing }) =>
      void (standing.rulesets = [{ ...standing.rulesets[0]!, bypass: 'never' as const }]),
    'own branches: wrong a rule keeps us from pushing nixcluster/state and nixcluster/main, too',
  ],
  [
    'a ruleset that others pass by as well',
    'token',
    ({ standing }) => void (standing.rulesets = [{ ...standing.rulesets[0]!, actors: 3 }]),
    'own branches: warning not only we may push them: the bypass list has 3 entries',
  ],
  [
    'a protected branch of whose protection nothing is told',
    'token',
    ({ standing }) => {
      standing.rulesets = []
      standing.protections = { 'nixcluster/state': 'hidden', 'nixcluster/main': 'hidden' }
    },
    'own branches: warning who may push nixcluster/state and nixcluster/main could not be seen → look at Settings, Rules',
  ],
  [
    'a protected branch that somebody else may push',
    'token',
    ({ standing }) => {
      standing.rulesets = []
      const both = ['fleet-bot', 'alice']
      standing.protections = { 'nixcluster/state': both, 'nixcluster/main': both }
    },
    'own branches: warning not only we may push them: alice',
  ],
]

test.each(rows)('%s is told, with what to do', async (_, as, change, said) => {
  const lines = await find(as, change)
  expect(notFine(lines).join('\n')).toContain(said)
  expect(notFine(lines).every((line) => line.includes(' → '))).toBe(true)
})

test('a protected branch that we alone may push is ours', async () => {
  const lines = await find('token', ({ standing }) => {
    standing.rulesets = []
    standing.protections = {
      'nixcluster/state': ['fleet-bot'],
      'nixcluster/main': ['fleet-bot'],
    }
  })
  expect(notFine(lines)).toEqual([])
})

test('a clock that goes wrong is told before signatures are refused for it', async () => {
  const late = (minutes: number) => ({ now: new Date(Date.now() - minutes * 60_000) })
  expect(notFine(await find('token', undefined, late(2))).join()).toContain(
    'clock: warning ours is',
  )
  expect(notFine(await find('token', undefined, late(6))).join()).toContain('clock: wrong ours is')
})

test('who only plans needs to read the contents, and no deployments', async () => {
  const change = ({ standing }: GithubStandIn): void => {
    standing.granted['contents'] = 'read'
    delete standing.granted['deployments']
  }
  expect(notFine(await find('app', change, { pushes: false }))).toEqual([])
  expect(notFine(await find('app', change)).join()).toContain('the App lacks contents: write')
})

test('who only plans may be kept from pushing, and looks at no webhook', async () => {
  const lines = await find(
    'token',
    ({ standing }) => {
      standing.mayPush = false
      standing.rulesets = [{ ...standing.rulesets[0]!, bypass: 'never' }]
    },
    { pushes: false },
  )
  expect(notFine(lines)).toEqual([])
  expect(lines).toContain(
    'own branches: fine not everybody may push nixcluster/state and nixcluster/main',
  )
  expect(lines.some((line) => line.startsWith('webhook'))).toBe(false)
})

test('one thing that does not answer is a finding of its own', async () => {
  const lines = await find('token', (github) =>
    github.failWhen((one) => one === 'GET /rate_limit', 500),
  )
  expect(notFine(lines)).toEqual([
    'rate limit: warning could not be seen: asking how many requests are left: Server Error → ask again later',
  ])
})
