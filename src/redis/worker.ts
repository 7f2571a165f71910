import { setTimeout as pause } from 'node:timers/promises'
import { DelayedError, UnrecoverableError, Worker, type Job as BullJob } from 'bullmq'
import { redactText } from '../log/redact.ts'
import { createTrace, inTrace, readTrace } from '../log/trace.ts'
import type { Job, Log, Metrics, Outcome } from '../model/ports.ts'
import { createPatientConnection, type RedisAddress } from './connection.ts'
import { deduplicationId, queueName, type TracedJob } from './queue.ts'

/** Runs jobs until it is closed. */
export interface RedisWorker {
  /**
   * Takes no more jobs, waits so long for those at machines and for the others, in milliseconds, and leaves
   * what runs then to the next worker.
   */
  close(limits: { readonly machineMs: number; readonly othersMs: number }): Promise<void>
}

export interface WorkerOptions {
  readonly address: RedisAddress
  /** Others are left to other processes. */
  readonly kinds: readonly Job['kind'][]
  readonly handle: (job: Job) => Promise<Outcome>
  readonly log: Log
  readonly metrics?: Metrics
}

/** Jobs of one kind that run at a time: machines wait for SSH, the others for the processor. */
const concurrency: Readonly<Record<Job['kind'], number>> = {
  look: 8,
  publish: 2,
  plan: 2,
  evaluate: 2,
  rollout: 4,
  machine: 50,
  contact: 20,
  comments: 2,
  command: 2,
  status: 4,
  tidy: 2,
  show: 1,
}

/** How long Redis may take to hear how the last job ended, in milliseconds. */
const graceMs = 2_000

/** Starts workers for these kinds of jobs; the only place that turns outcomes into BullMQ's. */
export function startWorker({ address, kinds, handle, log, metrics }: WorkerOptions): RedisWorker {
  const connection = createPatientConnection(address)
  const running = new Map<Promise<Outcome>, Job['kind']>()
  const workers = kinds.map((kind) => {
    const worker = new Worker<TracedJob>(
      queueName(kind),
      (job, token) => process(job, token ?? ''),
      {
        connection,
        concurrency: concurrency[kind],
        lockDuration: 10_000,
        stalledInterval: 5_000,
        // A worker that is killed again and again is no reason to give the job up.
        maxStalledCount: 1_000_000,
        runRetryDelay: 1_000,
      },
    )
    worker.on('error', (error) => log.debug({ kind, error: error.message }, 'queue error'))
    worker.on('stalled', (id) => log.warn({ kind, id }, 'a job was taken over from a lost worker'))
    return worker
  })

  async function process(job: BullJob<TracedJob>, token: string): Promise<void> {
    const started = performance.now()
    const { trace, ...data } = job.data
    const outcome = await inTrace(readTrace(trace) ?? createTrace('poll', new Date()), () =>
      outcomeOf(data, job.attemptsMade),
    )
    metrics?.jobEnded(
      job.data.kind,
      outcome.thrown ? 'thrown' : outcome.kind,
      (performance.now() - started) / 1000,
    )
    switch (outcome.kind) {
      case 'done':
        return
      case 'stop':
        // Redis keeps it.
        throw new UnrecoverableError(redactText(outcome.reason, []))
      case 'retry':
        await job.moveToDelayed(Date.now() + outcome.afterMs, token)
        await runAgainIfAsked(job)
        throw new DelayedError()
    }
  }

  async function outcomeOf(job: Job, attempts: number): Promise<Outcome & { thrown?: true }> {
    const handling = handle(job)
    running.set(handling, job.kind)
    try {
      return await handling
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      log.error({ job, err: error }, `${job.kind}: ${reason}`)
      // What happens to a machine next is decided from its ledger, never by the queue.
      if (job.kind === 'machine') return { kind: 'stop', reason, thrown: true }
      return { kind: 'retry', afterMs: delayAfter(attempts), reason, thrown: true }
    } finally {
      running.delete(handling)
    }
  }

  /** A twin that was added while the job ran must not wait out the job's delay. */
  async function runAgainIfAsked(job: BullJob<TracedJob>): Promise<void> {
    const key = (name: string): string => `bull:${queueName(job.data.kind)}:${name}`
    const asked = await connection.eval(
      `if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return redis.call('DEL', KEYS[2]) end return 0`,
      2,
      key('delayed'),
      key(`dn:${deduplicationId(job.data)}`),
      job.id ?? '',
    )
    if (asked === 1) await job.promote()
  }

  /** Resolves once no job of these kinds runs. */
  async function ended(isMeant: (kind: Job['kind']) => boolean): Promise<void> {
    const meant = () => [...running].filter(([, kind]) => isMeant(kind)).map(([job]) => job)
    for (let jobs = meant(); jobs.length > 0; jobs = meant()) await Promise.allSettled(jobs)
  }

  return {
    async close({ machineMs, othersMs }) {
      const closed = Promise.allSettled(workers.map((worker) => worker.close()))
      const enough = Promise.all([
        ended((kind) => kind === 'machine'),
        Promise.race([ended(() => true), passed(othersMs)]),
        // Without Redis a worker waits for it for ever, whether it has a job or not.
      ]).then(() => passed(graceMs))
      await Promise.race([closed, enough, passed(machineMs)])
      connection.disconnect()
    },
  }
}

const passed = (ms: number): Promise<void> => pause(ms, undefined, { ref: false })

/** Milliseconds until a job that threw is tried again: one second, doubled up to a minute. */
export function delayAfter(attempts: number): number {
  return Math.min(1000 * 2 ** attempts, 60_000)
}
