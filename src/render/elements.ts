import {
  type Address,
  firstOfEachFamily,
  ipsOf,
  parseIp,
  primaryInterface,
} from '../model/addresses.ts'
import type {
  Cluster,
  Definition,
  Domain,
  Host,
  Install,
  Machine,
  ModuleAudience,
  OptionSetting,
  Service,
  VirtualHost,
  VirtualHostNetwork,
} from '../model/inventory.ts'
import { takesModules } from '../model/names.ts'
import { machineOptions, virtualHostOptions } from './machine-options.ts'
import { namesByAddress } from './names-by-address.ts'
import { list, type Nix, set, text, word } from './nix-text.ts'
import { namesUsed, pathFrom, toNix } from './nix-value.ts'
import { builtinFile, placeOf, type Places } from './places.ts'
import {
  flakeAttribute,
  toConfig,
  inlineOptions,
  toImports,
  toModule,
  toModules,
  withScope,
} from './settings.ts'

/** What a domain or a cluster gives to all below it. */
export function toLevel(level: Domain | Cluster, places: Places): Nix {
  return set({
    kind: text(level.kind),
    name: text(level.name),
    label: text(level.label),
    place: text(placeOf(level)),
    data: level.data && withScopeWhereNeeded(toNix(level.data, places.levels.get(level.name)!)),
    ...toModules(level.settings, places.levels.get(level.name)!),
  })
}

/** What a machine's YAML came to; `virtualHosts` are those that run on it. */
export function toMachine(
  machine: Machine,
  virtualHosts: readonly VirtualHost[],
  places: Places,
  resolves = false,
): Nix {
  const file = places.machines.get(machine.name)!
  const { deployment } = machine
  return set({
    kind: text(machine.kind),
    name: text(machine.name),
    label: text(machine.label),
    place: text(placeOf(machine)),
    system: text(machine.system),
    nixpkgs: text(machine.nixpkgs),
    ...origins(machine, file, places),
    virtualHosts:
      virtualHosts.length === 0
        ? undefined
        : list(virtualHosts.map(({ name }) => pathFrom(file, places.virtualHosts.get(name)!))),
    install: machine.install && toInstall(machine.install, file),
    resolves: resolves ? word('true') : undefined,
    node: set({
      hostname: text(deployment.targetHost),
      sshUser: text(deployment.sshUser),
      sshOpts: texts(sshWords(deployment)),
      user: text(deployment.user),
      sudo: deployment.sudo === undefined ? undefined : text(deployment.sudo),
      remoteBuild: deployment.buildOn === 'target' ? word('true') : undefined,
      fastConnection: word(String(deployment.fastConnection)),
      tempPath: deployment.tempPath === undefined ? undefined : text(deployment.tempPath),
      tags: machine.tags.length === 0 ? undefined : texts(machine.tags),
      magicRollback: word(String(deployment.magicRollback)),
      autoRollback: word(String(deployment.autoRollback)),
      confirmTimeout: word(String(deployment.confirmTimeout)),
      activationTimeout: word(String(deployment.activationTimeout)),
    }),
    module: toModule(machine.settings, file, machineOptions(machine)),
  })
}

/** deploy-rs joins them by spaces for Nix, so no word has one. */
function sshWords({ port, sshOptions }: Machine['deployment']): readonly string[] {
  const inOrder = Object.entries(sshOptions).sort(([a], [b]) => (a < b ? -1 : 1))
  return ['-p', String(port), ...inOrder.flatMap(([key, value]) => ['-o', `${key}=${value}`])]
}

function toInstall({ format }: Install, file: string): Nix {
  return set({ format: typeof format === 'string' ? text(format) : pathFrom(file, format.path) })
}

/** What a virtual host's YAML came to. */
export function toVirtualHost(vhost: VirtualHost, places: Places, resolves = false): Nix {
  const file = places.virtualHosts.get(vhost.name)!
  const { type, network, image, typeSettings } = vhost
  return set({
    kind: text(vhost.kind),
    name: text(vhost.name),
    label: text(vhost.label),
    place: text(placeOf(vhost)),
    type: type.kind === 'path' ? pathFrom(file, type.path) : text(type.kind),
    network: network && toNetwork(network, vhost),
    image: image === undefined ? undefined : text(image),
    settings: typeSettings && withScope(toNix(typeSettings, file)),
    ...origins(vhost, file, places),
    resolves: resolves ? word('true') : undefined,
    module: takesModules(vhost)
      ? toModule(vhost.settings, file, virtualHostOptions(vhost))
      : undefined,
  })
}

/** How a virtual host is connected, as its type sees it. */
function toNetwork(network: VirtualHostNetwork, { interfaces }: VirtualHost): Nix {
  const kind = text(network.kind)
  if ('device' in network) return set({ kind, device: text(network.device) })
  if (network.kind === 'host') return set({ kind })
  const wire = primaryInterface(interfaces)
  const address = (
    family: Address['family'],
    addresses: readonly (Pick<Address, 'ip' | 'family'> | undefined)[],
  ): Nix => {
    const found = addresses.find((one) => one?.family === family)
    return found ? text(found.ip) : word('null')
  }
  const own = ipsOf(wire)
  const gateways = (wire?.gateways ?? []).map(parseIp)
  return set({
    kind,
    localAddress: address('ipv4', own),
    localAddress6: address('ipv6', own),
    hostAddress: address('ipv4', gateways),
    hostAddress6: address('ipv6', gateways),
  })
}

/** Where the modules of a host come from besides itself, and what services see of it. */
function origins(host: Host, file: string, places: Places): Record<string, Nix> {
  return {
    levels: list(
      [host.domain, host.cluster].map((level) => pathFrom(file, places.levels.get(level)!)),
    ),
    services: list(host.services.map((name) => pathFrom(file, places.services.get(name)!))),
    host: pathFrom(file, places.hosts.get(host.name)!),
  }
}

/** What services see of a host; `names` are those of the services and roles that it answers for. */
export function toHost(host: Host, names: readonly string[], places: Places): Nix {
  const file = places.hosts.get(host.name)!
  const all = host.interfaces.flatMap(ipsOf)
  const primaries = ipsOf(primaryInterface(host.interfaces))
  const [primary] = primaries
  const { hostKey, port } = host.kind === 'machine' ? host.deployment : { port: 22 }
  const facts = set({
    kind: text(host.kind),
    name: text(host.name),
    hostName: text(host.label),
    fqdn: text(host.name),
    cluster: text(host.cluster),
    machine: text(host.kind === 'vhost' ? host.machine : host.name),
    tags: texts(host.tags),
    primaryIp: primary === undefined ? word('null') : text(primary.ip),
    primaryIps: texts(firstOfEachFamily(primaries).map(({ ip }) => ip)),
    hostKey: hostKey === undefined ? undefined : text(hostKey),
    sshPort: port === 22 ? undefined : word(String(port)),
    ips: set({
      all: texts(all.map(({ ip }) => ip)),
      ...Object.fromEntries(
        host.interfaces.map((each) => [each.label, texts(ipsOf(each).map(({ ip }) => ip))]),
      ),
    }),
    interfaces: set(
      Object.fromEntries(
        host.interfaces.map((each) => [
          each.label,
          set({
            name: text(each.name),
            device: text(each.device),
            addresses: texts(each.addresses),
            dhcp: word(String(each.dhcp)),
            mac: each.mac === undefined ? undefined : text(each.mac),
            gateways: texts(each.gateways),
          }),
        ]),
      ),
    ),
    names: set(
      Object.fromEntries(
        [...namesByAddress(host, names)].map(([address, known]) => [address, texts(known)]),
      ),
    ),
    data: host.data === undefined ? set({}) : toNix(host.data, file),
  })
  return withScopeWhereNeeded(facts)
}

/** What a service's function sees, and where that function is. */
export function toService(service: Service, places: Places): Nix {
  const file = places.services.get(service.name)!
  const hosts = (names: readonly string[]): Nix =>
    list(names.map((name) => pathFrom(file, places.hosts.get(name)!)))
  const { definition, settings, data, memberSettings = [] } = service
  const runsOn = new Set(service.hosts)
  const passedBy = service.selected.filter((host) => !runsOn.has(host))
  const modulesFor = (audience: ModuleAudience, more: readonly OptionSetting[] = []) => {
    const modules = service.modules.filter((module) => (module.for ?? 'all') === audience)
    const options = [...more, ...inlineOptions(modules)]
    const imports = toImports(modules, file)
    if (options.length === 0 && imports === undefined) return undefined
    return { imports, config: options.length === 0 ? undefined : toConfig(options, file) }
  }
  const only = (audience: ModuleAudience): Nix | undefined => {
    const modules = modulesFor(audience)
    return modules && set(modules)
  }
  return withScopeWhereNeeded(
    set({
      kind: text(service.kind),
      name: text(service.name),
      label: text(service.label),
      place: text(placeOf(service)),
      definition: definition && toDefinition(definition, file),
      ...modulesFor('all', definition?.kind === 'config' ? definition.config : []),
      machines: only('machines'),
      virtualHosts: only('virtual-hosts'),
      selectors: hosts(service.selected),
      passedBy: passedBy.length === 0 ? undefined : texts(passedBy),
      roles: set(Object.fromEntries(service.roles.map((role) => [role.label, hosts(role.hosts)]))),
      settings: settings && toNix(settings, file),
      members:
        memberSettings.length === 0
          ? undefined
          : set(
              Object.fromEntries(
                memberSettings.map(({ host, settings: own }) => [host, toNix(own, file)]),
              ),
            ),
      data: data && toNix(data, file),
    }),
  )
}

function toDefinition(definition: Definition, file: string): Nix | undefined {
  switch (definition.kind) {
    case 'path':
      return pathFrom(file, definition.path)
    case 'builtin':
      return pathFrom(file, builtinFile(definition.name))
    case 'flake':
      return flakeAttribute(definition.input, definition.attribute)
    case 'config':
      return undefined
  }
}

/** Data stays data; only a file with code in it becomes a function. */
function withScopeWhereNeeded(nix: Nix): Nix {
  return namesUsed(nix).length > 0 ? withScope(nix) : nix
}

const texts = (values: readonly string[]): Nix => list(values.map(text))
