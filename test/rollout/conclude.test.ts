import { describe, expect, test } from 'vitest'
import type { LeaseStage, Reading } from '../../src/model/reading.ts'
import { conclude, type Evidence, type Verdict } from '../../src/rollout/conclude.ts'
import { at, intentOf, lease, ledgerOf, reading, record } from './ledgers.ts'

const open = ledgerOf([record('vm0', { intent: intentOf('B') }), record('vm1')])
const concluded = (evidence: Omit<Evidence, 'at'>, ledger = open) =>
  conclude(ledger, 'vm0', 2, { ...evidence, at })
/** The machine runs `system`, and the lease of attempt 2 ended at `stage`. */
const ended = (stage: LeaseStage, system: string): Reading =>
  reading(system, { lease: lease(stage) })

describe('nothing is written', () => {
  const rows: readonly (readonly [string, Verdict['kind'], Omit<Evidence, 'at'>])[] = [
    ['R13: the lock is held', 'wait', { reading: { ...ended('started', 'B'), locked: true } }],
    ['no lease', 'take', { reading: reading('A') }],
    ['a lower number', 'take', { reading: reading('A', { lease: lease('ok', { n: 1 }) }) }],
    ['R8: a higher number', 'stale', { reading: reading('A', { lease: lease('ok', { n: 3 }) }) }],
    [
      'R24: another ledger',
      'stale',
      { reading: reading('A', { lease: lease('ok', { ledger: 'M' }) }) },
    ],
    ['R18: not closed yet', 'open', { reading: ended('taken', 'A') }],
    ['R17: W, not W', 'open', { reading: { ...ended('started', 'B'), running: 'A' } }],
    ['R17: not W, W', 'open', { reading: { ...ended('started', 'A'), running: 'B' } }],
    ['W, W without checks', 'open', { reading: ended('ok', 'B') }],
  ]
  test.each(rows)('%s: %s', (_, kind, evidence) => {
    const { ledger, message, verdict } = concluded(evidence)
    expect(verdict.kind).toBe(kind)
    expect(ledger).toBe(open)
    expect(message).toBe('')
  })

  test('R4: when the intent is closed or another', () => {
    const closed = ledgerOf([record('vm0')])
    const evidence = { reading: ended('ok', 'B'), health: 'ok', at }
    expect(conclude(closed, 'vm0', 2, evidence).verdict.kind).toBe('stale')
    expect(conclude(open, 'vm0', 1, evidence).verdict.kind).toBe('stale')
    expect(conclude(open, 'vm7', 2, evidence).verdict.kind).toBe('stale')
  })
})

describe('table 5, with the lock free', () => {
  interface Row {
    readonly stage: LeaseStage
    readonly runs: string
    readonly health?: string
    readonly verdict: Verdict['kind']
    readonly given: string
    readonly held?: true
    readonly tries?: 1
    readonly why: string
  }
  const rows: readonly Row[] = [
    { stage: 'closed', runs: 'A', verdict: 'not-started', given: 'A', why: 'nothing was started' },
    { stage: 'closed', runs: 'X', verdict: 'not-started', given: 'X', why: 'a person was here' },
    { stage: 'ok', runs: 'B', health: 'ok', verdict: 'given', given: 'B', why: 'confirmed' },
    {
      stage: 'started',
      runs: 'B',
      health: 'ok',
      verdict: 'given',
      given: 'B',
      why: 'rebooted into it',
    },
    {
      stage: 'closed',
      runs: 'B',
      health: 'ok',
      verdict: 'given',
      given: 'B',
      why: 'was there before',
    },
    {
      stage: 'ok',
      runs: 'B',
      health: 'unit x',
      verdict: 'unhealthy',
      given: 'B',
      held: true,
      why: 'checks',
    },
    { stage: 'failed', runs: 'A', verdict: 'failed', given: 'A', held: true, why: 'its own fault' },
    {
      stage: 'failed',
      runs: 'B',
      health: 'ok',
      verdict: 'failed',
      given: 'B',
      held: true,
      why: 'no rollback',
    },
    { stage: 'unconfirmed', runs: 'A', verdict: 'tried', given: 'A', tries: 1, why: 'cut or slow' },
    { stage: 'started', runs: 'A', verdict: 'tried', given: 'A', tries: 1, why: 'died or reboot' },
    { stage: 'unset', runs: 'X', verdict: 'tried', given: 'X', tries: 1, why: 'disk full' },
    { stage: 'ok', runs: 'X', verdict: 'tried', given: 'X', tries: 1, why: 'a person was here' },
  ]
  test.each(rows)(
    '$stage, runs $runs ($why): $verdict',
    ({ stage, runs, health, verdict, given, held, tries }) => {
      const evidence = { reading: ended(stage, runs), ...(health ? { health } : {}) }
      const { ledger, verdict: found } = concluded(evidence)
      const vm0 = ledger.machines['vm0']!
      expect(found.kind).toBe(verdict)
      expect(vm0).not.toHaveProperty('intent')
      expect(vm0.given?.system).toBe(given)
      expect(Object.keys(vm0.held)).toEqual(held ? ['B'] : [])
      expect(vm0.tries?.count).toBe(tries ?? (found.kind === 'failed' ? 1 : undefined))
      expect(ledger.rollouts.at(-1)?.state).toBe(held ? 'stopped' : 'running')
    },
  )
})

describe('R5, R20: tries', () => {
  const tried = ledgerOf([
    record('vm0', { intent: intentOf('B'), tries: { system: 'B', count: 1 } }),
  ])

  test('the second holds the system and stops the rollout', () => {
    const { ledger, verdict } = concluded({ reading: ended('unconfirmed', 'A') }, tried)
    expect(verdict.kind).toBe('failed')
    expect(ledger.machines['vm0']?.held['B']).toEqual({ reason: verdict.reason, attempt: 2, at })
    expect(ledger.rollouts.at(-1)).toMatchObject({
      state: 'stopped',
      reason: `vm0: ${verdict.reason}`,
    })
  })

  test('of another system do not count', () => {
    const other = ledgerOf([
      record('vm0', { intent: intentOf('B'), tries: { system: 'Z', count: 1 } }),
    ])
    const { ledger } = concluded({ reading: ended('started', 'A') }, other)
    expect(ledger.machines['vm0']?.tries).toEqual({ system: 'B', count: 1 })
  })

  test('are forgotten when it comes through, and not when nothing was started', () => {
    const given = concluded({ reading: ended('ok', 'B'), health: 'ok' }, tried).ledger
    expect(given.machines['vm0']).not.toHaveProperty('tries')
    const unbegun = concluded({ reading: ended('closed', 'A') }, tried).ledger
    expect(unbegun.machines['vm0']?.tries?.count).toBe(1)
  })
})

describe('given', () => {
  test('names the rollout that gave it and what was there before', () => {
    const { ledger } = concluded({ reading: ended('ok', 'B'), health: 'ok' })
    const given = { path: 'B-profile', system: 'B', seq: 2, at, previous: 'A-profile' }
    expect(ledger.machines['vm0']?.given).toEqual(given)
  })

  test('is what was read back, never what was intended', () => {
    const { ledger } = concluded({ reading: ended('started', 'X') })
    expect(ledger.machines['vm0']?.given).toEqual({ path: 'X-profile', system: 'X', seq: 0, at })
  })
})

describe('R6: a failure', () => {
  const failure = { reading: ended('failed', 'A') }

  test('of an older rollout leaves the newer one running', () => {
    const newer = ledgerOf([record('vm0', { intent: intentOf('Z', { seq: 1, withdrawn: true }) })])
    expect(concluded(failure, newer).ledger.rollouts.at(-1)?.state).toBe('running')
  })

  test('of an older rollout stops the newer one that wants the same system', () => {
    const newer = ledgerOf([record('vm0', { intent: intentOf('B', { seq: 1, withdrawn: true }) })])
    expect(concluded(failure, newer).ledger.rollouts.at(-1)?.state).toBe('stopped')
  })

  test('keeps the reason of the first', () => {
    const stopped = ledgerOf([record('vm0', { intent: intentOf('B') })], {
      rollouts: [{ seq: 2, source: 'c2', generated: 'g2', state: 'stopped', reason: 'vm1: first' }],
    })
    expect(concluded(failure, stopped).ledger.rollouts.at(-1)?.reason).toBe('vm1: first')
  })
})
