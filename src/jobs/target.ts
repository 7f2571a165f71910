import type { Machine } from '../model/inventory.ts'
import type { Ledger } from '../model/ledger.ts'
import type { Target } from '../model/remote.ts'

/** How a machine of the inventory is reached; the host key is the YAML's, else the ledger's. */
export function targetOf({ name, deployment }: Machine, ledger: Ledger): Target {
  const hostKey = deployment.hostKey ?? ledger.machines[name]?.hostKey
  return { ...deployment, name, ...(hostKey === undefined ? {} : { hostKey }) }
}
