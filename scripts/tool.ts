/** Something the project needs from outside npm. */
export interface Tool {
  readonly name: string
  /** What a setup would do, where it goes and how long it takes, in one line. */
  readonly plan: string
  /** True when it is there; what the machine has in a good version is linked and counts. */
  isReady(): Promise<boolean>
  /** What only the person at the machine can do before it can be brought; undefined where nothing is. */
  obstacle(): Promise<string | undefined>
  /** Brings it, where there is no obstacle. */
  install(): Promise<void>
}

/** What only the person at the machine can mend, in one line. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}
