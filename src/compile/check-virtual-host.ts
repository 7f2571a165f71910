import { parseIp, primaryInterface, ipsOf } from '../model/addresses.ts'
import type { Position } from '../model/diagnostic.ts'
import type { Interface } from '../model/inventory.ts'
import type { DeclaredVirtualHost } from '../schema/fleet.ts'
import type * as body from '../schema/types.generated.ts'
import { below, byKey } from './complaints.ts'
import type { SettingsContext } from './settings.ts'

/** A container of which nothing else is said has its machine's network, as in NixOS. */
export function sharesNetwork({ type, network, addresses, interfaces }: body.VirtualHost): boolean {
  if (network !== undefined) return network === 'host'
  return type === 'nixos-container' && addresses === undefined && interfaces === undefined
}

type Wrong = (message: string, at: Position, hint?: string) => void

/** What a virtual host says must be something that its type can do. */
export function checkVirtualHost(
  vhost: DeclaredVirtualHost,
  interfaces: readonly Interface[],
  { inputs, complaints }: SettingsContext,
): void {
  const { body: own, place } = vhost
  const wrong: Wrong = (message, at, hint) =>
    complaints.error('compile/virtual-host', message, at, hint)
  const key = (name: string): Position => byKey(below(place, name))
  if (own.type === 'oci-container') checkImage(own, key, wrong)
  else if (own.image !== undefined && typeof own.type === 'string')
    wrong(`a ${own.type} has no image`, key('image'), 'an oci-container has one')
  if (own.type === 'microvm' && !inputs.has('microvm'))
    complaints.error(
      'compile/unknown-input',
      'a microvm needs the flake input microvm',
      below(place, 'type'),
      'inputs: { microvm: { url: github:microvm-nix/microvm.nix, follows: { nixpkgs: nixpkgs } } }',
    )
  const { addresses, network } = own
  if (network === 'host' && (addresses !== undefined || own.interfaces !== undefined))
    wrong(
      "with network: host it has its machine's addresses",
      key(addresses === undefined ? 'interfaces' : 'addresses'),
      'remove them, or choose another network',
    )
  const isAddressed = addresses !== undefined || own.interfaces !== undefined
  if (own.type === 'nixos-container' && network === undefined && isAddressed)
    wrong(
      `${vhost.name} has addresses, and no network to have them in`,
      key(addresses === undefined ? 'interfaces' : 'addresses'),
      'say how it is connected, for example network: { bridge: br0 }',
    )
  const { type } = own
  const isNone =
    (type === 'microvm' && network === 'host') ||
    (type === 'oci-container' && network !== undefined && typeof network !== 'string')
  if (isNone)
    wrong(
      type === 'microvm'
        ? 'a microvm has a network of its own'
        : 'an oci-container has no such network',
      below(place, 'network'),
      type === 'microvm'
        ? 'for example network: { bridge: br0 }'
        : 'network: host, or what podman is told in settings: { networks: [] }',
    )
  if (type === 'nixos-container') checkContainer(vhost, interfaces, wrong)
}

function checkImage(own: body.VirtualHost, key: (name: string) => Position, wrong: Wrong): void {
  for (const name of ['modules', 'users', 'config'] as const)
    if (own[name] !== undefined)
      wrong(
        `an oci-container takes no NixOS module: '${name}' means nothing here`,
        key(name),
        'what its image is given stands in settings: { environment: {}, volumes: [] }',
      )
  if (own.image === undefined)
    wrong(
      'an oci-container needs an image',
      key('type'),
      'for example image: docker.io/library/nginx:1.29',
    )
}

/** Linux takes 15 characters, of which NixOS needs four. */
const longest = 11

function checkContainer(
  { body: { network, addresses }, label, name, at, place }: DeclaredVirtualHost,
  interfaces: readonly Interface[],
  wrong: Wrong,
): void {
  const isVeth = network === 'nat' || (typeof network === 'object' && 'bridge' in network)
  const [first] = interfaces
  if (
    isVeth &&
    addresses === undefined &&
    first &&
    !interfaces.some(({ device }) => device === 'eth0')
  )
    wrong(
      `the interface of a container at a bridge or behind nat is eth0, not ${first.device}`,
      first.at,
      'call it eth0, or write device: eth0',
    )
  if (network !== 'nat') return
  if (label.length > longest)
    wrong(
      `with network: nat, its device on the machine is ve-${label}, and that is too long`,
      at,
      `choose a name of ${longest} characters at most`,
    )
  const wire = primaryInterface(interfaces)
  const families = new Set((wire?.gateways ?? []).map((gateway) => parseIp(gateway)?.family))
  if (ipsOf(wire).some(({ family }) => families.has(family))) return
  wrong(
    `with network: nat, ${name} needs an address and, as its gateway, that of its machine`,
    below(place, 'network'),
    'for example addresses: [192.168.100.11/24], gateway: 192.168.100.10',
  )
}
