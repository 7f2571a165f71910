import { Queue as BullQueue, type Job as BullJob, type JobsOptions } from 'bullmq'
import type { Redis } from 'ioredis'
import { currentTrace, readTrace, type Trace } from '../log/trace.ts'
import type { Job, Log, Queue } from '../model/ports.ts'
import { jobKinds } from '../model/role.ts'
import { createFailFastConnection, watch, type RedisAddress } from './connection.ts'

/** Jobs of one kind, in all processes that share the Redis. */
export interface QueueDepth {
  /** Could run now. */
  readonly waiting: number
  /** Put off until their time comes. */
  readonly delayed: number
  readonly active: number
  /**
   * How long the oldest that could run has waited; of one that is tried again, since it was tried last at
   * the most. One whose time has come and that nobody fetches waits, too.
   */
  readonly oldestSeconds: number
}

/** The port, and what `/readyz`, `/metrics` and the end of the controller need beside it. */
export interface RedisQueue extends Queue {
  /** True when Redis answers within a second. */
  isReady(): Promise<boolean>
  depths(): Promise<ReadonlyMap<Job['kind'], QueueDepth>>
  close(): Promise<void>
}

/** A job as it lies in Redis: beside it, what it comes of. */
export type TracedJob = Job & { readonly trace?: Trace }

/** The name of a kind's queue in Redis: each has one of its own. */
export const queueName = (kind: Job['kind']): string => `nixcluster-${kind}`

/** What makes two jobs the same: never a commit, so that the tip is what counts. */
export function deduplicationId(job: Job): string {
  switch (job.kind) {
    case 'look':
      return JSON.stringify([job.repository, job.ref ?? null])
    case 'plan':
    case 'comments':
    case 'show':
      return JSON.stringify([job.repository, job.proposal])
    case 'machine':
    case 'contact':
      return JSON.stringify([job.repository, job.machine])
    case 'command':
    case 'status':
      return JSON.stringify([job.repository, job.id])
    default:
      return JSON.stringify([job.repository])
  }
}

/** Adds jobs to Redis; throws at once when it is away, and comes back when it does. */
export function createQueue(address: RedisAddress, log: Log): RedisQueue {
  const connection = createFailFastConnection(address)
  const unwatch = watch(connection, log)
  const queues = new Map<Job['kind'], Promise<BullQueue<TracedJob>>>()

  function queueOf(kind: Job['kind']): Promise<BullQueue<TracedJob>> {
    // A BullMQ queue that was opened while Redis was away stays broken for good.
    if (connection.status !== 'ready') return Promise.reject(new Error('Redis does not answer'))
    const known = queues.get(kind)
    if (known !== undefined) return known
    const queue = openQueue(queueName(kind), connection)
    queues.set(kind, queue)
    queue.catch(() => queues.delete(kind))
    return queue
  }

  /**
   * A job that joins a twin hands its id on to it, so that the newest push is followed to its end; what
   * is polled takes nobody's place. One line has both ids.
   */
  async function handOn(queue: BullQueue<TracedJob>, id: string, trace: Trace): Promise<void> {
    const twin: BullJob<TracedJob> | undefined = await queue.getJob(id)
    const joins = readTrace(twin?.data.trace)?.id
    if (twin === undefined || joins === undefined || joins === trace.id) return
    const isPolled = trace.from === 'poll'
    log[isPolled ? 'debug' : 'info']({ kind: twin.name, joins }, 'the same job is there already')
    if (!isPolled) await twin.updateData({ ...twin.data, trace })
  }

  return {
    async add(job, { delayMs = 0 } = {}) {
      const trace = currentTrace()
      try {
        const queue = await queueOf(job.kind)
        const data = trace === undefined ? job : { ...job, trace }
        const { id } = await queue.add(job.kind, data, jobOptions(job, delayMs))
        // It is added: what comes now is about its id alone.
        if (trace && id !== undefined) await handOn(queue, id, trace).catch(() => {})
      } catch (cause) {
        throw new Error(`adding ${job.kind}: ${messageOf(cause)}`, { cause })
      }
    },
    async isReady() {
      if (connection.status !== 'ready') return false
      return connection.ping().then(
        () => true,
        () => false,
      )
    },
    async depths() {
      const depths = jobKinds.map(
        async (kind) => [kind, await depthOf(await queueOf(kind), connection)] as const,
      )
      return new Map(await Promise.all(depths))
    },
    async close() {
      unwatch()
      const opened = await Promise.allSettled(queues.values())
      await Promise.allSettled(
        opened.map((queue) => (queue.status === 'fulfilled' ? queue.value.close() : undefined)),
      )
      connection.disconnect()
    },
  }
}

async function openQueue(
  name: string,
  connection: ReturnType<typeof createFailFastConnection>,
): Promise<BullQueue<TracedJob>> {
  const queue = new BullQueue<TracedJob>(name, { connection })
  queue.on('error', () => {})
  await queue.waitUntilReady()
  return queue
}

function jobOptions(job: Job, delayMs: number): JobsOptions {
  return {
    deduplication: {
      id: deduplicationId(job),
      keepLastIfActive: true,
      // Without it, a push during a retry's delay would wait that out; with it, a delayed job that
      // is added again and again would never run.
      reschedule: delayMs === 0,
    },
    ...(delayMs === 0 ? {} : { delay: delayMs }),
    removeOnComplete: { count: 100 },
    removeOnFail: { count: 1000 },
  }
}

async function depthOf(queue: BullQueue<TracedJob>, connection: Redis): Promise<QueueDepth> {
  const [counts, [first], [, score]] = await Promise.all([
    queue.getJobCounts('waiting', 'delayed', 'active'),
    queue.getJobs(['waiting'], 0, 0, true),
    connection.zrange(queue.toKey('delayed'), '0', '0', 'WITHSCORES'),
  ])
  // What was put off did not wait; when it was tried again, only its last try is known.
  const since = first && Math.max(first.timestamp + (first.opts.delay ?? 0), first.processedOn ?? 0)
  // Its last 12 bits are a counter.
  const due = score && Math.floor(Number(score) / 0x1000)
  const oldest = Math.min(since ?? Infinity, due || Infinity)
  return {
    waiting: counts['waiting'] ?? 0,
    delayed: counts['delayed'] ?? 0,
    active: counts['active'] ?? 0,
    oldestSeconds: oldest === Infinity ? 0 : Math.max(0, (Date.now() - oldest) / 1000),
  }
}

const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause)
