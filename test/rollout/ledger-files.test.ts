import { expect, test } from 'vitest'
import { emptyLedger, fromFiles, toFiles } from '../../src/rollout/ledger-files.ts'
import { at, built, intentOf, ledgerOf, record } from './ledgers.ts'

const ledger = ledgerOf(
  [
    record('vm0.demo.lab', {
      intent: intentOf('B', { withdrawn: true, lost: { since: at, begun: true } }),
      tries: { system: 'B', count: 1 },
      held: { Z: { reason: 'activation failed', attempt: 1, at } },
      drift: { profile: 'A', running: 'X' },
      hostKey: 'ssh-ed25519 AAAA',
      history: [{ ...built('B'), source: 'c2' }],
    }),
    record('vm1.demo.lab'),
  ],
  {
    rewound: { tip: 'c9' },
    removal: { source: 'c9', count: 7 },
    approvals: [{ proposal: '12', commit: 'c5', by: 'ada', at }],
    allowances: [{ proposal: '12', commit: 'c5', by: 'ada', at, removals: 3 }],
    pauses: [
      { selector: 'vm*', by: 'ada', since: at },
      { selector: 'tag:rack-a', by: 'ada', since: at, until: '2026-01-03T00:00:00Z' },
    ],
    answers: [{ proposal: '12', comment: '77', kind: 'done', text: 'vm0 is paused' }],
  },
)
const changed = (path: string, change: (text: string) => string): Map<string, string> => {
  const files = new Map(toFiles(ledger))
  return files.set(path, change(files.get(path) ?? ''))
}
const vm0 = 'machines/demo.lab/vm0.demo.lab.json'

test('a ledger is one file for itself, one for each machine and one for each rollout', () => {
  expect([...toFiles(ledger).keys()]).toEqual([
    'ledger.json',
    vm0,
    'machines/demo.lab/vm1.demo.lab.json',
    'rollouts/1.json',
    'rollouts/2.json',
  ])
  expect(toFiles(emptyLedger('L')).get('ledger.json')).toBe('{\n  "format": 1,\n  "id": "L"\n}\n')
})

test('what is written is read again', () => {
  expect(fromFiles(toFiles(ledger))).toEqual(ledger)
  expect(fromFiles(new Map())).toBeUndefined()
})

test('a system that failed is read with the stage of its failure, and without one as older controllers wrote it', () => {
  const failures = {
    vm0: { failed: 'error: no such option', stage: 'evaluation' as const },
    vm1: { failed: 'error: builder failed', stage: 'build' as const },
    vm2: { failed: 'error: one of the two' },
  }
  const failing = { ...ledger, wanted: { ...ledger.wanted!, systems: failures } }
  expect(fromFiles(toFiles(failing))).toEqual(failing)
})

test('a ledger of an older controller, without what people said, is read', () => {
  const { approvals: _, allowances: _a, pauses: _p, answers: _n, removal: _r, ...old } = ledger
  expect(fromFiles(toFiles(old))).toEqual(old)
})

test('the order in which a record was put together does not show', () => {
  const { machines, ...rest } = ledger
  const turned = Object.fromEntries(
    Object.entries(machines)
      .reverse()
      .map(([name, each]) => [name, Object.fromEntries(Object.entries(each).reverse())]),
  ) as typeof machines
  expect([...toFiles({ machines: turned, ...rest })]).toEqual([...toFiles(ledger)])
})

test('only the newest twenty rollouts have files', () => {
  const rollouts = Array.from({ length: 25 }, (_, i) => ({
    ...{ seq: i + 1, source: `c${i}`, generated: `g${i}`, state: 'done' as const },
  }))
  const paths = [...toFiles({ ...ledger, rollouts }).keys()].filter((path) =>
    /^rollouts/.test(path),
  )
  expect(paths).toHaveLength(20)
  expect(paths).toContain('rollouts/25.json')
})

test.each([
  [vm0, 'is no JSON', () => '{'],
  [
    vm0,
    'is not as it was written',
    (text: string) => text.replace('"attempt": 2', '"attempt": -1'),
  ],
  [vm0, 'is not as it was written', (text: string) => text.replace('"hostKey"', '"hostkey"')],
  [vm0, 'is about vm7.demo.lab', (text: string) => text.replaceAll('vm0.demo', 'vm7.demo')],
  ['rollouts/1.json', 'is not as it was written', (text: string) => text.replace('done', 'gone')],
  ['ledger.json', 'has format 2', (text: string) => text.replace('"format": 1', '"format": 2')],
])('%s that cannot be read is named: %s', (path, message, change) => {
  expect(() => fromFiles(changed(path, change))).toThrow(`${path} ${message}`)
})
