import { asPush } from '../log/trace.ts'
import type { Job, Log, Queue } from '../model/ports.ts'

/** Whoever waits for us gives up after ten seconds, and a hanging queue must not use these up. */
const limitMs = 900

/** What a push asks for; the rest are words of people. */
const pushed: readonly Job['kind'][] = ['look', 'publish', 'plan']

/** Adds jobs; false within a second when the queue is away: the sender sees 503, the poll repairs. */
export async function enqueue(queue: Queue, log: Log, jobs: readonly Job[]): Promise<boolean> {
  const add = (job: Job): Promise<void> =>
    pushed.includes(job.kind) ? asPush(() => queue.add(job)) : queue.add(job)
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${limitMs} ms`)), limitMs)
  })
  try {
    await Promise.race([Promise.all(jobs.map(add)), timeout])
    return true
  } catch (error) {
    log.error({ err: error, jobs }, 'the queue is away')
    return false
  } finally {
    clearTimeout(timer)
  }
}
