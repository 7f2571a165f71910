import { expect, test } from 'vitest'
import type { Announce } from '../../src/jobs/announce.ts'
import { counted } from '../../src/jobs/counted.ts'
import type { Planned } from '../../src/jobs/plan.ts'
import type { Repository } from '../../src/jobs/repository.ts'
import type { Ticked } from '../../src/jobs/tick.ts'
import { inTrace, type Trace } from '../../src/log/trace.ts'
import { createMetrics } from '../../src/log/metrics.ts'
import type { Proposal } from '../../src/model/forge.ts'
import type { MachineEvent } from '../../src/model/remote.ts'

const repository = { name: 'fleet' } as Repository
const clock = { now: () => new Date(100_000), sleep: () => Promise.resolve() }

function setUp(planned = () => Promise.resolve()) {
  const told: string[] = []
  const announce = {
    planned,
    ticked: () => Promise.resolve(void told.push('tick')),
    machine: (_: Repository, { event }: MachineEvent) => void told.push(event),
  } as unknown as Announce
  const metrics = createMetrics('1.2.3')
  const numbers = async (): Promise<string[]> =>
    (await metrics.text())
      .split('\n')
      .filter((line) => /^nixcluster_(dep|mach|push.*(sum|count)|rollouts)/.test(line))
  return { told, numbers, announce: counted(announce, metrics, clock) }
}

test('a tick shows where the machines stand, and what is no longer so is 0', async () => {
  const { announce, numbers, told } = setUp()
  const tick = (...states: string[]): Promise<void> =>
    announce.ticked(repository, {
      decision: {
        standing: Object.fromEntries(states.map((state, index) => [index, { state }])),
        ledger: { rollouts: [{ state: 'done' }, { state: 'running' }] },
        waits: 'removal',
      },
    } as unknown as Ticked)
  await tick('current', 'current', 'deploying')
  await tick('current', 'current', 'current')
  expect(await numbers()).toEqual([
    'nixcluster_rollouts{repository="fleet",state="running"} 1',
    'nixcluster_rollouts{repository="fleet",state="waiting"} 1',
    'nixcluster_machines{repository="fleet",state="current"} 3',
    'nixcluster_machines{repository="fleet",state="deploying"} 0',
  ])
  expect(told).toEqual(['tick', 'tick'])
})

test('an attempt counts once, at its end', async () => {
  const { announce, numbers, told } = setUp()
  for (const event of ['copying', 'activating', 'confirmed', 'activating', 'rolled-back'] as const)
    announce.machine(repository, { machine: 'web1', event, n: 1, seq: 1, durationMs: 1 })
  expect(await numbers()).toEqual([
    'nixcluster_deployments_total{repository="fleet",result="confirmed"} 1',
    'nixcluster_deployments_total{repository="fleet",result="rolled-back"} 1',
  ])
  expect(told).toHaveLength(5)
})

test('a plan that was told, and a machine that is confirmed, are timed from the push that is why', async () => {
  const { announce, numbers } = setUp()
  const proposal = { id: '1' } as Proposal
  const plan = { kind: 'plan' } as unknown as Planned
  const confirmed = { machine: 'web1', event: 'confirmed', n: 1, seq: 1, durationMs: 1 } as const
  const tell = async (from: Trace['from'], receivedMs: number, planned = plan): Promise<void> =>
    inTrace({ id: 'a', from, receivedMs }, async () => {
      await announce.planned(repository, proposal, planned)
      announce.machine(repository, confirmed)
      announce.machine(repository, { ...confirmed, event: 'rolled-back' })
    })
  await tell('push', 70_000)
  await tell('push', 99_000, { kind: 'nothing' } as unknown as Planned)
  await tell('poll', 0)
  await tell('request', 0)
  expect((await numbers()).filter((line) => line.includes('push'))).toEqual([
    'nixcluster_push_to_plan_seconds_sum{repository="fleet"} 30',
    'nixcluster_push_to_plan_seconds_count{repository="fleet"} 1',
    'nixcluster_push_to_machine_seconds_sum{repository="fleet"} 31',
    'nixcluster_push_to_machine_seconds_count{repository="fleet"} 2',
  ])
})

test('a plan that could not be told is not timed', async () => {
  const { announce, numbers } = setUp(() => Promise.reject(new Error('the forge is away')))
  const telling = inTrace({ id: 'a', from: 'push', receivedMs: 1 }, () =>
    announce.planned(repository, { id: '1' } as Proposal, { kind: 'plan' } as unknown as Planned),
  )
  await expect(telling).rejects.toThrow('the forge is away')
  expect(await numbers()).toEqual([])
})
