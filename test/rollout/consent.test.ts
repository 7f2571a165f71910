import { expect, test } from 'vitest'
import {
  allowedRemovals,
  allowRemovals,
  approveHead,
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
