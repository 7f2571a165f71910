import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from '../model/ports.ts'

/** The port for jobs, and what the server counts and shows beside it. */
export interface MetricsRegistry extends Metrics {
  httpAnswered(route: string, method: string, status: number): void
  /** `queued`, `ignored`, `unauthorized`, `invalid`, `unavailable` */
  webhookReceived(forge: string, result: string): void
  /** Asked at each scrape; one that throws leaves the gauges out. */
  watchQueue(read: () => Promise<ReadonlyMap<string, QueueNumbers>>): void
  readonly contentType: string
  text(): Promise<string>
}

interface QueueNumbers {
  readonly waiting: number
  readonly delayed: number
  readonly active: number
  readonly oldestSeconds: number
}

/** Seconds. */
const untilAnHour = [1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600]

/** Counts for Prometheus, in a registry of its own. */
export function createMetrics(version: string): MetricsRegistry {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'nixcluster_build_info',
    help: '1, with the version that runs.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1)
  const http = new Counter({
    name: 'nixcluster_http_requests_total',
    help: 'HTTP requests by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    registers,
  })
  const webhooks = new Counter({
    name: 'nixcluster_webhooks_total',
    help: 'Webhooks and hooks by forge and what became of them.',
    labelNames: ['forge', 'result'],
    registers,
  })
  const jobs = new Histogram({
    name: 'nixcluster_job_seconds',
    help: 'Time of jobs by kind and outcome.',
    labelNames: ['kind', 'outcome'],
    buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1800],
    registers,
  })
  const deployments = new Counter({
    name: 'nixcluster_deployments_total',
    help: 'Attempts at machines by repository and result.',
    labelNames: ['repository', 'result'],
    registers,
  })
  const missed = new Counter({
    name: 'nixcluster_missed_deliveries_total',
    help: 'Webhooks that had not arrived and were asked for again, by repository.',
    labelNames: ['repository'],
    registers,
  })
  const pushToPlan = new Histogram({
    name: 'nixcluster_push_to_plan_seconds',
    help: 'From hearing of a push or pull request until its plan was told, by repository.',
    labelNames: ['repository'],
    buckets: untilAnHour,
    registers,
  })
  const pushToMachine = new Histogram({
    name: 'nixcluster_push_to_machine_seconds',
    help: 'From hearing of a push until a machine was confirmed, by repository.',
    labelNames: ['repository'],
    buckets: untilAnHour,
    registers,
  })
  const polls = new Gauge({
    name: 'nixcluster_last_poll_timestamp_seconds',
    help: 'When everything of a repository was last looked at with success, in Unix time.',
    labelNames: ['repository'],
    registers,
  })
  const rollouts = new Gauge({
    name: 'nixcluster_rollouts',
    help: 'Rollouts that run, and whether one waits for a person, by repository.',
    labelNames: ['repository', 'state'],
    registers,
  })
  const machines = new Gauge({
    name: 'nixcluster_machines',
    help: 'Machines by repository and state.',
    labelNames: ['repository', 'state'],
    registers,
  })
  const queueJobs = new Gauge({
    name: 'nixcluster_queue_jobs',
    help: 'Jobs that could run (waiting), are put off (delayed) or run (active), by kind.',
    labelNames: ['kind', 'state'],
    registers,
  })
  const queueAge = new Gauge({
    name: 'nixcluster_queue_oldest_seconds',
    help: 'How long the oldest job that could run has waited, by kind.',
    labelNames: ['kind'],
    registers,
  })
  let readQueue = async (): Promise<ReadonlyMap<string, QueueNumbers>> => new Map()
  const states = new Map<string, Set<string>>()

  async function readGauges(): Promise<void> {
    queueJobs.reset()
    queueAge.reset()
    for (const [kind, numbers] of await readQueue()) {
      queueJobs.set({ kind, state: 'waiting' }, numbers.waiting)
      queueJobs.set({ kind, state: 'delayed' }, numbers.delayed)
      queueJobs.set({ kind, state: 'active' }, numbers.active)
      queueAge.set({ kind }, numbers.oldestSeconds)
    }
  }

  return {
    jobEnded: (kind, outcome, seconds) => jobs.observe({ kind, outcome }, seconds),
    deploymentEnded: (repository, result) => deployments.inc({ repository, result }),
    deliveriesMissed: (repository, count) => missed.inc({ repository }, count),
    planTold: (repository, seconds) => pushToPlan.observe({ repository }, seconds),
    machineReached: (repository, seconds) => pushToMachine.observe({ repository }, seconds),
    polled: (repository, at) => polls.set({ repository }, at.getTime() / 1000),
    rolloutsSeen(repository, counts) {
      for (const state of ['running', 'waiting'] as const)
        rollouts.set({ repository, state }, counts[state])
    },
    machinesSeen(repository, counts) {
      const seen = states.get(repository) ?? new Set()
      states.set(repository, seen)
      for (const state of Object.keys(counts)) seen.add(state)
      for (const state of seen) machines.set({ repository, state }, counts[state] ?? 0)
    },
    httpAnswered: (route, method, status) => http.inc({ route, method, status }),
    webhookReceived: (forge, result) => webhooks.inc({ forge, result }),
    watchQueue: (read) => void (readQueue = read),
    contentType: registry.contentType,
    async text() {
      // Everything else is worth reading when Redis is away.
      await readGauges().catch(() => {})
      return registry.metrics()
    },
  }
}
