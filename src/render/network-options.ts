import { ipsOf } from '../model/addresses.ts'
import type { Interface, OptionSetting } from '../model/inventory.ts'
import type { Value } from '../model/value.ts'
import { option } from './settings.ts'

/** The NixOS options that configure a host's interfaces. */
export function networkOptions(interfaces: readonly Interface[]): readonly OptionSetting[] {
  const configured = interfaces.filter(({ configure }) => configure)
  const nameservers = [...new Set(configured.flatMap((each) => each.nameservers))]
  return [
    ...configured.flatMap((each) => [
      ...addressOptions(each),
      ...gatewayOptions(each),
      ...netdevOptions(each),
      ...linkOptions(each),
    ]),
    ...(nameservers.length === 0
      ? []
      : [option(['networking', 'nameservers'], list(nameservers.map(text)))]),
  ]
}

function addressOptions(each: Interface): readonly OptionSetting[] {
  const path = ['networking', 'interfaces', each.device]
  // With DHCP, written addresses are a reservation: the server hands them out.
  const addresses = each.dhcp ? [] : ipsOf(each)
  const families = [...new Set(addresses.map(({ family }) => family))]
  return [
    option([...path, 'useDHCP'], { kind: 'boolean', value: each.dhcp }),
    ...families.map((family) =>
      option(
        [...path, family, 'addresses'],
        list(
          addresses
            .filter((address) => address.family === family)
            .map(({ ip, prefix }) => map({ address: text(ip), prefixLength: integer(prefix) })),
        ),
      ),
    ),
    ...(each.mtu === undefined ? [] : [option([...path, 'mtu'], integer(each.mtu))]),
  ]
}

function gatewayOptions({ gateways, device, dhcp }: Interface): readonly OptionSetting[] {
  if (dhcp) return []
  return gateways.map((gateway) =>
    option(
      ['networking', gateway.includes(':') ? 'defaultGateway6' : 'defaultGateway'],
      map({ address: text(gateway), interface: text(device) }),
    ),
  )
}

function netdevOptions({ netdev, device }: Interface): readonly OptionSetting[] {
  switch (netdev?.kind) {
    case undefined:
      return []
    case 'vlan': {
      const vlan = map({ id: integer(netdev.id), interface: text(netdev.device) })
      return [option(['networking', 'vlans', device], vlan)]
    }
    case 'bridge':
      return [memberOption('bridges', device, netdev.devices)]
    case 'bond': {
      const inOrder = Object.entries(netdev.driverOptions).sort(([a], [b]) => (a < b ? -1 : 1))
      return [
        memberOption('bonds', device, netdev.devices),
        ...inOrder.map(([key, value]) =>
          option(['networking', 'bonds', device, 'driverOptions', key], text(value)),
        ),
      ]
    }
  }
}

const memberOption = (
  kind: 'bridges' | 'bonds',
  device: string,
  members: readonly string[],
): OptionSetting => option(['networking', kind, device, 'interfaces'], list(members.map(text)))

/** udev reads these whatever configures the network; a VLAN on top has the same address, but not as its own. */
function linkOptions({ mac, device }: Interface): readonly OptionSetting[] {
  if (mac === undefined) return []
  const link = ['systemd', 'network', 'links', `10-${device}`]
  return [
    option([...link, 'matchConfig', 'PermanentMACAddress'], text(mac)),
    option([...link, 'linkConfig', 'Name'], text(device)),
  ]
}

const text = (value: string): Value => ({ kind: 'text', value })
const integer = (value: number): Value => ({ kind: 'integer', text: String(value) })
const list = (items: readonly Value[]): Value => ({ kind: 'list', items })
const map = (entries: Readonly<Record<string, Value>>): Value => ({
  kind: 'map',
  entries: Object.entries(entries),
})
