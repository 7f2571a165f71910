import { firstOfEachFamily, ipsOf, primaryInterface } from '../model/addresses.ts'
import type {
  Cluster,
  Definition,
  Domain,
  Host,
  Install,
  Machine,
  Service,
} from '../model/inventory.ts'
import { machineOptions } from './machine-options.ts'
import { namesByAddress } from './names-by-address.ts'
import { list, type Nix, set, text, word } from './nix-text.ts'
import { namesUsed, pathFrom, toNix } from './nix-value.ts'
import { builtinFile, placeOf, type Places } from './places.ts'
import { flakeAttribute, toConfig, toImports, toModule, withScope } from './settings.ts'

/** What a domain or a cluster gives to all below it. */
export function toLevel(level: Domain | Cluster, places: Places): Nix {
  return set({
    kind: text(level.kind),
    name: text(level.name),
    label: text(level.label),
    place: text(placeOf(level)),
    module: toModule(level.settings, places.levels.get(level.name)!),
  })
}

/** What a machine's YAML came to. */
export function toMachine(machine: Machine, places: Places, resolves = false): Nix {
  const file = places.machines.get(machine.name)!
  const { deployment } = machine
  return set({
    kind: text(machine.kind),
    name: text(machine.name),
    label: text(machine.label),
    place: text(placeOf(machine)),
    system: text(machine.system),
    nixpkgs: text(machine.nixpkgs),
    levels: list([
      pathFrom(file, places.levels.get(machine.domain)!),
      pathFrom(file, places.levels.get(machine.cluster)!),
    ]),
    services: list(
      machine.services.map((name) =>
        set({ name: text(name), file: pathFrom(file, places.services.get(name)!) }),
      ),
    ),
    host: pathFrom(file, places.hosts.get(machine.name)!),
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
  const options = [...(definition ? [definition] : []), ...service.modules].flatMap((each) =>
    each.kind === 'config' ? each.config : [],
  )
  return withScopeWhereNeeded(
    set({
      kind: text(service.kind),
      name: text(service.name),
      label: text(service.label),
      place: text(placeOf(service)),
      definition: definition && toDefinition(definition, file),
      imports: toImports(service.modules, file),
      selectors: hosts(service.hosts),
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
      config: options.length === 0 ? undefined : toConfig(options, file),
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
