import { secondsSincePush } from '../log/trace.ts'
import type { Clock, Metrics } from '../model/ports.ts'
import type { MachineEvent } from '../model/remote.ts'
import type { Announce } from './announce.ts'

/** Events that end an attempt at a machine. */
const ends: readonly MachineEvent['event'][] = [
  'confirmed',
  'unhealthy',
  'rolled-back',
  'failed',
  'not-started',
  'lost',
]

/**
 * Counts what is told: plans, how attempts end, and where machines and rollouts stand after each tick; with
 * the time since the push, where one is why.
 */
export function counted(announce: Announce, metrics: Metrics, clock: Clock): Announce {
  return {
    ...announce,
    async planned(repository, proposal, planned) {
      await announce.planned(repository, proposal, planned)
      const seconds = secondsSincePush(clock.now())
      if (seconds !== undefined && planned.kind !== 'nothing')
        metrics.planTold(repository.name, seconds)
    },
    ticked(repository, ticked, evaluated) {
      const states: Record<string, number> = {}
      for (const { state } of Object.values(ticked.decision.standing)) {
        states[state] = (states[state] ?? 0) + 1
      }
      metrics.machinesSeen(repository.name, states)
      const { ledger, waits } = ticked.decision
      metrics.rolloutsSeen(repository.name, {
        running: ledger.rollouts.filter(({ state }) => state === 'running').length,
        waiting: waits === undefined ? 0 : 1,
      })
      return announce.ticked(repository, ticked, evaluated)
    },
    machine(repository, event) {
      if (ends.includes(event.event)) metrics.deploymentEnded(repository.name, event.event)
      const seconds = secondsSincePush(clock.now())
      if (seconds !== undefined && event.event === 'confirmed')
        metrics.machineReached(repository.name, seconds)
      announce.machine(repository, event)
    },
  }
}
