import { expect, test } from 'vitest'
import type { Ledger } from '../../src/model/ledger.ts'
import type { MachineEvent } from '../../src/model/remote.ts'
import { eventLines, rolloutEndLines, rolloutStartLines } from '../../src/report/rollout-text.ts'
import { statusText } from '../../src/report/status-text.ts'
import type { Standing } from '../../src/model/standing.ts'

const source = '3f2c1a9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
const system = (start: string): string => `/nix/store/${start.padEnd(32, '0')}-nixos-system-25.11`

const event = (machine: string, kind: MachineEvent['event'], rest: Partial<MachineEvent> = {}) =>
  eventLines(
    { machine: `${machine}.example.com`, event: kind, n: 1, seq: 7, durationMs: 4000, ...rest },
    { name: machine, runs: system('a3f') },
  )

const machine = (name: string, given: string, seq: number) => ({
  [name]: {
    ...{ name, cluster: 'example.com', attempt: 1, held: {}, history: [] },
    given: { path: '', system: system(given), seq, at: '2025-01-02T03:04:05Z' },
  },
})

const ledger: Ledger = {
  id: 'l',
  adopted: { by: 'dev', seq: 1 },
  wanted: {
    seq: 7,
    source,
    generated: 'g',
    systems: Object.fromEntries(
      ['vm0', 'vm1', 'vm2'].map((label) => [
        `${label}.example.com`,
        { path: 'p', drv: 'd', system: system('9kd'), fingerprint: 'f' },
      ]),
    ),
  },
  machines: {
    ...machine('vm0.example.com', 'a3f', 6),
    ...machine('vm1.example.com', 'a3f', 6),
    ...machine('vm2.example.com', '9kd', 7),
  },
  rollouts: [],
}

const standings = (...states: (Standing | Standing['state'])[]) =>
  Object.fromEntries(
    states.map((state, n) => [`vm${n}.example.com`, typeof state === 'string' ? { state } : state]),
  )

test('a rollout says what goes to whom', () => {
  expect(rolloutStartLines(source, ['vm0.example.com', 'vm1.example.com'], 12)).toEqual([
    'deploying 3f2c1a9 to 2 of 12 machines: vm0 and vm1',
  ])
  expect(rolloutStartLines(source, [], 12)).toEqual([])
})

test('each machine has its line when it is decided, and none before', () => {
  expect(event('vm2', 'copying')).toEqual([])
  expect(event('vm2', 'activating')).toEqual([])
  expect(event('vm2', 'confirmed')).toEqual(['  ✓ vm2      4.0 s'])
  expect(event('vm1', 'lost')).toEqual([
    '  … vm1      does not answer SSH; gets the newest state when it is back',
  ])
  expect(event('vm1', 'lost', { text: 'its host key is not the known one' })).toEqual([
    '  … vm1      its host key is not the known one',
  ])
})

test('a failed activation says what runs now and what the machine said of it', () => {
  const lines = ['vault.service: exit 1: "bind: address already in use"\x1b[0m']
  expect(event('vm0', 'rolled-back', { lines })).toEqual([
    '  ✗ vm0      activation failed, rolled back by deploy-rs; runs what it',
    '             ran before (a3f…)',
    '      vault.service: exit 1: "bind: address already in use"',
  ])
  expect(event('vm0', 'unhealthy', { text: 'failed units: vault.service' })).toEqual([
    '  ✗ vm0      runs what is wanted (a3f…), but failed units: vault.service',
  ])
})

test('the end of a rollout', () => {
  const rollout = { seq: 7, source, state: 'done' as const }
  const end = { ledger, rollout, standings: standings('current', 'current', 'current') }
  expect(rolloutEndLines({ ...end, tookMs: 4100 })).toEqual([
    'Deployed 3f2c1a9 to 1 machine in 4.1 s.',
  ])
  expect(rolloutEndLines({ ...end, standings: standings('current', 'lost', 'current') })).toEqual([
    'Deployed 3f2c1a9 to 1 machine.',
    'vm1 does not answer and gets the newest state when back.',
  ])
  const nobody = { ...end, rollout: { ...rollout, seq: 8 } }
  expect(rolloutEndLines({ ...nobody, tookMs: 4100 })).toEqual(['3f2c1a9 changes no machine.'])
  expect(rolloutEndLines({ ...nobody, standings: standings('held', 'lost') })).toEqual([
    'Not deployed to vm0: see nixcluster status.',
    'vm1 does not answer and gets the newest state when back.',
  ])
  expect(rolloutEndLines({ ...end, rollout: { ...rollout, state: 'superseded' } })).toEqual([
    'Superseded by a newer commit.',
  ])
})

test('a stopped rollout says who has what, and how to go back', () => {
  expect(
    rolloutEndLines({
      ledger,
      rollout: { seq: 7, source, state: 'stopped' },
      standings: standings('held', 'pending', 'current'),
      isMerge: true,
    }),
  ).toEqual(['Stopped. vm2 done, vm1 not begun.', 'Revert with: git revert -m1 3f2c1a9'])
})

test('status shows where each machine stands', () => {
  const states = standings(
    'deploying',
    { state: 'lost', note: 'does not answer, since 2025-01-02T14:02:00Z' },
    'current',
  )
  expect(statusText({ branch: 'main', ledger, standings: states })).toBe(
    `3 machines   1 deploying   1 offline   1 current   main 3f2c1a9

MACHINE   STATE       RUNS          NOTE
vm0       deploying   a3f… → 9kd…
vm1       offline     a3f… → 9kd…   does not answer, since 2025-01-02T14:02:00Z
vm2       current     9kd…
`,
  )
})

test('status says that the tip is not what runs', () => {
  const mistaken = { tip: 'abcdef012', mistakes: 2 }
  expect(statusText({ branch: 'main', ledger, standings: {}, mistaken })).toContain(
    'main is at abcdef0, which has 2 mistakes: nothing of it is deployed',
  )
})

test('status folds those that stand well when they are many, and says what holds up all', () => {
  const many = standings('held', ...Array<'current'>(20).fill('current'))
  const { adopted: _, ...rest } = ledger
  const text = statusText({
    branch: 'main',
    ledger: { ...rest, rewound: { tip: 'abcdef012' } },
    standings: many,
  })
  expect(text).toBe(`21 machines   1 held   20 current   main 3f2c1a9
Nothing is deployed before somebody says: nixcluster deploy
The branch was rewound to abcdef0; waits for: nixcluster deploy

MACHINE      STATE     RUNS          NOTE
vm0          held      a3f… → 9kd…
the others   current                 (20)
`)
})
