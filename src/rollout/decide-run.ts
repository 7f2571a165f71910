import type { Ledger } from '../model/ledger.ts'
import type { Lease, Reading } from '../model/reading.ts'

/** What a `machine` job does next; after each step but the last it looks again. */
export type Step =
  /** Nothing more for this run; the machine is left as it is. */
  | { readonly kind: 'end'; readonly reason: string }
  /** Another ledger's lease (R24): say so, touch nothing. */
  | { readonly kind: 'refuse'; readonly reason: string }
  /** Look again later. */
  | { readonly kind: 'wait'; readonly reason: string }
  /** Take the lease if it is still `over` (or none is there, when undefined): compare and swap under the lock. */
  | { readonly kind: 'take'; readonly over: Lease | undefined; readonly reason: string }
  /** The intent is closed: drop the lease of `run`. */
  | { readonly kind: 'drop'; readonly run: string; readonly reason: string }
  /** `read` under the nonce `run` (closes and seats), checks, `read`, `conclude`. */
  | { readonly kind: 'read'; readonly run: string; readonly reason: string }
  /** Make what runs the newest generation, then look again. */
  | { readonly kind: 'seat' }
  /** Run deploy-rs, then wait for its end, then look again. */
  | { readonly kind: 'deploy' }

export interface RunObserved {
  readonly machine: string
  /** Number of the intent that this run is for. */
  readonly n: number
  /** This run's nonce. */
  readonly run: string
  /** Read first ... */
  readonly reading: Reading
  /** ... and the ledger after it: `deploy` is only decided on a ledger read after the lease was taken (R10). */
  readonly ledger: Ledger
  /** Seconds for which another run's untouched lease of the same number is respected (R8). */
  readonly patience: number
}

/** Decides the next step of a run, from the machine as it is and the ledger as it is after that (R8 to R18, R24). */
export function decideRun(observed: RunObserved): Step {
  throw new Error(`not written yet: ${observed.machine}`)
}

/** Newest generation = current generation = running system, in a form that a rollback can land on (R17). */
export function isSeated(reading: Reading): boolean {
  throw new Error(`not written yet: ${reading.bootId}`)
}
