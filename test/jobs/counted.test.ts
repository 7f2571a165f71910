import { expect, test } from 'vitest'
import type { Announce } from '../../src/jobs/announce.ts'
import { counted } from '../../src/jobs/counted.ts'
import type { Repository } from '../../src/jobs/repository.ts'
import type { Ticked } from '../../src/jobs/tick.ts'
import { createMetrics } from '../../src/log/metrics.ts'
import type { MachineEvent } from '../../src/model/remote.ts'

const repository = { name: 'fleet' } as Repository

function setUp() {
  const told: string[] = []
  const announce = {
    ticked: () => Promise.resolve(void told.push('tick')),
    machine: (_: Repository, { event }: MachineEvent) => void told.push(event),
  } as unknown as Announce
  const metrics = createMetrics()
  const numbers = async (): Promise<string[]> =>
    (await metrics.text()).split('\n').filter((line) => /^nixcluster_(dep|mach)/.test(line))
  return { told, numbers, announce: counted(announce, metrics) }
}

test('a tick shows where the machines stand, and what is no longer so is 0', async () => {
  const { announce, numbers, told } = setUp()
  const tick = (...states: string[]): Promise<void> =>
    announce.ticked(repository, {
      decision: { standing: Object.fromEntries(states.map((state, index) => [index, { state }])) },
    } as unknown as Ticked)
  await tick('current', 'current', 'deploying')
  await tick('current', 'current', 'current')
  expect(await numbers()).toEqual([
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
