import {
  isInSubnet,
  parseAddress,
  parseIp,
  primaryInterface,
  type Address,
} from '../model/addresses.ts'
import type { Position } from '../model/diagnostic.ts'
import type { Interface } from '../model/inventory.ts'
import { sortByName } from '../model/names.ts'
import type { DeclaredInterface, Fleet } from '../schema/fleet.ts'
import { below, byKey, type Complaints } from './complaints.ts'

/** Machine -> its interfaces, addresses and gateways checked over the whole fleet. */
export function machineInterfaces(
  fleet: Fleet,
  complaints: Complaints,
): ReadonlyMap<string, readonly Interface[]> {
  const owners = new Map<string, { host: string; at: Position }>()
  const byMachine = Map.groupBy(
    sortByName(fleet.interfaces, ({ name }) => name),
    ({ parent }) => parent,
  )
  return new Map(
    [...byMachine].map(([machine, wires]) => {
      const interfaces = wires.map((wire) => toInterface(wire, owners, complaints))
      checkPrimary(machine, wires, interfaces, complaints)
      checkGateways(machine, wires, complaints)
      return [machine, interfaces]
    }),
  )
}

function toInterface(
  wire: DeclaredInterface,
  owners: Map<string, { host: string; at: Position }>,
  complaints: Complaints,
): Interface {
  const { body, place, name, label, written } = wire
  const addresses: string[] = []
  for (const [index, text] of (body.addresses ?? []).entries()) {
    if (typeof text !== 'string') continue
    const at = below(place, 'addresses', index)
    const address = readAddress(text, at, complaints)
    if (!address) continue
    addresses.push(text)
    if (!address.isLinkLocal) claim(address, wire.parent, at, owners, complaints)
  }
  return {
    kind: 'interface',
    name,
    label,
    at: wire.at,
    device: body.device ?? written,
    addresses,
    dhcp: body.dhcp ?? false,
    ...(body.gateway === undefined ? {} : { gateway: body.gateway }),
    primary: body.primary ?? false,
    configure: body.configure ?? true,
  }
}

function readAddress(text: string, at: Position, complaints: Complaints): Address | undefined {
  const address = parseAddress(text)
  if (address) return address
  const single = parseIp(text)
  const hint = single
    ? `add the length of its network, for example ${text}/${single.family === 'ipv4' ? 24 : 64}`
    : 'for example 192.168.122.200/24 or fd00::200/64'
  complaints.error('compile/address', `'${text}' is no address with a prefix length`, at, hint)
  return undefined
}

function claim(
  { ip }: Address,
  host: string,
  at: Position,
  owners: Map<string, { host: string; at: Position }>,
  complaints: Complaints,
): void {
  const owner = owners.get(ip)
  if (!owner) {
    owners.set(ip, { host, at })
    return
  }
  if (owner.host === host) return
  complaints.add({
    severity: 'error',
    code: 'compile/duplicate-address',
    message: `${ip} is an address of ${owner.host} too`,
    at,
    related: owner.at,
  })
}

function checkPrimary(
  machine: string,
  wires: readonly DeclaredInterface[],
  interfaces: readonly Interface[],
  complaints: Complaints,
): void {
  const marked = interfaces.filter(({ primary }) => primary)
  if (marked.length > 1) {
    const at = below(wires.find(({ name }) => name === marked[1]!.name)!.place, 'primary')
    complaints.error('compile/primary', `${machine} has two primary interfaces`, at)
  }
  const addressed = interfaces.filter(({ addresses }) => addresses.length > 0)
  if (addressed.length < 2 || primaryInterface(interfaces)) return
  const labels = addressed.map(({ label }) => label).join(', ')
  complaints.error(
    'compile/primary',
    `${machine} has addresses at several interfaces: ${labels}`,
    byKey({ ...wires[0]!.place, path: wires[0]!.place.path.slice(0, -1) }),
    'mark the one that others reach it by with primary: true',
  )
}

function checkGateways(
  machine: string,
  wires: readonly DeclaredInterface[],
  complaints: Complaints,
): void {
  const families = new Set<string>()
  for (const { body, place } of wires) {
    if (body.gateway === undefined) continue
    const at = below(place, 'gateway')
    const gateway = parseIp(body.gateway)
    if (!gateway) {
      const message = `'${body.gateway}' is no address`
      complaints.error('compile/address', message, at, 'for example 192.168.122.1')
      continue
    }
    if (families.has(gateway.family)) {
      const family = gateway.family === 'ipv4' ? 'IPv4' : 'IPv6'
      complaints.error('compile/gateway', `${machine} has two gateways for ${family}`, at)
    }
    families.add(gateway.family)
    const subnets = (body.addresses ?? []).filter((text) => {
      const address = typeof text === 'string' ? parseAddress(text) : undefined
      return address?.family === gateway.family
    })
    const isHostRoute = subnets.some((text) => /\/(32|128)$/.test(text))
    const isInside = subnets.some((text) => isInSubnet(gateway.ip, text))
    if (subnets.length === 0 || isInside || isHostRoute || gateway.isLinkLocal) continue
    const message = `the gateway ${gateway.ip} is outside of ${subnets.join(', ')}`
    complaints.error('compile/gateway', message, at)
  }
}
