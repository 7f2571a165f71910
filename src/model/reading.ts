/** What a machine says of itself, read under its lock (R18). */
export interface Reading {
  /** deploy-rs' profile: what `/nix/var/nix/profiles/system` leads to; empty when there is none. */
  readonly profile: string
  /** The NixOS toplevel that the profile wraps or is; empty when there is none. */
  readonly profileSystem: string
  /** `/run/current-system`, empty when nothing of Nix runs. */
  readonly running: string
  /** `/run/booted-system` */
  readonly booted: string
  /** Number of the current generation; 0 when there is none. */
  readonly generation: number
  readonly bootId: string
  readonly failedUnits: readonly string[]
  /** The lease as it lies on the machine, if any. */
  readonly lease?: Lease
}

/** The lease on the machine, `/nix/var/nixcluster/lease`. */
export interface Lease {
  readonly ledger: string
  readonly n: number
  /** The run's nonce: only the run that took the lease may go on under it. */
  readonly run: string
  readonly owner: string
  readonly path: string
  /** The system that ran when the lease was taken. */
  readonly before: string
  readonly stage: LeaseStage
}

export type LeaseStage = 'taken' | 'started' | 'ok' | 'failed' | 'unconfirmed' | 'unset' | 'closed'
