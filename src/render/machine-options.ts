import { ipsOf } from '../model/addresses.ts'
import type { Interface, Machine, OptionSetting } from '../model/inventory.ts'
import type { Value } from '../model/value.ts'
import { option } from './settings.ts'

/** The NixOS options that follow from what a machine is. */
export function machineOptions(machine: Machine): readonly OptionSetting[] {
  const domain = machine.name.slice(machine.label.length + 1)
  return [
    option(['networking', 'hostName'], text(machine.label)),
    ...(domain === '' ? [] : [option(['networking', 'domain'], text(domain))]),
    option(['nixpkgs', 'hostPlatform'], text(machine.system)),
    ...(machine.stateVersion === undefined
      ? []
      : [option(['system', 'stateVersion'], text(machine.stateVersion))]),
    ...machine.interfaces.filter(({ configure }) => configure).flatMap(interfaceOptions),
  ]
}

function interfaceOptions(each: Interface): readonly OptionSetting[] {
  const path = ['networking', 'interfaces', each.device]
  // With DHCP, written addresses are a reservation: the server hands them out.
  const addresses = each.dhcp ? [] : ipsOf(each)
  const families = [...new Set(addresses.map(({ family }) => family))]
  return [
    option([...path, 'useDHCP'], { kind: 'boolean', value: each.dhcp }),
    ...families.map((family) =>
      option([...path, family, 'addresses'], {
        kind: 'list',
        items: addresses
          .filter((address) => address.family === family)
          .map(({ ip, prefix }) =>
            map({ address: text(ip), prefixLength: { kind: 'integer', text: String(prefix) } }),
          ),
      }),
    ),
    ...(each.gateway === undefined || each.dhcp
      ? []
      : [
          option(
            ['networking', each.gateway.includes(':') ? 'defaultGateway6' : 'defaultGateway'],
            map({ address: text(each.gateway), interface: text(each.device) }),
          ),
        ]),
  ]
}

const text = (value: string): Value => ({ kind: 'text', value })
const map = (entries: Readonly<Record<string, Value>>): Value => ({
  kind: 'map',
  entries: Object.entries(entries),
})
