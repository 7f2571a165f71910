import { isInSubnet, parseAddress, parseIp, type Address } from '../model/addresses.ts'
import type { Position } from '../model/diagnostic.ts'
import type { DeclaredInterface } from '../schema/fleet.ts'
import { below, type Complaints } from './complaints.ts'

/** A gateway as it was written, and where. */
export interface Gateway extends Pick<Address, 'ip' | 'family'> {
  readonly at: Position
}

const familyNames = { ipv4: 'IPv4', ipv6: 'IPv6' }

/** The gateways of an interface, each checked against the addresses beside it. */
export function readGateways(
  { body, place }: DeclaredInterface,
  complaints: Complaints,
): readonly Gateway[] {
  const { gateway: written = [], addresses = [], dhcp } = body
  const at = below(place, 'gateway')
  const all =
    typeof written === 'string'
      ? [{ text: written, at }]
      : written.map((text, index) => ({ text, at: below(at, index) }))
  return all.flatMap(({ text, at }) => {
    if (typeof text !== 'string') return []
    const gateway = parseIp(text)
    if (!gateway || text.includes('%')) {
      complaints.error(
        'compile/address',
        `'${text}' is no address`,
        at,
        withoutZone(text) ?? withoutPrefix(text) ?? 'for example 192.168.122.1',
      )
      return []
    }
    const subnets = addresses.filter((address) => {
      const known = typeof address === 'string' ? parseAddress(address) : undefined
      return known?.family === gateway.family
    })
    const isHostRoute = subnets.some((subnet) => /\/(32|128)$/.test(subnet))
    const isInside = subnets.some((subnet) => isInSubnet(gateway.ip, subnet))
    const isReservation = dhcp === true && subnets.length === 0
    if (!isInside && !isHostRoute && !gateway.isLinkLocal && !isReservation)
      complaints.error(
        'compile/gateway',
        subnets.length > 0
          ? `the gateway ${gateway.ip} is outside of ${subnets.join(', ')}`
          : `the gateway ${gateway.ip} has no ${familyNames[gateway.family]} address beside it`,
        at,
      )
    return [{ ...gateway, at }]
  })
}

/** Which device is meant is said by the interface that the address stands at. */
export function withoutZone(text: string): string | undefined {
  return text.includes('%')
    ? `write it without the device: ${text.replace(/%[^/]*/, '')}`
    : undefined
}

/** How to correct an address that has the length of its network behind it, where none is wanted. */
export function withoutPrefix(text: string): string | undefined {
  const [bare = ''] = text.split('/')
  return parseAddress(text) && `write it without the length of its network: ${bare}`
}

/** One default route for each family is all that a host can have. */
export function checkGateways(
  host: string,
  gateways: readonly Gateway[],
  complaints: Complaints,
): void {
  const families = new Set<string>()
  for (const { family, at } of gateways) {
    if (families.has(family))
      complaints.error('compile/gateway', `${host} has two gateways for ${familyNames[family]}`, at)
    families.add(family)
  }
}
