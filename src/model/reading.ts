/** What a machine says of itself, read under its lock (R18). */
export interface Reading {
  /** The gate's lock is held: an activation lives, and nothing else here may be trusted (R13). */
  readonly locked: boolean
  /** Another's switch holds `/run/nixos/switch-to-configuration.lock` (R16). */
  readonly switching: boolean
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
  /** Number of the newest generation: deploy-rs' rollback deletes that one (R17). */
  readonly newest: number
  /** The profile has deploy-rs' activation script, so a rollback can land on it. */
  readonly activatable: boolean
  readonly bootId: string
  /** Seconds since boot: patience is measured by the machine's own clock (R8). */
  readonly uptime: number
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
  /** The machine's boot id and uptime when the lease was taken (R8, R9). */
  readonly bootId: string
  readonly uptime: number
  /** The system that ran when the lease was taken. */
  readonly before: string
  readonly stage: LeaseStage
}

export type LeaseStage = 'taken' | 'started' | 'ok' | 'failed' | 'unconfirmed' | 'unset' | 'closed'
