import type { PlanMemory } from '../model/ports.ts'
import type { Planned } from './plan.ts'
import type { Repository } from './repository.ts'

/** Which plans were told, so that what has not changed is not planned again. */
export interface PlannedProposals {
  /** Whether a plan of this very state was told, by this process or by another one. */
  has(repository: Repository, proposal: string, state: string): Promise<boolean>
  /** What this process told last. */
  last(repository: Repository, proposal: string): Planned | undefined
  keep(repository: Repository, proposal: string, state: string, planned: Planned): Promise<void>
  drop(repository: Repository, proposal: string): void
}

export interface PlannedPorts {
  readonly memory: PlanMemory
  readonly hash: (text: string) => string
  /** What makes another plan of the same state, beside the state. */
  readonly nixVersion: string
  readonly version: string
}

/** Plans with texts that this process keeps, so that one whose base moves can say so. */
const keptPlans = 50

/** Remembers plans in this process, and their states for all of them. */
export function createPlannedProposals(ports: PlannedPorts): PlannedProposals {
  const { memory, hash, nixVersion, version } = ports
  const here = new Map<string, { readonly state: string; readonly planned?: Planned }>()
  const keyOf = ({ name }: Repository, proposal: string): string => `${name} ${proposal}`
  const markOf = (state: string): string => hash(JSON.stringify([version, nixVersion, state]))

  return {
    async has(repository, proposal, state) {
      const key = keyOf(repository, proposal)
      if (here.get(key)?.state === state) return true
      if ((await memory.read(repository.name, proposal)) !== markOf(state)) return false
      here.set(key, { state })
      return true
    },
    last: (repository, proposal) => here.get(keyOf(repository, proposal))?.planned,
    async keep(repository, proposal, state, planned) {
      const key = keyOf(repository, proposal)
      here.delete(key)
      here.set(key, { state, planned })
      const withPlan = [...here].filter(([, known]) => known.planned !== undefined)
      for (const [old, { state }] of withPlan.slice(0, -keptPlans)) here.set(old, { state })
      // What could not be evaluated may be by another process, or after a restart.
      const isWhole = planned.kind !== 'plan' || planned.plan.failures.length === 0
      if (isWhole) await memory.write(repository.name, proposal, markOf(state))
    },
    drop: (repository, proposal) => void here.delete(keyOf(repository, proposal)),
  }
}
