import fc from 'fast-check'
import { expect, test } from 'vitest'
import { carryOut, type Asked, type LedgerCommand } from '../../src/jobs/carry-out.ts'
import type { Ledger } from '../../src/model/ledger.ts'
import { fromFiles, toFiles } from '../../src/rollout/ledger-files.ts'
import { at, ledgerOf, record } from '../rollout/ledgers.ts'

const hold = { reason: 'activation failed', attempt: 1, at }
const first: Ledger = ledgerOf(
  [record('vm0', { held: { B: hold } }), record('vm1', { held: { A: hold } }), record('vm2')],
  { published: { source: 'c3', generated: 'g3' }, removal: { source: 'c3', count: 2 } },
)

const heads = ['a', 'b'].map((letter) => letter.repeat(40))
const selectors = ['vm0', 'vm1', 'vm*', 'gone']
const select: Asked['select'] = (selector) =>
  selector === 'gone'
    ? { machines: [], problem: 'no host is called gone' }
    : { machines: selector === 'vm*' ? ['vm0', 'vm1', 'vm2'] : [selector] }

const selector = fc.option(fc.constantFrom(...selectors), { nil: undefined })
const command: fc.Arbitrary<LedgerCommand> = fc.oneof(
  fc.constant({ kind: 'deploy' } as const),
  fc.record(
    { kind: fc.constant('approve'), commit: fc.constantFrom(...heads) },
    {
      requiredKeys: ['kind'],
    },
  ) as fc.Arbitrary<LedgerCommand>,
  fc.record({ kind: fc.constant('allow-removal' as const), count: fc.integer({ min: 1, max: 3 }) }),
  selector.map((one) => ({ kind: 'retry' as const, ...(one ? { selector: one } : {}) })),
  selector.map((one) => ({ kind: 'resume' as const, ...(one ? { selector: one } : {}) })),
  fc.tuple(fc.constantFrom(...selectors), fc.boolean()).map(([one, ends]) => ({
    ...{ kind: 'pause' as const, selector: one },
    ...(ends ? { until: '2026-01-03T00:00:00Z' } : {}),
  })),
)
const asked: fc.Arbitrary<Asked> = fc
  .record({
    isOpen: fc.boolean(),
    trusted: fc.boolean(),
    head: fc.constantFrom(...heads),
    planned: fc.constantFrom(undefined, ...heads),
    isComment: fc.boolean(),
  })
  .map(({ isComment, ...on }) => ({
    ...{ by: 'ada', at, select },
    ...(isComment ? { on: { id: '12', ...on } } : {}),
  }))

test('whatever is said, what is refused changes nothing, and what is done is done once', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(command, asked), { maxLength: 8 }), (said) => {
      let ledger = first
      for (const [one, by] of said) {
        const { ledger: after, message, result } = carryOut(ledger, one, by)
        if (result.kind === 'refused') expect(after).toBe(ledger)
        expect(message === '').toBe(after === ledger)
        // Nothing is left of it, or it is there already.
        expect(carryOut(after, one, by).ledger).toBe(after)
        // What is written can be read.
        expect(fromFiles(toFiles(after))).toEqual(after)
        ledger = after
      }
    }),
    { numRuns: 2000 },
  )
})

test('nobody approves another head than the one that is there', () => {
  fc.assert(
    fc.property(command, asked, (one, by) => {
      const { approvals = [] } = carryOut(first, one, by).ledger
      for (const { commit } of approvals) {
        expect(commit).toBe(by.on?.head)
        expect(by.on).toMatchObject({ isOpen: true, trusted: false })
        expect([by.on?.planned, one.kind === 'approve' && one.commit]).toContain(commit)
      }
    }),
    { numRuns: 2000 },
  )
})
