/** Something the project needs from outside npm. */
export interface Tool {
  readonly name: string
  /** What a setup would do, where it goes and how long it takes, in one line. */
  readonly plan: string
  /** True when it is there; what the machine has in a good version is linked and counts. */
  isReady(): Promise<boolean>
  /** Brings it; throws a `SetupError` when that needs somebody else. */
  install(): Promise<void>
}

/** What only the person at the machine can mend, in one line. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}
