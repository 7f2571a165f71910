import type { Given, Intent, Ledger, MachineRecord } from '../model/ledger.ts'
import type { Reading } from '../model/reading.ts'
import {
  currentRollout,
  unchanged,
  without,
  withRecord,
  withRolloutState,
  type Change,
} from './record.ts'

/** What a run brings home from a machine. */
export interface Evidence {
  /** Read under the lock, after `seat`; `taken` was closed by the same script (R18). */
  readonly reading: Reading
  /** `ok` or what failed; absent while the checks have not run. */
  readonly health?: string
  /** ISO 8601 */
  readonly at: string
  /** The host key seen, where the YAML gives none; recorded once. */
  readonly hostKey?: string
}

/** `wait`, `take`, `stale` and `open` write nothing; the others close the intent. */
export interface Verdict {
  readonly kind:
    | 'wait' // an activation lives: look again
    | 'take' // this attempt never reached the machine
    | 'stale' // the intent is closed, or a higher number or another ledger has the machine
    | 'open' // not enough is known: close the lease, seat, or run the checks first
    | 'given' // runs what is wanted, checks passed
    | 'unhealthy' // runs what is wanted, checks failed: held
    | 'not-started' // withdrawn, no connection, or the gate refused
    | 'failed' // the system's own fault, or the second try: held
    | 'tried' // did not come through, may be tried once more
  readonly reason: string
}

/** (R5) So many tries that did not come through hold a system. */
const triesAllowed = 2

/**
 * Turns what was read back into the outcome of intent `n`, in one new ledger or none: what is given,
 * tries, holds, the closed intent and the stopped rollout (R19).
 */
export function conclude(
  ledger: Ledger,
  machine: string,
  n: number,
  evidence: Evidence,
): Change & { readonly verdict: Verdict } {
  const record = ledger.machines[machine]
  const { intent } = record ?? {}
  if (record === undefined || intent?.n !== n) {
    const verdict: Verdict = { kind: 'stale', reason: `attempt ${n} is closed` }
    return { ...unchanged(ledger), verdict }
  }
  const verdict = judge(ledger.id, record, intent, evidence)
  if (!closes(verdict)) return { ...unchanged(ledger), verdict }
  const after = stop(withRecord(ledger, outcome(record, intent, evidence, verdict)), machine, {
    intent,
    verdict,
  })
  return { ledger: after, message: `${machine}: attempt ${n}: ${verdict.reason}`, verdict }
}

const closes = ({ kind }: Verdict): boolean => !['wait', 'take', 'stale', 'open'].includes(kind)

/** Table 5: what the lock, the lease and the systems say of an attempt. */
function judge(
  ledgerId: string,
  record: MachineRecord,
  { n, system }: Intent,
  { reading, health }: Evidence,
): Verdict {
  const { lease, running } = reading
  if (reading.locked) return { kind: 'wait', reason: 'an activation is under way' } // (R13)
  if (lease && lease.ledger !== ledgerId) {
    return { kind: 'stale', reason: `the machine's lease is of another ledger, ${lease.ledger}` } // (R24)
  }
  if (lease === undefined || lease.n < n) {
    return { kind: 'take', reason: `attempt ${n} never reached the machine` }
  }
  if (lease.n > n) return { kind: 'stale', reason: `attempt ${lease.n} has the machine` } // (R8)
  // Until the lease is closed somebody may still start under this number (R18).
  if (lease.stage === 'taken') return { kind: 'open', reason: 'the lease is not closed yet' }
  if (reading.profileSystem !== running) return { kind: 'open', reason: 'not seated' } // (R17)
  if (running === system) {
    if (lease.stage === 'failed') return failed(`activation failed and was not rolled back`)
    if (health === undefined) return { kind: 'open', reason: 'the checks have not run' }
    if (health !== 'ok') return { kind: 'unhealthy', reason: `checks failed: ${health}` }
    return { kind: 'given', reason: 'runs what is wanted' }
  }
  if (lease.stage === 'closed') return { kind: 'not-started', reason: 'nothing was started' }
  const where = running === lease.before ? 'runs what it ran before' : `runs ${running}`
  if (lease.stage === 'failed') return failed(`activation failed; ${where}`)
  const reason = `${unproven[lease.stage]}; ${where}`
  const count = triesOf(record, system) + 1
  return count < triesAllowed ? { kind: 'tried', reason } : failed(`${reason}; try ${count}`)
}

const failed = (reason: string): Verdict => ({ kind: 'failed', reason })

/** (R20) Ends that are not proven to be the system's fault. */
const unproven = {
  ok: 'was confirmed, and is gone again',
  started: 'activation died or the machine rebooted',
  unconfirmed: 'rolled back, not confirmed',
  unset: 'the profile could not be set',
}

const triesOf = ({ tries }: MachineRecord, system: string): number =>
  tries?.system === system ? tries.count : 0

/** The record after the attempt; `given` is what was read, never what was intended. */
function outcome(
  record: MachineRecord,
  intent: Intent,
  evidence: Evidence,
  { kind, reason }: Verdict,
): MachineRecord {
  const { system, n } = intent
  const { at, hostKey } = evidence
  const hold = kind === 'failed' || kind === 'unhealthy'
  const count =
    kind === 'given' ? 0 : triesOf(record, system) + (kind === 'tried' || kind === 'failed' ? 1 : 0)
  return {
    ...without(record, 'intent', 'tries', 'drift'),
    given: givenAfter(record.given, intent, evidence),
    ...(count > 0 ? { tries: { system, count } } : {}),
    held: hold ? { ...record.held, [system]: { reason, attempt: n, at } } : record.held,
    ...(hostKey === undefined || record.hostKey ? {} : { hostKey }),
  }
}

function givenAfter(old: Given | undefined, intent: Intent, { reading, at }: Evidence): Given {
  const { profile: path, running: system } = reading
  if (old?.system === system) return { ...old, path, at }
  if (system !== intent.system) return { path, system, seq: 0, at }
  return { path, system, seq: intent.seq, at, ...(old?.path ? { previous: old.path } : {}) }
}

/** (R6) The first failure stops its rollout, and that of a newer commit which wants the same system. */
function stop(
  ledger: Ledger,
  machine: string,
  { intent, verdict }: { readonly intent: Intent; readonly verdict: Verdict },
): Ledger {
  if (verdict.kind !== 'failed' && verdict.kind !== 'unhealthy') return ledger
  const rollout = currentRollout(ledger)
  const wanted = ledger.wanted?.systems?.[machine]
  const concerns =
    intent.seq === rollout?.seq || (wanted && 'system' in wanted && wanted.system === intent.system)
  if (rollout === undefined || !concerns || rollout.state === 'stopped') return ledger
  return withRolloutState(ledger, rollout.seq, 'stopped', `${machine}: ${verdict.reason}`)
}
