import type { Ledger } from '../model/ledger.ts'

/** A machine of the wanted commit; `roles` are full domain names. */
export interface FleetMachine {
  readonly name: string
  readonly cluster: string
  readonly roles: readonly string[]
}

/** Where a machine stands, with a note for people. */
export interface Standing {
  readonly state:
    'current' | 'pending' | 'deploying' | 'held' | 'failed-evaluation' | 'lost' | 'unknown'
  readonly note?: string
}

/** Where each machine of the fleet stands, by name. */
export function standings(
  ledger: Ledger,
  fleet: readonly FleetMachine[],
): Readonly<Record<string, Standing>> {
  throw new Error(`not written yet: ${ledger.id} ${fleet.length}`)
}
