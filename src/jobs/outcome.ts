import {
  ForgeError,
  GitError,
  NotReadyError,
  TooLargeError,
  UnreachableError,
} from '../model/errors.ts'
import type { Outcome } from '../model/ports.ts'

export const done: Outcome = { kind: 'done' }

/** Decides, for every job alike, what follows from a failure of the world. */
export function toOutcome(error: unknown): Outcome {
  const reason = error instanceof Error ? describe(error) : String(error)
  if (error instanceof NotReadyError) {
    return { kind: 'retry', afterMs: error.retryAfterMs, reason }
  }
  if (error instanceof UnreachableError) return { kind: 'retry', afterMs: 15_000, reason }
  if (error instanceof GitError && error.kind === 'rejected') {
    // Somebody forbids the push: a person has to look, the poll asks again.
    return { kind: 'stop', reason }
  }
  // Next time it is as large.
  if (error instanceof TooLargeError) return { kind: 'stop', reason }
  if (error instanceof ForgeError && error.status >= 400 && error.status < 500) {
    // A refusal, of a token without permission for instance: the poll asks again as well.
    return { kind: 'stop', reason }
  }
  return { kind: 'retry', afterMs: 5_000, reason }
}

/** What was being done, innermost last. */
function describe(error: Error): string {
  const inner = error.cause instanceof Error ? describe(error.cause) : undefined
  return inner === undefined || error.message.includes(inner)
    ? error.message
    : `${error.message}: ${inner}`
}
