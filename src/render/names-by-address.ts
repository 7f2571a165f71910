import { firstOfEachFamily, ipsOf, primaryInterface } from '../model/addresses.ts'
import type { Host } from '../model/inventory.ts'
import { ownInterfaces } from '../model/names.ts'

/** address -> every full name under which it answers, the host's own first. */
export function namesByAddress(
  host: Host,
  namesOfServices: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, Set<string>>()
  const add = (address: string, name: string): void => {
    const known = names.get(address)
    if (known === undefined) names.set(address, new Set([name]))
    else known.add(name)
  }
  const primary = firstOfEachFamily(ipsOf(primaryInterface(host.interfaces)))
  for (const { ip } of primary) add(ip, host.name)
  for (const each of ownInterfaces(host)) for (const { ip } of ipsOf(each)) add(ip, each.name)
  for (const name of namesOfServices) for (const { ip } of primary) add(ip, name)
  return new Map([...names].map(([address, known]) => [address, [...known]]))
}
