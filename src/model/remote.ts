import type { Deployment } from './inventory.ts'
import type { Lease, Reading } from './reading.ts'

/** A machine as it is reached and activated; `hostKey` is the YAML's, else the ledger's. */
export interface Target extends Deployment {
  readonly name: string
}

/** What stands in front of a command that root is to run. */
export function asRoot({ sshUser, sudo }: Pick<Deployment, 'sshUser' | 'sudo'>): string {
  if (sshUser === 'root') return ''
  return sudo === undefined ? 'sudo -n ' : `${sudo} root `
}

/** What a run writes into the lease that it takes. */
export interface Claim {
  readonly ledger: string
  readonly n: number
  /** The run's nonce. */
  readonly run: string
  /** Whom to ask about it: a controller. */
  readonly owner: string
  readonly path: string
}

/** A machine as it is once a script has run there. */
export interface Look {
  readonly reading: Reading
  /** The key that it proved to have, as in known_hosts. */
  readonly hostKey: string
  /** Units that had failed when the lease was taken; undefined without a lease. */
  readonly failedBefore: readonly string[] | undefined
  /** For how long the attempt has been activating or was, in seconds; undefined when it was never started. */
  readonly activeSeconds: number | undefined
  /** The last lines that activate wrote, oldest first, colours and all. */
  readonly log: readonly string[]
}

/**
 * What is done on a machine itself, each whole under its lock: while an attempt lives, and without the lease that is
 * named, nothing is done, and the answer shows why. All throw UnreachableError and CommandError.
 */
export interface Remote {
  /** Reads and changes nothing; without a known host key this is the first contact. */
  look(target: Target): Promise<Look>
  /** Takes the lease if it is still `over`, or if none is there (R8). */
  take(target: Target, claim: Claim, over: Lease | undefined): Promise<Look>
  /** Makes what runs the newest generation, the current one and the boot entry (R17). */
  seat(target: Target, run: string): Promise<Look>
  /** Seats, closes a lease that was only taken, and reads back (R18). */
  read(target: Target, run: string): Promise<Look>
  /** Removes the lease of this run (R21). */
  drop(target: Target, run: string): Promise<Look>
}

export interface Activation {
  readonly target: Target
  readonly run: string
  readonly path: string
}

/** Copies closures and activates through deploy-rs. */
export interface Deployer {
  /** Throws UnreachableError or CommandError. */
  copy(target: Target, path: string): Promise<void>
  /** Runs deploy-rs to its end; its exit code is a hint, the machine is the truth (R19). */
  deploy(activation: Activation): Promise<Deployed>
  /** Those lines of what activate wrote that tell people what went wrong. */
  explain(log: readonly string[]): readonly string[]
}

export interface Deployed {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined
  /** File that has its output. */
  readonly log: string
  /** Those of its lines that tell people what went wrong. */
  readonly lines: readonly string[]
}

/** One attempt at a machine of a repository. */
export interface Attempt {
  readonly repository: string
  /** Full name. */
  readonly machine: string
  readonly n: number
}

/** What deploy-rs wrote in each attempt, for people; it may vanish. */
export interface AttemptLogs {
  /** `log` is the file that has it now. */
  keep(attempt: Attempt, log: string): Promise<void>
  has(attempt: Attempt): Promise<boolean>
  read(attempt: Attempt): Promise<string | undefined>
}

/** What happens on a machine, for whoever watches. */
export interface MachineEvent {
  readonly machine: string
  readonly event: MachineEventKind
  /** Of the attempt; 0 at a first contact. */
  readonly n: number
  readonly seq: number
  /** Why, in one line. */
  readonly text?: string
  /** What the machine or deploy-rs said of it. */
  readonly lines?: readonly string[]
  /** Since this run began. */
  readonly durationMs: number
}

export type MachineEventKind =
  | 'copying'
  | 'activating'
  /** Another run's activation lives; `text` says since when. */
  | 'waiting'
  | 'confirmed'
  /** Runs what it ran before. */
  | 'rolled-back'
  /** Did not come through, and what runs is neither the one nor the other. */
  | 'failed'
  /** Runs what is wanted, but checks failed. */
  | 'unhealthy'
  /** Withdrawn, or refused by the gate: nothing was started. */
  | 'not-started'
  /** Does not answer. */
  | 'lost'
  /** First contact was made. */
  | 'found'
