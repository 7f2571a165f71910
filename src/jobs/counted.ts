import type { Metrics } from '../model/ports.ts'
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

/** Counts what is told: how attempts end, and where the machines stand after each tick. */
export function counted(announce: Announce, metrics: Metrics): Announce {
  return {
    ...announce,
    ticked(repository, ticked, evaluated) {
      const states: Record<string, number> = {}
      for (const { state } of Object.values(ticked.decision.standing)) {
        states[state] = (states[state] ?? 0) + 1
      }
      metrics.machinesSeen(repository.name, states)
      return announce.ticked(repository, ticked, evaluated)
    },
    machine(repository, event) {
      if (ends.includes(event.event)) metrics.deploymentEnded(repository.name, event.event)
      announce.machine(repository, event)
    },
  }
}
