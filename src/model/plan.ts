import type { SystemDiff } from './system-diff.ts'

/** What a proposal, or a push, would do to the fleet. */
export interface Plan {
  readonly title: PlanTitle
  /** `static`: nobody's code was run, so `machines` holds who is concerned and no diffs. */
  readonly kind: 'evaluated' | 'static'
  /** Machines whose wanted system differs from what they were last given, in natural order. */
  readonly machines: readonly PlannedMachine[]
  /** Full names of the machines that stay as they are. */
  readonly unaffected: readonly string[]
  /** Full names of the machines that the change takes out of the configuration. */
  readonly removed: readonly string[]
  readonly reasons: readonly Reason[]
  readonly failures: readonly PlanFailure[]
  /** Who let a foreign commit be evaluated. */
  readonly approvedBy?: string
  /** Machines that are paused: a merge does not change them yet. */
  readonly paused?: readonly string[]
  /** More is removed than a change may, so much: a merge waits until somebody allows it (R3). */
  readonly removals?: number
  /** Why a merge would not deploy yet, as a sentence. */
  readonly waits?: string
  /** The rollout after the merge, as a sentence: `vm2, then vm0, then vm1`. */
  readonly rollout?: string
  /** How long it took, milliseconds; left out where the text has to be the same every time. */
  readonly tookMs?: number
}

export interface PlanTitle {
  readonly branch: string
  /** Commit at the head of the proposal. */
  readonly head: string
  /** Name of the branch that it wants into. */
  readonly base: string
  readonly baseCommit: string
}

export interface PlannedMachine {
  /** Full name. */
  readonly name: string
  /** Absent where nothing is known of what it runs, or of what it would run. */
  readonly diff?: SystemDiff
  /** The base branch alone would change it as well: a rollout is not done with it. */
  readonly pending?: boolean
}

/** Why machines are concerned: a line of the YAML, and what follows from it. */
export interface Reason {
  /** `clusters/example.yaml:18`; absent where no single line is the reason. */
  readonly place?: string
  readonly text: string
  /** Full names of the machines that it concerns. */
  readonly machines: readonly string[]
}

/** A machine that could not be evaluated or built. */
export interface PlanFailure {
  readonly machine: string
  readonly stage: 'evaluation' | 'build'
  /** Nix's own words. */
  readonly message: string
}
