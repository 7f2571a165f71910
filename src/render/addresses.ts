import type { Interface, Machine } from '../model/inventory.ts'

/** An address in CIDR form, taken apart. */
export interface Address {
  readonly address: string
  readonly prefixLength: string
  readonly family: 'ipv4' | 'ipv6'
}

/** The static addresses of an interface, in the written order. */
export function addressesOf({ addresses }: Interface): readonly Address[] {
  return addresses.map((written) => {
    const [address = '', prefixLength] = written.split('/')
    const family = address.includes(':') ? 'ipv6' : 'ipv4'
    return { address, prefixLength: prefixLength ?? (family === 'ipv6' ? '128' : '32'), family }
  })
}

/** What the machine's own name stands for: the first address of each family at its primary interface. */
export function primaryAddresses({ interfaces }: Machine): readonly string[] {
  const withAddress = interfaces.filter(({ addresses }) => addresses.length > 0)
  const primary = withAddress.find((each) => each.primary) ?? withAddress[0]
  if (primary === undefined) return []
  const addresses = addressesOf(primary)
  return [...new Set(addresses.map(({ family }) => family))].map(
    (family) => addresses.find((each) => each.family === family)!.address,
  )
}

/** address -> every full name under which it answers, the machine's own first. */
export function namesByAddress(
  machine: Machine,
  namesOfServices: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>()
  const add = (address: string, name: string): void => {
    const known = names.get(address)
    if (known === undefined) names.set(address, [name])
    else if (!known.includes(name)) known.push(name)
  }
  const primary = primaryAddresses(machine)
  for (const address of primary) add(address, machine.name)
  for (const each of machine.interfaces)
    for (const { address } of addressesOf(each)) add(address, each.name)
  for (const name of namesOfServices) for (const address of primary) add(address, name)
  return names
}
