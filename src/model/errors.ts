/** Failures of the world; a user's mistake is a `Diagnostic` instead. */

/** A program ended badly or did not end in time. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly command: string
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  readonly timedOut: boolean
  /** What it took too much of, where it was ended for that. */
  readonly limit: 'time' | 'memory' | 'output' | undefined
  readonly stderr: string

  constructor(
    message: string,
    details: {
      command: string
      exitCode?: number | undefined
      signal?: string | undefined
      timedOut?: boolean
      limit?: 'time' | 'memory' | 'output' | undefined
      stderr?: string
    },
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.command = details.command
    this.exitCode = details.exitCode
    this.signal = details.signal
    this.timedOut = details.timedOut ?? details.limit === 'time'
    this.limit = details.limit
    this.stderr = details.stderr ?? ''
  }
}

type GitFailure = 'rejected' | 'missing' | 'unreachable' | 'other'

/** We cannot do our work where we are: a line for each thing that somebody has to mend. */
export class ObstaclesError extends Error {
  override readonly name = 'ObstaclesError'
  readonly obstacles: readonly string[]

  constructor(obstacles: readonly string[]) {
    super(obstacles.join('; '))
    this.obstacles = obstacles
  }
}

/** Git said no: `rejected` by a lease or a hook, `missing` ref or object, `unreachable` remote, `other`. */
export class GitError extends Error {
  override readonly name = 'GitError'
  readonly kind: GitFailure

  constructor(kind: GitFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** A tree or a file is so large, or a configuration takes so long, that it is not read to its end. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
}

/** A forge answered with a status that is no success. */
export class ForgeError extends Error {
  override readonly name = 'ForgeError'
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** Not a failure: the thing asked for cannot be had yet. */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError'
  readonly retryAfterMs: number

  constructor(message: string, retryAfterMs: number, options?: ErrorOptions) {
    super(message, options)
    this.retryAfterMs = retryAfterMs
  }
}

/** A machine does not answer SSH, or its host key is not the known one. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
  /** Somebody answers, with another host key than the known one. */
  readonly isStranger: boolean

  constructor(
    message: string,
    { isStranger = false, ...options }: ErrorOptions & { readonly isStranger?: boolean } = {},
  ) {
    super(message, options)
    this.isStranger = isStranger
  }
}
