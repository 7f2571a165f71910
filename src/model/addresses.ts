import ipaddr from 'ipaddr.js'
import type { Machine } from './inventory.ts'

export interface Address {
  /** Without the prefix length, in its usual spelling. */
  readonly ip: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
  readonly isLinkLocal: boolean
}

/** Reads `192.168.122.200/24`; undefined when it is no address in CIDR form. */
export function parseAddress(text: string): Address | undefined {
  // ipaddr.js also takes `1.2/24`, which nothing on a machine does.
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(text) && !ipaddr.IPv6.isValidCIDR(text))
    return undefined
  // Not by `ipaddr.parseCIDR`, which finds out what is IPv4 by an exception: slow in a large fleet.
  const [address, prefix] = familyOf(text).parseCIDR(text)
  return {
    ip: address.toString(),
    prefix,
    family: address.kind(),
    isLinkLocal: address.range() === 'linkLocal',
  }
}

/** Reads an address without prefix length. */
export function parseIp(text: string): Pick<Address, 'ip' | 'family' | 'isLinkLocal'> | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return undefined
  const address = familyOf(text).parse(text)
  return {
    ip: address.toString(),
    family: address.kind(),
    isLinkLocal: address.range() === 'linkLocal',
  }
}

/** Whether an address lies in the subnet of another in CIDR form. */
export function isInSubnet(ip: string, subnet: string): boolean {
  const family = familyOf(ip)
  if (family !== familyOf(subnet)) return false
  const [network, prefix] = family.parseCIDR(subnet)
  return family.parse(ip).match(network as never, prefix)
}

const familyOf = (text: string): typeof ipaddr.IPv4 | typeof ipaddr.IPv6 =>
  text.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4

type WithAddresses = Pick<Machine['interfaces'][number], 'addresses' | 'primary'>

/** The interface whose addresses are the host's: the one marked `primary`, else the only one that has some. */
export function primaryInterface<T extends WithAddresses>(interfaces: readonly T[]): T | undefined {
  const addressed = interfaces.filter((wire) => wire.addresses.length > 0)
  const marked = interfaces.find((wire) => wire.primary)
  return marked ?? (addressed.length === 1 ? addressed[0] : undefined)
}

const read = new WeakMap<WithAddresses, readonly Address[]>()

/** The addresses of an interface, without prefix lengths. */
export function ipsOf(wire: WithAddresses | undefined): readonly Address[] {
  if (wire === undefined) return []
  // Asked many times over: reading an address costs more than all else about an interface.
  const known = read.get(wire)
  if (known) return known
  const addresses = wire.addresses.flatMap((text) => parseAddress(text) ?? [])
  read.set(wire, addresses)
  return addresses
}

/** The first address of each family. */
export function firstOfEachFamily(addresses: readonly Address[]): Address[] {
  return (['ipv4', 'ipv6'] as const).flatMap(
    (family) => addresses.find((address) => address.family === family) ?? [],
  )
}
