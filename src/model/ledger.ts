/** The record, in git, of what each machine was given and is to get; the words of `docs/protocol.md`. */
export interface Ledger {
  /** Random, given once; a lease of another ledger is refused by name (R24). */
  readonly id: string
  /** The newest tip that compiled, and what it was rendered to. */
  readonly published?: { readonly source: string; readonly generated: string }
  /** Set by a person once the machines of an empty ledger were read: nothing is deployed before. */
  readonly adopted?: { readonly by: string; readonly seq: number }
  readonly wanted?: Wanted
  /** A tip that does not descend from what is wanted; waits for a person. */
  readonly rewound?: { readonly tip: string }
  /** What is published removes more than a change may: waits for a person (R3). */
  readonly removal?: { readonly source: string; readonly count: number }
  /** Foreign commits that a person let us evaluate; one for each proposal. */
  readonly approvals?: readonly Approval[]
  /** How much the commit of a proposal may remove. */
  readonly allowances?: readonly Allowance[]
  readonly pauses?: readonly Pause[]
  /** To comments that were acted on, until the forge shows them: no comment is acted on twice. */
  readonly answers?: readonly KeptAnswer[]
  readonly machines: Readonly<Record<string, MachineRecord>>
  readonly rollouts: readonly Rollout[]
}

/** Bound to a commit: a push drops it. */
export interface Approval {
  /** Id of the proposal. */
  readonly proposal: string
  readonly commit: string
  readonly by: string
  /** ISO 8601 */
  readonly at: string
}

export interface Allowance extends Approval {
  /** So many machines, or pairs of service and host. */
  readonly removals: number
}

/** Machines that get no new system for a while. */
export interface Pause {
  /** As written, looked up from the whole inventory. */
  readonly selector: string
  readonly by: string
  /** ISO 8601 */
  readonly since: string
  /** ISO 8601; absent: until somebody resumes. */
  readonly until?: string
}

/** What a comment is answered; written in the commit that does what it says. */
export interface KeptAnswer {
  readonly proposal: string
  readonly comment: string
  readonly kind: 'done' | 'refused' | 'unknown'
  readonly text?: string
}

/** `seq` only grows; one rollout for each. */
export interface Wanted {
  readonly seq: number
  readonly source: string
  readonly generated: string
  readonly approvedBy?: string
  /** Evaluated and built, by machine; absent until then. */
  readonly systems?: Readonly<Record<string, WantedSystem>>
}

export type WantedSystem = BuiltSystem | FailedSystem

export interface FailedSystem {
  /** Nix's own words. */
  readonly failed: string
  /** Absent in what older controllers wrote, who did not tell. */
  readonly stage?: 'evaluation' | 'build'
}

/** Store paths: deploy-rs' profile, its derivation, the NixOS toplevel inside. */
export interface BuiltSystem {
  readonly path: string
  readonly drv: string
  readonly system: string
  readonly fingerprint: string
}

export interface MachineRecord {
  readonly name: string
  readonly cluster: string
  /** Number of the last attempt; grows by one for each intent (R8). */
  readonly attempt: number
  readonly intent?: Intent
  /** What was read back; absent is unknown, and unknown is always affected (R4). */
  readonly given?: Given
  readonly tries?: { readonly system: string; readonly count: number }
  /** system -> why it is not tried again (R5) */
  readonly held: Readonly<Record<string, Hold>>
  readonly drift?: { readonly profile: string; readonly running: string }
  /** Recorded at the first contact where the YAML has none. */
  readonly hostKey?: string
  /** The newest systems that were built for it, newest first: a revert needs no evaluation. */
  readonly history: readonly (BuiltSystem & { readonly source: string })[]
}

/** Why a system is not tried again on a machine, and the attempt that showed it. */
export interface Hold {
  readonly reason: string
  readonly attempt: number
  /** ISO 8601 */
  readonly at: string
}

export interface Intent {
  readonly n: number
  readonly kind: 'forward' | 'back'
  readonly path: string
  readonly drv: string
  readonly system: string
  readonly seq: number
  readonly withdrawn?: boolean
  readonly lost?: Lost
}

/** The machine does not answer. */
export interface Lost {
  /** ISO 8601 */
  readonly since: string
  /** False while no run of this intent has reached the machine: then nothing was started on it (R6). */
  readonly begun: boolean
}

export interface Given {
  /** deploy-rs' profile, empty where there was none. */
  readonly path: string
  /** The running toplevel, empty where nothing of Nix runs. */
  readonly system: string
  /** The rollout that gave it; 0 where it was found. */
  readonly seq: number
  /** When it was read, ISO 8601. */
  readonly at: string
  /** The profile that it had before. */
  readonly previous?: string
}

/** What became of one `wanted`. */
export interface Rollout {
  readonly seq: number
  readonly source: string
  readonly generated: string
  readonly state: 'running' | 'stopped' | 'back' | 'superseded' | 'done'
  readonly reason?: string
}
