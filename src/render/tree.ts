import type { RenderedTree } from '../model/compilation.ts'
import type { Element, ElementKind, Host, Inventory, VirtualHost } from '../model/inventory.ts'
import { hostsOf, kindText, serviceNames } from '../model/names.ts'
import { flakeInputs, toFlake } from './flake.ts'
import { toHost, toLevel, toMachine, toService, toVirtualHost } from './elements.ts'
import { library } from './library.generated.ts'
import { list, type Nix, printNix, set } from './nix-text.ts'
import { codeIn, hostsIn, pathFrom } from './nix-value.ts'
import { builtinFile, type Elements, type Places, toPlaces, typeFile } from './places.ts'

/** No element's name has a slash. */
const libraryGroup = 'nixcluster/lib'

/** Everything that `resolve` may read. */
const resolveGroup = 'nixcluster/index.nix'

/**
 * Writes the Nix files of a fleet; the same inventory gives the same bytes. `resolvers` are the machines
 * whose Nix may call `resolve`.
 */
export function renderTree(
  inventory: Inventory,
  resolvers: ReadonlySet<string> = new Set(),
): RenderedTree {
  const places = toPlaces(inventory)
  const names = serviceNames(inventory)
  const files = new Map<string, string>()
  const code: string[] = []
  /** generated file -> the files of hosts that it refers to */
  const references = new Map<string, readonly string[]>()
  files.set(resolveGroup, toIndex(inventory, hostsOf(inventory), places))
  files.set('flake.nix', toFlake(inventory, places))
  for (const [name, content] of library) files.set(`nixcluster/lib/${name}`, content)
  renderElements(inventory, { places, names, resolvers }, (file, text, nix) => {
    for (const found of codeIn(nix)) code.push(found)
    const hosts = hostsIn(nix)
    if (hosts.length > 0) references.set(file, hosts)
    files.set(file, text)
  })

  const inOrder = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    files: new Map(inOrder),
    dependencies: dependenciesOf(inventory, places, references, resolvers),
    groups: groupsOf(inventory, places, references),
    code,
    common: JSON.stringify([inventory.generation, flakeInputs(inventory)]),
  }
}

/** What the files of elements depend on besides. */
interface Surroundings {
  readonly places: Places
  /** host -> names of the services and roles that it answers for */
  readonly names: ReadonlyMap<string, readonly string[]>
  /** The machines whose Nix may call `resolve`. */
  readonly resolvers: ReadonlySet<string>
}

/** Writes the files of these elements, of all or of some, one after another. */
export function renderElements(
  inventory: Elements,
  { places, names, resolvers }: Surroundings,
  see: (file: string, text: string, nix: Nix) => void,
): void {
  const write = (
    file: string | undefined,
    element: Element & { kind: ElementKind },
    nix: Nix,
    what = 'The',
  ): void => {
    const title = `${what} ${kindText(element.kind)} ${element.name}, from ${element.at.file}.`
    see(file!, `# ${title.replaceAll(/[\r\n]/g, ' ')}\n${printNix(nix)}\n`, nix)
  }

  for (const level of [...inventory.domains, ...inventory.clusters])
    write(places.levels.get(level.name), level, toLevel(level, places))
  const guests = Map.groupBy(inventory.virtualHosts, ({ machine }) => machine)
  for (const machine of inventory.machines) {
    const own = guests.get(machine.name) ?? []
    const nix = toMachine(machine, own, places, resolvers.has(machine.name))
    write(places.machines.get(machine.name), machine, nix)
  }
  for (const vhost of inventory.virtualHosts) {
    const nix = toVirtualHost(vhost, places, resolvers.has(vhost.machine))
    write(places.virtualHosts.get(vhost.name), vhost, nix)
  }
  for (const host of hostsOf(inventory)) {
    const nix = toHost(host, names.get(host.name) ?? [], places)
    write(places.hosts.get(host.name), host, nix, 'What services see of the')
  }
  for (const service of inventory.services)
    write(places.services.get(service.name), service, toService(service, places))
}

/** All files that `resolve` reads, in the natural order of names. */
function toIndex(
  { domains, clusters, services }: Inventory,
  hosts: readonly Host[],
  places: Places,
): string {
  const files = (elements: readonly Element[], of: ReadonlyMap<string, string>): Nix =>
    list(elements.map(({ name }) => pathFrom(resolveGroup, of.get(name)!)))
  const index = set({
    levels: files([...domains, ...clusters], places.levels),
    hosts: files(hosts, places.hosts),
    services: files(services, places.services),
  })
  return `# Where the hosts and services of the fleet are, in the natural order of their names.\n${printNix(index)}\n`
}

/** The machines whose Nix may call `resolve`. */
export function resolversOf({ dependencies }: RenderedTree): ReadonlySet<string> {
  const all = [...dependencies].filter(([, { groups }]) => groups.includes(resolveGroup))
  return new Set(all.map(([machine]) => machine))
}

type References = ReadonlyMap<string, readonly string[]>

/** Files with all files of hosts that they lead to: a host's data may refer to further hosts. */
function reached(files: readonly string[], references: References): readonly string[] {
  const found = new Set(files)
  for (const file of found) for (const host of references.get(file) ?? []) found.add(host)
  return [...found]
}

/** What many hosts share stands in its group once, not once for each machine: a service, a level. */
function groupsOf(
  { domains, clusters, services }: Inventory,
  places: Places,
  references: References,
): RenderedTree['groups'] {
  const lib = [...library.keys()].filter((name) => !name.includes('/'))
  const groups = new Map<string, readonly string[]>([
    [libraryGroup, lib.map((name) => `nixcluster/lib/${name}`)],
  ])
  for (const { name } of [...domains, ...clusters]) {
    const file = places.levels.get(name)!
    if (references.has(file)) groups.set(file, reached([file], references))
  }
  for (const { name, definition } of services) {
    const builtin = definition?.kind === 'builtin' ? [builtinFile(definition.name)] : []
    groups.set(name, [...builtin, ...reached([places.services.get(name)!], references)])
  }
  const { levels, hosts, services: own } = places
  groups.set(resolveGroup, [resolveGroup, ...levels.values(), ...hosts.values(), ...own.values()])
  return groups
}

function dependenciesOf(
  { machines, virtualHosts: all }: Inventory,
  places: Places,
  references: References,
  resolvers: ReadonlySet<string>,
): RenderedTree['dependencies'] {
  const guests = Map.groupBy(all, ({ machine }) => machine)
  return new Map(
    machines.map((machine) => {
      const { name, domain, cluster } = machine
      // A virtual host is a part of its machine's system.
      const virtualHosts = guests.get(name) ?? []
      const services = [machine, ...virtualHosts].flatMap((host) => host.services)
      const levels = [places.levels.get(domain)!, places.levels.get(cluster)!]
      const own = [
        places.machines.get(name)!,
        places.hosts.get(name)!,
        ...virtualHosts.flatMap((vhost) => filesOfVirtualHost(vhost, places)),
      ]
      const shared = levels.filter((file) => references.has(file))
      const files = [...levels.filter((file) => !references.has(file)), ...reached(own, references)]
      const all = resolvers.has(name) ? [resolveGroup] : []
      const groups = new Set([libraryGroup, ...shared, ...services, ...all])
      return [name, { files, groups: [...groups] }] as const
    }),
  )
}

function filesOfVirtualHost({ name, type }: VirtualHost, places: Places): readonly string[] {
  const own = [places.virtualHosts.get(name)!, places.hosts.get(name)!]
  return type.kind === 'path' ? own : [...own, typeFile(type.kind)]
}
