import { parseAddress, parseIp, primaryInterface, type Address } from '../model/addresses.ts'
import type { Position } from '../model/diagnostic.ts'
import type { Interface } from '../model/inventory.ts'
import { parentName, sortByName } from '../model/names.ts'
import type { DeclaredInterface, Fleet } from '../schema/fleet.ts'
import { below, byKey, type Complaints } from './complaints.ts'
import {
  checkGateways,
  readGateways,
  withoutPrefix,
  withoutZone,
  type Gateway,
} from './gateways.ts'
import { checkMembers, deviceNames, longestDevice, readNetdev, type Devices } from './netdevs.ts'

/** The interfaces of a fleet. */
export interface Wires {
  /** Host -> its interfaces. */
  readonly interfaces: ReadonlyMap<string, readonly Interface[]>
  /** Who has each address and MAC address that only one may have. */
  readonly owners: ReadonlyMap<string, Owner>
}

/** The interfaces of all hosts; what must be unique is checked over the whole fleet. */
export function hostInterfaces(
  fleet: Pick<Fleet, 'machines' | 'interfaces'>,
  complaints: Complaints,
): Wires {
  const { claim, owners } = createClaims(complaints)
  const onlyDescribed = new Set(
    fleet.machines.flatMap(({ name, body }) => (body.render?.interfaces === false ? [name] : [])),
  )
  const byHost = Map.groupBy(
    sortByName(fleet.interfaces, ({ name }) => name),
    ({ parent }) => parent,
  )
  const interfaces = new Map(
    [...byHost].map(([host, wires]) => {
      const devices = deviceNames(wires)
      const gateways = wires.map((wire) => readGateways(wire, complaints))
      const own = wires.map((wire, index) => {
        const configure = (wire.body.configure ?? true) && !onlyDescribed.has(host)
        return toInterface(wire, gateways[index]!, devices, configure, claim, complaints)
      })
      checkDevices(host, wires, own, complaints)
      checkMembers(host, wires, own, complaints)
      checkPrimary(host, wires, own, complaints)
      // Those of DHCP and of what only describes are no routes of ours.
      const set = gateways.filter((_, at) => own[at]!.configure && !own[at]!.dhcp)
      checkGateways(host, set.flat(), complaints)
      return [host, own]
    }),
  )
  return { interfaces, owners }
}

function toInterface(
  wire: DeclaredInterface,
  gateways: readonly Gateway[],
  devices: Devices,
  configure: boolean,
  claim: Claim,
  complaints: Complaints,
): Interface {
  const { body, place, name, label } = wire
  const addresses: string[] = []
  for (const [index, text] of (body.addresses ?? []).entries()) {
    if (typeof text !== 'string') continue
    const at = below(place, 'addresses', index)
    const address = readAddress(text, at, complaints)
    if (!address) continue
    addresses.push(text)
    if (!address.isLinkLocal) claim(address.ip, 'an address', name, at)
  }
  const netdev = readNetdev(wire, devices, complaints)
  const mac = body.mac?.toLowerCase()
  if (mac !== undefined) {
    const at = below(place, 'mac')
    claim(mac, 'the MAC address', name, at)
    if (netdev)
      complaints.error(
        'compile/mac',
        `mac finds hardware, and ${label} is a ${netdev.kind}`,
        byKey(at),
        `write it at ${netdev.kind === 'vlan' ? 'the interface that carries it' : 'its members'}`,
      )
  }
  return {
    kind: 'interface',
    name,
    label,
    at: wire.at,
    device: devices.get(label)!,
    addresses,
    dhcp: body.dhcp ?? false,
    gateways: gateways.map(({ ip }) => ip),
    nameservers: readNameservers(wire, complaints),
    ...(mac === undefined ? {} : { mac }),
    ...(body.mtu === undefined ? {} : { mtu: body.mtu }),
    ...(netdev ? { netdev } : {}),
    primary: body.primary ?? false,
    configure,
  }
}

function readAddress(text: string, at: Position, complaints: Complaints): Address | undefined {
  const address = parseAddress(text)
  if (address && withoutZone(text) === undefined) return address
  const single = parseIp(text)
  const hint = address
    ? withoutZone(text)
    : single
      ? `add the length of its network, for example ${text}/${single.family === 'ipv4' ? 24 : 64}`
      : 'for example 192.168.122.200/24 or fd00::200/64'
  complaints.error('compile/address', `'${text}' is no address with a prefix length`, at, hint)
  return undefined
}

function readNameservers({ body, place }: DeclaredInterface, complaints: Complaints): string[] {
  return (body.nameservers ?? []).flatMap((text, index) => {
    if (typeof text !== 'string') return []
    if (parseIp(text)) return [text]
    const at = below(place, 'nameservers', index)
    const hint = withoutPrefix(text) ?? 'for example 192.168.122.1'
    complaints.error('compile/address', `'${text}' is no address`, at, hint)
    return []
  })
}

interface Owner {
  readonly owner: string
  readonly at: Position
}
type Claim = (text: string, what: string, owner: string, at: Position) => void

/** What one owner in the whole fleet has; a second one is told, with both places. */
function createClaims(complaints: Complaints): {
  claim: Claim
  owners: ReadonlyMap<string, Owner>
} {
  const owners = new Map<string, Owner>()
  const claim: Claim = (text, what, owner, at) => {
    const known = owners.get(text)
    if (!known) {
      owners.set(text, { owner, at })
      return
    }
    const host = parentName(known.owner)
    const shown = what === 'an address' && host !== parentName(owner) ? host : known.owner
    complaints.add({
      severity: 'error',
      code: 'compile/duplicate-address',
      message: `${text} is ${what} of ${shown}${known.owner === owner ? ' already' : ' too'}`,
      at,
      related: known.at,
    })
  }
  return { claim, owners }
}

function checkDevices(
  host: string,
  wires: readonly DeclaredInterface[],
  interfaces: readonly Interface[],
  complaints: Complaints,
): void {
  const owners = new Map<string, string>()
  for (const [index, { device, label, configure }] of interfaces.entries()) {
    if (!configure) continue
    const { body, place, at } = wires[index]!
    const where = body.device === undefined ? at : below(place, 'device')
    if (device.length > longestDevice)
      complaints.error(
        'compile/device',
        `'${device}' is too long for a device: Linux allows ${longestDevice} characters`,
        where,
        'write the real name as device:',
      )
    const owner = owners.get(device)
    if (owner === undefined) owners.set(device, label)
    else
      complaints.error(
        'compile/device',
        `${owner} and ${label} of ${host} are the same device, ${device}`,
        where,
        'write all addresses at one of them',
      )
  }
}

function checkPrimary(
  host: string,
  wires: readonly DeclaredInterface[],
  interfaces: readonly Interface[],
  complaints: Complaints,
): void {
  const marked = interfaces.filter(({ primary }) => primary)
  if (marked.length > 1) {
    const at = below(wires.find(({ name }) => name === marked[1]!.name)!.place, 'primary')
    complaints.error('compile/primary', `${host} has two primary interfaces`, at)
  }
  const addressed = interfaces.filter(({ addresses }) => addresses.length > 0)
  if (addressed.length < 2 || primaryInterface(interfaces)) return
  const labels = addressed.map(({ label }) => label).join(', ')
  complaints.error(
    'compile/primary',
    `${host} has addresses at several interfaces: ${labels}`,
    byKey({ ...wires[0]!.place, path: wires[0]!.place.path.slice(0, -1) }),
    'mark the one that others reach it by with primary: true',
  )
}
