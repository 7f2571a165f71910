import type { Intent, Ledger } from '../model/ledger.ts'
import type { Lease, Reading } from '../model/reading.ts'

/** What a `machine` job does next; after each step but the last it looks again. */
export type Step =
  /** Nothing more for this run; the machine is left as it is. */
  | { readonly kind: 'end'; readonly reason: string }
  /** Another ledger's lease (R24): say so, touch nothing. */
  | { readonly kind: 'refuse'; readonly reason: string }
  /** Look again later. */
  | { readonly kind: 'wait'; readonly reason: string }
  /** Take the lease if it is still `over` (undefined: none is there): compare and swap under the lock. */
  | { readonly kind: 'take'; readonly over: Lease | undefined; readonly reason: string }
  /** The intent is closed: drop the lease of `run`. */
  | { readonly kind: 'drop'; readonly run: string; readonly reason: string }
  /** `read` under the nonce `run` (closes and seats), checks, `read` again, `conclude`. */
  | { readonly kind: 'read'; readonly run: string; readonly reason: string }
  /** Make what runs the newest generation, then look again. */
  | { readonly kind: 'seat' }
  /** Run deploy-rs, wait for its end, then look again. */
  | { readonly kind: 'deploy' }

export interface RunObserved {
  readonly machine: string
  /** Number of the intent that this run is for. */
  readonly n: number
  /** This run's nonce. */
  readonly run: string
  /** Read first ... */
  readonly reading: Reading
  /** ... and the ledger after it: a `deploy` needs a ledger that was read after the lease was taken (R10). */
  readonly ledger: Ledger
  /** Seconds for which another run's untouched lease of the same number is respected (R8). */
  readonly patience: number
}

/** Decides the next step of a run, from the machine as it is and the ledger as it was after that. */
export function decideRun({ machine, n, run, reading, ledger, patience }: RunObserved): Step {
  const { lease } = reading
  const intent = ledger.machines[machine]?.intent
  if (lease && lease.ledger !== ledger.id) {
    return { kind: 'refuse', reason: `the lease on ${machine} is of ledger ${lease.ledger}` } // (R24)
  }
  if (reading.locked) return { kind: 'wait', reason: 'an activation is under way' } // (R13)
  if (intent?.n !== n) {
    const reason = `attempt ${n} is closed`
    return lease?.run === run ? { kind: 'drop', run, reason } : { kind: 'end', reason }
  }
  if (lease === undefined || lease.n < n) {
    return { kind: 'take', over: lease, reason: `attempt ${n} has not begun` } // (R8)
  }
  if (lease.n > n) return { kind: 'end', reason: `attempt ${lease.n} has the machine` }
  if (lease.stage !== 'taken') {
    return { kind: 'read', run: lease.run, reason: `attempt ${n} is over: ${lease.stage}` } // (R8, R18)
  }
  if (lease.run !== run) {
    return isPatienceOver(lease, reading, patience)
      ? { kind: 'take', over: lease, reason: 'its run has died' }
      : { kind: 'wait', reason: 'another run has taken it' }
  }
  return decideStart(intent, run, reading)
}

/** The lease is this run's, nothing has been started under it, and the intent is open. */
function decideStart(intent: Intent, run: string, reading: Reading): Step {
  if (intent.withdrawn) return { kind: 'read', run, reason: 'the intent is withdrawn' } // (R10)
  if (reading.running === intent.system) {
    return { kind: 'read', run, reason: 'runs what is wanted' } // (R16)
  }
  if (reading.switching) return { kind: 'wait', reason: 'another switch is under way' } // (R16)
  return isSeated(reading) ? { kind: 'deploy' } : { kind: 'seat' } // (R17)
}

/** By the machine's own clock; a reboot since then ends it at once (R8, R9). */
function isPatienceOver(lease: Lease, reading: Reading, patience: number): boolean {
  return lease.bootId !== reading.bootId || reading.uptime - lease.uptime >= patience
}

/**
 * Newest generation = current generation = running system, in a form that a rollback can land on (R17);
 * a machine on which nothing of Nix runs or was installed has nothing to seat.
 */
export function isSeated(reading: Reading): boolean {
  const { running, profileSystem, generation, newest, activatable } = reading
  if (running === '' && generation === 0 && newest === 0) return true
  return running !== '' && profileSystem === running && generation === newest && activatable
}
