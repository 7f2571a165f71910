import type { Ledger } from '../model/ledger.ts'
import type { Reading } from '../model/reading.ts'

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

/** Turns what was read back into the outcome of intent `n`: one new ledger, or none (table 5; R4, R5, R6, R19, R20). */
export function conclude(
  ledger: Ledger,
  machine: string,
  n: number,
  evidence: Evidence,
): { readonly ledger: Ledger; readonly message: string; readonly verdict: Verdict } {
  throw new Error(`not written yet: ${ledger.id} ${machine} ${n} ${evidence.at}`)
}
