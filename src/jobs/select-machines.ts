import type { Inventory } from '../model/inventory.ts'
import { resolve } from '../selectors/resolve.ts'

/** What a person's selector means in a fleet. */
export interface SelectedMachines {
  /** Full names, in the inventory's order; a virtual host's machine, since both are deployed as one. */
  readonly machines: readonly string[]
  /** Why there are none. */
  readonly problem?: string
}

/** Looks a selector up in the whole fleet. */
export function selectMachines(selector: string, inventory: Inventory): SelectedMachines {
  const { hosts, complaints } = resolve(selector, inventory)
  const error = complaints.find(({ severity }) => severity === 'error')
  if (error !== undefined) {
    const { code, message, hint } = error
    // The other hints are for files and for `nixcluster resolve`.
    const isOurs = code === 'selectors/no-match' || code === 'selectors/syntax'
    return { machines: [], problem: isOurs && hint ? `${message}; ${hint}` : message }
  }
  const machineOf = new Map(inventory.virtualHosts.map(({ name, machine }) => [name, machine]))
  const meant = new Set(hosts.map((host) => machineOf.get(host) ?? host))
  return { machines: inventory.machines.map(({ name }) => name).filter((name) => meant.has(name)) }
}
