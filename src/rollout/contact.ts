import type { Ledger } from '../model/ledger.ts'
import type { Evidence } from './conclude.ts'

/** Writes down that the machine of intent `n` does not answer; `begun`: a run of this intent has reached it (R6). */
export function lost(
  ledger: Ledger,
  machine: string,
  n: number,
  how: { readonly since: string; readonly begun: boolean },
): { readonly ledger: Ledger; readonly message: string } {
  throw new Error(`not written yet: ${ledger.id} ${machine} ${n} ${how.since}`)
}

/** Takes the mark of `lost` away: the machine of intent `n` answers again and its lease was taken. */
export function reached(
  ledger: Ledger,
  machine: string,
  n: number,
): { readonly ledger: Ledger; readonly message: string } {
  throw new Error(`not written yet: ${ledger.id} ${machine} ${n}`)
}

/** First contact: writes down what a machine without record runs (`given.seq` 0); changes nothing else. */
export function found(
  ledger: Ledger,
  machine: { readonly name: string; readonly cluster: string },
  evidence: Evidence,
): { readonly ledger: Ledger; readonly message: string } {
  throw new Error(`not written yet: ${ledger.id} ${machine.name} ${evidence.at}`)
}
