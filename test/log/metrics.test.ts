import { expect, test } from 'vitest'
import { createMetrics } from '../../src/log/metrics.ts'

test('what is counted is shown', async () => {
  const metrics = createMetrics('1.2.3')
  metrics.jobEnded('publish', 'done', 0.2)
  metrics.deploymentEnded('fleet', 'rolled-back')
  metrics.machinesSeen('fleet', { current: 2, affected: 1 })
  metrics.machinesSeen('fleet', { current: 3 })
  metrics.planTold('fleet', 42)
  metrics.machineReached('fleet', 4000)
  metrics.polled('fleet', new Date(1_700_000_000_000))
  metrics.rolloutsSeen('fleet', { running: 1, waiting: 0 })
  metrics.watchQueue(
    async () => new Map([['publish', { waiting: 4, delayed: 2, active: 1, oldestSeconds: 7 }]]),
  )
  const text = await metrics.text()
  for (const line of [
    'nixcluster_job_seconds_count{kind="publish",outcome="done"} 1',
    'nixcluster_deployments_total{repository="fleet",result="rolled-back"} 1',
    'nixcluster_machines{repository="fleet",state="current"} 3',
    'nixcluster_machines{repository="fleet",state="affected"} 0',
    'nixcluster_queue_jobs{kind="publish",state="waiting"} 4',
    'nixcluster_queue_jobs{kind="publish",state="delayed"} 2',
    'nixcluster_queue_oldest_seconds{kind="publish"} 7',
    'nixcluster_build_info{version="1.2.3"} 1',
    'nixcluster_last_poll_timestamp_seconds{repository="fleet"} 1700000000',
    'nixcluster_rollouts{repository="fleet",state="running"} 1',
    'nixcluster_rollouts{repository="fleet",state="waiting"} 0',
    'nixcluster_push_to_plan_seconds_bucket{le="60",repository="fleet"} 1',
    'nixcluster_push_to_plan_seconds_sum{repository="fleet"} 42',
    'nixcluster_push_to_machine_seconds_bucket{le="3600",repository="fleet"} 0',
    'nixcluster_push_to_machine_seconds_bucket{le="+Inf",repository="fleet"} 1',
    'process_cpu_seconds_total ',
  ]) {
    expect(text).toContain(line)
  }
})

test('with the queue away the other numbers are still shown', async () => {
  const metrics = createMetrics('1.2.3')
  metrics.watchQueue(() => Promise.reject(new Error('Redis does not answer')))
  expect(await metrics.text()).toContain('process_cpu_seconds_total ')
})
