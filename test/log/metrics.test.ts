import { expect, test } from 'vitest'
import { createMetrics } from '../../src/log/metrics.ts'

test('what is counted is shown', async () => {
  const metrics = createMetrics()
  metrics.jobEnded('publish', 'done', 0.2)
  metrics.deploymentEnded('fleet', 'rolled-back')
  metrics.machinesSeen('fleet', { current: 2, affected: 1 })
  metrics.machinesSeen('fleet', { current: 3 })
  metrics.watchQueue(
    async () => new Map([['publish', { waiting: 4, active: 1, oldestSeconds: 7 }]]),
  )
  const text = await metrics.text()
  for (const line of [
    'nixcluster_job_seconds_count{kind="publish",outcome="done"} 1',
    'nixcluster_deployments_total{repository="fleet",result="rolled-back"} 1',
    'nixcluster_machines{repository="fleet",state="current"} 3',
    'nixcluster_machines{repository="fleet",state="affected"} 0',
    'nixcluster_queue_jobs{kind="publish",state="waiting"} 4',
    'nixcluster_queue_oldest_seconds{kind="publish"} 7',
    'process_cpu_seconds_total ',
  ]) {
    expect(text).toContain(line)
  }
})

test('with the queue away the other numbers are still shown', async () => {
  const metrics = createMetrics()
  metrics.watchQueue(() => Promise.reject(new Error('Redis does not answer')))
  expect(await metrics.text()).toContain('process_cpu_seconds_total ')
})
