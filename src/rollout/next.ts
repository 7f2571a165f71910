import type { Ledger } from '../model/ledger.ts'
import type { FleetMachine, Standing } from './standing.ts'

/** What a tick knows beside the ledger: all of it was read after the ledger (R2). */
export interface Observed {
  /** The source branch's tip; undefined when the branch is gone. */
  readonly tip: string | undefined
  /** `published.source` is `wanted.source` or descends from it; true while nothing is wanted. */
  readonly descends: boolean
  /** ISO 8601 */
  readonly now: string
  /** Machines of the commit that `wantedSource` names, in the order of starting; undefined: not known yet. */
  readonly fleet: readonly FleetMachine[] | undefined
  readonly limits: { readonly parallel: number }
  /** Role -> maxUnavailable, for the roles that give one. */
  readonly roleLimits: Readonly<Record<string, number>>
}

export interface Decision {
  /** The same object when nothing changes: then nothing is pushed. */
  readonly ledger: Ledger
  /** Commit message, one line. */
  readonly message: string
  /** The tip is not what was published: a `publish` job is due. */
  readonly publish: boolean
  /** Every machine with an open intent: a `machine` job each. */
  readonly machines: readonly string[]
  /** Machines that were never read: a `contact` job each. */
  readonly contact: readonly string[]
  /** What is wanted has no systems yet: an `evaluate` job is due. */
  readonly evaluate: boolean
  readonly waits?: 'adoption' | 'rewound'
  readonly standing: Readonly<Record<string, Standing>>
}

/** Decides one tick (R2). */
export function next(ledger: Ledger, observed: Observed): Decision {
  throw new Error(`not written yet: ${ledger.id} ${observed.now}`)
}
