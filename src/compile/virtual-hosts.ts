import type {
  Interface,
  VirtualHost,
  VirtualHostNetwork,
  VirtualHostType,
} from '../model/inventory.ts'
import type {
  DeclaredCluster,
  DeclaredDomain,
  DeclaredMachine,
  DeclaredVirtualHost,
  Fleet,
} from '../schema/fleet.ts'
import type * as body from '../schema/types.generated.ts'
import { checkVirtualHost, sharesNetwork } from './check-virtual-host.ts'
import { below, byKey } from './complaints.ts'
import { levelOf, tagsAndData } from './machines.ts'
import { findPath } from './paths.ts'
import { at, checkAudience, nixosSettings, type Level, type SettingsContext } from './settings.ts'
import { toValue } from './values.ts'

/** A virtual host and what it stands in, the nearest first. */
type Lineage = readonly [DeclaredVirtualHost, DeclaredMachine, DeclaredCluster, DeclaredDomain]

/** A virtual host with everything that it has from its machine; undefined without a type. */
export function toVirtualHost(
  [vhost, machine, cluster, domain]: Lineage,
  services: readonly string[],
  context: SettingsContext,
): VirtualHost | undefined {
  const { body: own, name, label, at: place } = vhost
  const level = levelOf(vhost)
  const type = typeOf(own.type, at(level, 'type'), context)
  if (!type) return undefined
  const { tree, place: settingsAt } = at(level, 'settings')
  const holder = type.kind === 'path' ? 'data' : 'option'
  const typeSettings =
    own.settings === undefined
      ? undefined
      : tree && toValue(tree, settingsAt, name, context, holder)
  const network = networkOf(own, machine.name, context)
  const interfaces = inside(context.interfaces.get(name) ?? [], type, network)
  checkVirtualHost(vhost, interfaces, context)
  const settings = nixosSettings(own, level, context)
  checkAudience(settings.modules, 'vhost', context)
  const stateVersion = [machine, cluster, domain]
    .map(({ body: written }) => written.stateVersion)
    .find((version) => version !== undefined)
  return {
    kind: 'vhost',
    name,
    label,
    at: place,
    machine: machine.name,
    cluster: cluster.name,
    domain: domain.name,
    type,
    ...(network ? { network } : {}),
    ...(stateVersion === undefined ? {} : { stateVersion }),
    interfaces,
    ...tagsAndData(vhost, context),
    ...(own.image === undefined ? {} : { image: own.image }),
    ...(typeSettings ? { typeSettings } : {}),
    settings,
    services,
  }
}

/** systemd calls the container's end of a macvlan after the machine's device. */
function inside(
  interfaces: readonly Interface[],
  type: VirtualHostType,
  network: VirtualHostNetwork | undefined,
): readonly Interface[] {
  const [only, ...others] = interfaces
  if (type.kind !== 'nixos-container' || network?.kind !== 'macvlan') return interfaces
  if (!only || others.length > 0 || only.device !== 'eth0') return interfaces
  return [{ ...only, device: `mv-${network.device}` }]
}

/** The interfaces of every host: with its machine's network, a virtual host has those of its machine. */
export function withSharedNetworks(
  interfaces: ReadonlyMap<string, readonly Interface[]>,
  { virtualHosts }: Pick<Fleet, 'virtualHosts'>,
): ReadonlyMap<string, readonly Interface[]> {
  const shared = virtualHosts.flatMap(({ name, parent, body: own }) =>
    sharesNetwork(own) ? [[name, interfaces.get(parent) ?? []] as const] : [],
  )
  return new Map([...interfaces, ...shared])
}

function typeOf(
  written: body.VirtualHost['type'] | undefined,
  { tree, place }: Level,
  { paths, complaints }: SettingsContext,
): VirtualHostType | undefined {
  // The schema complains about what is wrong, and takes nothing for what is not there.
  if (written === undefined && tree?.kind === 'scalar' && tree.value === null)
    complaints.error(
      'schema/missing-key',
      "the key 'type' is empty",
      byKey(place),
      'for example nixos-container',
    )
  if (written === undefined) return undefined
  if (typeof written === 'string') return { kind: written }
  if (written.path === undefined) return undefined
  const found = findPath(written.path, place.file, paths)
  if ('path' in found) return { kind: 'path', path: found.path, at: place }
  complaints.error(found.code, found.message, below(place, 'path'))
  return undefined
}

function networkOf(
  own: body.VirtualHost,
  machine: string,
  { interfaces }: SettingsContext,
): VirtualHostNetwork | undefined {
  if (sharesNetwork(own)) return { kind: 'host' }
  const { network } = own
  if (network === undefined || typeof network === 'string')
    return network === undefined ? undefined : { kind: network }
  const kind = 'bridge' in network ? 'bridge' : 'macvlan'
  const named = 'bridge' in network ? network.bridge : network.macvlan
  if (named === undefined) return undefined
  const wire = interfaces.get(machine)?.find(({ label }) => label === named.toLowerCase())
  return { kind, device: wire?.device ?? named }
}
