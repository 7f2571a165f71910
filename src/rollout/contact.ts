import type { Ledger } from '../model/ledger.ts'
import type { Evidence } from './conclude.ts'
import { recordOf, unchanged, withRecord, type Change } from './record.ts'

/**
 * Writes down that the machine of intent `n` does not answer; the intent stays open (R4).
 * `begun`: a run of this intent has taken the machine's lease, so the system may have cut it off (R6).
 */
export function lost(
  ledger: Ledger,
  machine: string,
  n: number,
  how: { readonly since: string; readonly begun: boolean },
): Change {
  const record = ledger.machines[machine]
  const { intent } = record ?? {}
  if (record === undefined || intent?.n !== n) return unchanged(ledger)
  const { lost: before } = intent
  if (before && (before.begun || !how.begun)) return unchanged(ledger)
  const mark = { since: before?.since ?? how.since, begun: how.begun }
  return {
    ledger: withRecord(ledger, { ...record, intent: { ...intent, lost: mark } }),
    message: `${machine}: attempt ${n}: does not answer`,
  }
}

/** Takes the mark of `lost` away: the machine of intent `n` answers again. */
export function reached(ledger: Ledger, machine: string, n: number): Change {
  const record = ledger.machines[machine]
  if (record?.intent?.n !== n || !record.intent.lost) return unchanged(ledger)
  const { lost: _, ...intent } = record.intent
  return {
    ledger: withRecord(ledger, { ...record, intent }),
    message: `${machine}: attempt ${n}: answers again`,
  }
}

/** First contact: writes down what a machine without record runs, as rollout 0; changes nothing else. */
export function found(
  ledger: Ledger,
  machine: { readonly name: string; readonly cluster: string },
  { reading, at, hostKey }: Omit<Evidence, 'health'>,
): Change {
  const record = recordOf(ledger, machine)
  if (record.given || record.intent || reading.locked) return unchanged(ledger)
  const { profile, profileSystem, running } = reading
  const drift = profileSystem === running ? {} : { drift: { profile: profileSystem, running } }
  return {
    ledger: withRecord(ledger, {
      ...record,
      given: { path: profile, system: running, seq: 0, at },
      ...drift,
      ...(hostKey === undefined || record.hostKey ? {} : { hostKey }),
    }),
    message: `${machine.name}: first contact`,
  }
}
