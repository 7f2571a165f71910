import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'

/** What a piece of work comes of; it goes with the jobs that the work adds, and stands in each log line. */
export interface Trace {
  /** At most 64 letters, digits, dots, dashes and underscores. */
  readonly id: string
  /** `push`: a forge or a hook told of one; `request`: anything else that somebody sent; `poll`: ourselves. */
  readonly from: 'push' | 'request' | 'poll'
  /** When it was heard of, in milliseconds since 1970. */
  readonly receivedMs: number
}

const storage = new AsyncLocalStorage<Trace>()

/** What the running code comes of; undefined where nothing said so. */
export const currentTrace = (): Trace | undefined => storage.getStore()

/** Runs work, and all that it starts, as coming of this. */
export const inTrace = <Result>(trace: Trace, work: () => Result): Result =>
  storage.run(trace, work)

/** Runs work as what a push asks for. */
export function asPush<Result>(work: () => Result): Result {
  const trace = currentTrace()
  return trace === undefined ? work() : inTrace({ ...trace, from: 'push' }, work)
}

/** Runs work that a push only occasions: its time is not the push's. */
export function besidePush<Result>(work: () => Result): Result {
  const trace = currentTrace()
  return trace?.from === 'push' ? inTrace({ ...trace, from: 'request' }, work) : work()
}

/** How long ago the push was heard of that the running code comes of; undefined where it comes of none. */
export function secondsSincePush(now: Date): number | undefined {
  const trace = currentTrace()
  if (trace?.from !== 'push') return undefined
  // The clock of the process that heard of it may be ahead of ours.
  return Math.max(0, (now.getTime() - trace.receivedMs) / 1000)
}

/** Begins something: under the id that the sender gave it, if that leaves anything, else under one of our own. */
export function createTrace(from: Trace['from'], now: Date, given?: string): Trace {
  const made = from === 'poll' ? `poll-${randomUUID()}` : randomUUID()
  return { id: cleanId(given ?? '') || made, from, receivedMs: now.getTime() }
}

/** A trace as it came with a job: others write to the same Redis. */
export function readTrace(value: unknown): Trace | undefined {
  const { id, from, receivedMs } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (typeof id !== 'string' || cleanId(id) === '' || typeof receivedMs !== 'number')
    return undefined
  return {
    id: cleanId(id),
    from: from === 'push' || from === 'poll' ? from : 'request',
    receivedMs,
  }
}

const cleanId = (id: string): string => id.replaceAll(/[^\w.-]/g, '').slice(0, 64)
