import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from '../model/ports.ts'

/** The port for jobs, and what the server counts and shows beside it. */
export interface MetricsRegistry extends Metrics {
  httpAnswered(route: string, method: string, status: number): void
  /** `queued`, `ignored`, `unauthorized`, `too-large`, `invalid`, `unavailable` */
  webhookReceived(forge: string, result: string): void
  /** Asked at each scrape; one that throws leaves the gauges out. */
  watchQueue(read: () => Promise<ReadonlyMap<string, QueueNumbers>>): void
  readonly contentType: string
  text(): Promise<string>
}

interface QueueNumbers {
  readonly waiting: number
  readonly active: number
  readonly oldestSeconds: number
}

/** Counts for Prometheus, in a registry of its own. */
export function createMetrics(): MetricsRegistry {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
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
  const machines = new Gauge({
    name: 'nixcluster_machines',
    help: 'Machines by repository and state.',
    labelNames: ['repository', 'state'],
    registers,
  })
  const queueJobs = new Gauge({
    name: 'nixcluster_queue_jobs',
    help: 'Jobs that wait or run, by kind.',
    labelNames: ['kind', 'state'],
    registers,
  })
  const queueAge = new Gauge({
    name: 'nixcluster_queue_oldest_seconds',
    help: 'How long the oldest waiting job has waited, by kind.',
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
      queueJobs.set({ kind, state: 'active' }, numbers.active)
      queueAge.set({ kind }, numbers.oldestSeconds)
    }
  }

  return {
    jobEnded: (kind, outcome, seconds) => jobs.observe({ kind, outcome }, seconds),
    deploymentEnded: (repository, result) => deployments.inc({ repository, result }),
    deliveriesMissed: (repository, count) => missed.inc({ repository }, count),
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
