import { expect, test } from 'vitest'
import { heldBack } from '../../src/report/held-back.ts'
import { rolloutEndLines } from '../../src/report/rollout-text.ts'
import { statusText } from '../../src/report/status-text.ts'
import { at, ledgerOf, record } from '../rollout/ledgers.ts'

const ledger = ledgerOf([record('vm0'), record('vm1')])
const removal = { source: '3f2c1a9aaaaa', count: 7 }

test('status tells of pauses, and keeps one that means no machine any more', () => {
  const until = '2026-01-02T18:00:00Z'
  const pauses = [
    { selector: 'vm*', by: 'ada', since: at, until },
    { selector: 'web9', by: 'bob', since: at },
  ]
  const paused = { state: 'paused', note: `paused until ${until} by ada` } as const
  const text = statusText({
    ...{ branch: 'main', ledger: { ...ledger, pauses } },
    standings: { vm0: paused, vm1: { ...paused, state: 'current' } },
    meant: { 'vm*': ['vm0', 'vm1'], web9: [] },
  })
  expect(text).toBe(`2 machines   1 paused   1 current   main c2
Paused until 2026-01-02T18:00:00Z by ada: vm* (2 machines)
Paused since 2026-01-02T03:04:05Z by bob: web9 (means no machine now)

MACHINE   STATE     RUNS      NOTE
vm0       paused    A… → B…   paused until 2026-01-02T18:00:00Z by ada
vm1       current   A… → B…   paused until 2026-01-02T18:00:00Z by ada
`)
})

test('what removes much waits for a person, and both status and forge say what to do', () => {
  const waiting = { ...ledger, removal }
  expect(statusText({ branch: 'main', ledger: waiting, standings: {} })).toContain(
    '\n3f2c1a9 removes 7 at once; waits for: nixcluster deploy\n',
  )
  expect(heldBack(waiting)).toEqual({
    commit: removal.source,
    text: '3f2c1a9 removes 7 at once; nothing is deployed before: nixcluster deploy',
  })
  expect(heldBack({ ...ledger, rewound: { tip: 'c9' } })?.text).toContain('was rewound')
  expect(heldBack(ledger)).toBeUndefined()
})

test('a rollout with paused machines says who waits', () => {
  const rollout = ledger.rollouts.at(-1)!
  const standings = { vm0: { state: 'paused' }, vm1: { state: 'paused' } } as const
  expect(rolloutEndLines({ ledger, rollout, standings })).toEqual([
    'vm0 and vm1 are paused and get the newest state afterwards.',
  ])
})
