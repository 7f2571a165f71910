import { expect, test } from 'vitest'
import {
  allowedRemovals,
  allowRemovals,
  approveHead,
  dropStale,
  isApproved,
} from '../../src/rollout/consent.ts'
import { at, ledgerOf, record } from './ledgers.ts'

const ledger = ledgerOf([record('vm0')])
const head = { id: '12', head: '3f2c1a9' }
const pushed = { id: '12', head: '77aa001' }
const ada = { by: 'ada', at }

test('an approval is of one head: a push drops it', () => {
  const { ledger: approved, message } = approveHead(ledger, head, ada)
  expect(message).toBe('ada approves 3f2c1a9 of 12')
  expect(isApproved(ledger, head)).toBe(false)
  expect(isApproved(approved, head)).toBe(true)
  expect(isApproved(approved, pushed)).toBe(false)
  expect(isApproved(approved, { ...head, id: '13' })).toBe(false)
})

test('a proposal has one approval, its newest, and the same one again changes nothing', () => {
  const first = approveHead(ledger, head, ada).ledger
  expect(approveHead(first, head, { by: 'bob', at }).ledger).toBe(first)
  const second = approveHead(first, pushed, ada).ledger
  expect(second.approvals).toEqual([{ proposal: '12', commit: '77aa001', by: 'ada', at }])
})

test('an allowance is of one head, and the newest number counts', () => {
  const three = allowRemovals(ledger, head, 3, ada).ledger
  expect(allowedRemovals(ledger, head)).toBe(0)
  expect(allowedRemovals(three, head)).toBe(3)
  expect(allowedRemovals(three, pushed)).toBe(0)
  expect(allowRemovals(three, head, 3, ada).ledger).toBe(three)
  expect(allowedRemovals(allowRemovals(three, head, 1, ada).ledger, head)).toBe(1)
})

test('what was said of older heads and of closed proposals is dropped', () => {
  const said = allowRemovals(approveHead(ledger, head, ada).ledger, head, 3, ada).ledger
  const later = { listedAt: '2026-01-03T00:00:00Z', isTakenUp: true }
  expect(dropStale(said, [head], later).ledger).toBe(said)
  expect(dropStale(said, [pushed], later).ledger).toEqual(ledger)
  expect(dropStale(said, [], later).ledger).toEqual(ledger)
  const other = approveHead(said, { id: '13', head: 'b0b0b0b' }, ada).ledger
  expect(dropStale(other, [{ id: '13', head: 'b0b0b0b' }], later).ledger).toMatchObject({
    approvals: [{ proposal: '13' }],
  })
})

test('nothing is dropped that was said since the proposals were listed, or whose merge may wait', () => {
  const said = approveHead(ledger, head, ada).ledger
  expect(dropStale(said, [pushed], { listedAt: at, isTakenUp: true }).ledger).toBe(said)
  const waiting = { listedAt: '2026-01-03T00:00:00Z', isTakenUp: false }
  expect(dropStale(said, [], waiting).ledger).toBe(said)
})
