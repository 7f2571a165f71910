import { distance } from 'fastest-levenshtein'
import type { Position } from '../model/diagnostic.ts'
import type { Interface, Netdev } from '../model/inventory.ts'
import { closest, didYouMean } from '../model/suggestion.ts'
import type { DeclaredInterface } from '../schema/fleet.ts'
import { below, byKey, type Complaints } from './complaints.ts'

/** The label of a host's interface -> its device. */
export type Devices = ReadonlyMap<string, string>

/** Linux keeps a device's name in 16 bytes, the last of which is zero. */
export const longestDevice = 15

/** The devices of a host's interfaces. */
export function deviceNames(wires: readonly DeclaredInterface[]): Devices {
  return new Map(wires.map(({ label, written, body }) => [label, body.device ?? written]))
}

/** What makes the device, where it is no hardware; its members as devices. */
export function readNetdev(
  wire: DeclaredInterface,
  devices: Devices,
  complaints: Complaints,
): Netdev | undefined {
  const { vlan, bridge, bond } = wire.body
  if (!vlan && !bridge && !bond) return undefined
  const kinds = Object.entries({ vlan, bridge, bond }).filter(([, value]) => value !== undefined)
  if (kinds.length > 1) {
    const [first, second] = kinds.map(([kind]) => kind)
    const at = byKey(below(wire.place, second!))
    const message = `${wire.label} is a ${first} and a ${second}: an interface is one of them`
    complaints.error('compile/netdev', message, at, 'make it two interfaces, one on the other')
    return undefined
  }
  const device = ({ text, at }: Member): string[] => {
    checkName(text, at, devices, complaints)
    return [devices.get(text.toLowerCase()) ?? text]
  }
  const members = membersOf(wire).flatMap(device)
  if (vlan) {
    const [carrier] = members
    if (vlan.id === undefined || carrier === undefined) return undefined
    return { kind: 'vlan', id: vlan.id, device: carrier }
  }
  if (bridge) return { kind: 'bridge', devices: members }
  if (!bond) return undefined
  const driverOptions = Object.entries(bond.driverOptions ?? {}).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as const],
  )
  return { kind: 'bond', devices: members, driverOptions: Object.fromEntries(driverOptions) }
}

/** Members have no addresses of their own, belong to one owner, and do not go round in a circle. */
export function checkMembers(
  host: string,
  wires: readonly DeclaredInterface[],
  interfaces: readonly Interface[],
  complaints: Complaints,
): void {
  if (!interfaces.some(({ netdev }) => netdev)) return
  const byDevice = new Map(interfaces.map((each, index) => [each.device, { each, index }]))
  const owners = new Map<string, string>()
  const uses = new Map<string, readonly string[]>()
  for (const [index, { label, device, netdev }] of interfaces.entries()) {
    if (!netdev) continue
    uses.set(device, netdev.kind === 'vlan' ? [netdev.device] : netdev.devices)
    // Several VLANs share what carries them, and that may have addresses too.
    if (netdev.kind === 'vlan') continue
    const places = membersOf(wires[index]!)
    for (const [position, member] of netdev.devices.entries()) {
      const owner = owners.get(member)
      if (owner !== undefined)
        complaints.error(
          'compile/netdev',
          `${member} is a member of ${owner} already`,
          places[position]!.at,
        )
      owners.set(member, label)
      const known = byDevice.get(member)
      if (known) checkOwn(known.each, wires[known.index]!, label, complaints)
    }
  }
  const circle = findCircle(uses)
  if (!circle) return
  const labels = circle.map((device) => byDevice.get(device)!.each.label)
  const shown = labels.length > 10 ? [...labels.slice(0, 9), '…'] : labels
  complaints.error(
    'compile/netdev',
    `the interfaces of ${host} go round in a circle: ${[...shown, labels[0]].join(' -> ')}`,
    wires[byDevice.get(circle[0]!)!.index]!.at,
  )
}

interface Member {
  readonly text: string
  readonly at: Position
}

function membersOf({ body: { vlan, bridge, bond }, place }: DeclaredInterface): readonly Member[] {
  if (typeof vlan?.interface === 'string')
    return [{ text: vlan.interface, at: below(place, 'vlan', 'interface') }]
  const at = below(place, bridge ? 'bridge' : 'bond', 'interfaces')
  return ((bridge ?? bond)?.interfaces ?? []).flatMap((text, index) =>
    typeof text === 'string' ? [{ text, at: below(at, index) }] : [],
  )
}

/** What names no interface of the host is a device as written; one that looks misspelt is told. */
function checkName(text: string, at: Position, devices: Devices, complaints: Complaints): void {
  if (devices.has(text.toLowerCase())) return
  const names = [...new Set([...devices.keys(), ...devices.values()])]
  if (!/^[^\s/:]{1,15}$/.test(text)) {
    const message = `'${text}' is no interface and no device${didYouMean(text, names)}`
    complaints.error('compile/netdev', message, at, `interfaces: ${[...devices.keys()].join(', ')}`)
    return
  }
  const guess = names.includes(text) ? undefined : closest(text, names)
  const letters = (name: string): string => name.replaceAll(/\d/g, '')
  // Beside eno1, eno3 is another device; en01 hardly is.
  if (guess === undefined || distance(text, guess) > 1 || letters(text) === letters(guess)) return
  complaints.warn(
    'compile/netdev',
    `no interface here is called '${text}', did you mean '${guess}'?`,
    at,
    `list it among the interfaces if the device is meant`,
  )
}

function checkOwn(
  { label, addresses, dhcp }: Interface,
  { place }: DeclaredInterface,
  owner: string,
  complaints: Complaints,
): void {
  if (addresses.length === 0 && !dhcp) return
  complaints.error(
    'compile/netdev',
    `${label} is a member of ${owner}: it has no addresses of its own`,
    byKey(below(place, addresses.length > 0 ? 'addresses' : 'dhcp')),
    `write them at ${owner}`,
  )
}

/** A circle among what uses what, if there is one. */
function findCircle(uses: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const users = new Map<string, string[]>()
  const open = new Map<string, number>()
  for (const [device, used] of uses) {
    const among = used.filter((other) => uses.has(other))
    open.set(device, among.length)
    for (const other of among) {
      const known = users.get(other)
      if (known) known.push(device)
      else users.set(other, [device])
    }
  }
  const free = [...open].flatMap(([device, count]) => (count === 0 ? [device] : []))
  for (const device of free) {
    open.delete(device)
    for (const user of users.get(device) ?? []) {
      const left = open.get(user)! - 1
      open.set(user, left)
      if (left === 0) free.push(user)
    }
  }
  // What is left uses something that is left: following that must come back.
  const path: string[] = []
  const seen = new Set<string>()
  for (let [device] = open.keys(); device !== undefined;) {
    if (seen.has(device)) return path.slice(path.indexOf(device))
    seen.add(device)
    path.push(device)
    device = uses.get(device)!.find((other) => open.has(other))
  }
  return undefined
}
