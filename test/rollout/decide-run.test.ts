import { describe, expect, test } from 'vitest'
import type { Ledger } from '../../src/model/ledger.ts'
import type { Reading } from '../../src/model/reading.ts'
import { decideRun, isSeated, type Step } from '../../src/rollout/decide-run.ts'
import { intentOf, lease, ledgerOf, reading, record } from './ledgers.ts'

const open = ledgerOf([record('vm0', { intent: intentOf('B') })])
const closed = ledgerOf([record('vm0')])
const withdrawn = ledgerOf([record('vm0', { intent: intentOf('B', { withdrawn: true }) })])
/** The step of run r1 for attempt 2. */
const step = (of: Reading, ledger: Ledger = open): Step =>
  decideRun({ machine: 'vm0', n: 2, run: 'r1', reading: of, ledger, patience: 20 })

const mine = lease('taken')
const theirs = lease('taken', { run: 'r2' })

test('R24: another ledger’s lease is refused by name, whatever else', () => {
  const foreign = reading('A', { locked: true, lease: lease('taken', { ledger: 'M' }) })
  expect(step(foreign)).toEqual({ kind: 'refuse', reason: 'the lease on vm0 is of ledger M' })
})

describe('R8: the lease', () => {
  test('is taken where there is none, or one of a lower number', () => {
    const old = lease('ok', { n: 1, run: 'r0' })
    expect(step(reading('A'))).toMatchObject({ kind: 'take', over: undefined })
    expect(step(reading('A', { lease: old }))).toMatchObject({ kind: 'take', over: old })
  })

  test('of a higher number ends the run', () => {
    expect(step(reading('A', { lease: lease('taken', { n: 3 }) })).kind).toBe('end')
  })

  test('of the same number is waited for, by the machine’s own clock', () => {
    expect(step(reading('A', { lease: theirs, uptime: 119 })).kind).toBe('wait')
    expect(step(reading('A', { lease: theirs, uptime: 120 }))).toMatchObject({
      kind: 'take',
      over: theirs,
    })
  })

  test('R9: of the same number is taken over at once after a reboot', () => {
    const rebooted = reading('A', { lease: theirs, uptime: 5, bootId: 'boot2' })
    expect(step(rebooted)).toMatchObject({ kind: 'take', over: theirs })
  })

  test.each(['started', 'ok', 'failed', 'unconfirmed', 'unset', 'closed'] as const)(
    'R18: that has come to %s is read back under its own nonce, never started again',
    (stage) => {
      const over = lease(stage, { run: 'r2' })
      expect(step(reading('A', { lease: over }))).toMatchObject({ kind: 'read', run: 'r2' })
    },
  )
})

describe('R10: the ledger, read after the take,', () => {
  test('lets the run go on when it still has the intent', () => {
    expect(step(reading('A', { lease: mine }))).toEqual({ kind: 'deploy' })
  })

  test('has it read back without a start when the intent is withdrawn', () => {
    expect(step(reading('A', { lease: mine }), withdrawn)).toMatchObject({
      kind: 'read',
      run: 'r1',
    })
  })

  test('has it drop its lease when the intent is closed, and leave anybody else’s', () => {
    expect(step(reading('A', { lease: mine }), closed)).toMatchObject({ kind: 'drop', run: 'r1' })
    expect(step(reading('A', { lease: theirs }), closed).kind).toBe('end')
  })
})

describe('before deploy-rs', () => {
  test('R13: nothing is done while the lock is held', () => {
    expect(step(reading('A', { lease: mine, locked: true })).kind).toBe('wait')
  })

  test('R16: a machine that runs what is wanted is only read back', () => {
    expect(step(reading('B', { lease: mine })).kind).toBe('read')
    expect(step(reading('B', { lease: mine, profileSystem: 'A' })).kind).toBe('read')
  })

  test('R16: another’s switch is waited for', () => {
    expect(step(reading('A', { lease: mine, switching: true })).kind).toBe('wait')
  })

  test.each([
    ['the profile is the wanted one and something else runs', { profileSystem: 'B' }],
    ['somebody rolled back to an older generation', { newest: 4 }],
    ['a rollback could not land on the profile', { activatable: false }],
  ])('R17: the machine is seated first when %s', (_, rest) => {
    expect(step(reading('A', { lease: mine, ...rest }))).toEqual({ kind: 'seat' })
  })

  test('R17: a machine without any generation has nothing to seat', () => {
    const bare = reading('', { generation: 0, newest: 0, activatable: false })
    expect(isSeated(bare)).toBe(true)
    expect(isSeated(reading('', { activatable: false }))).toBe(false)
  })
})
