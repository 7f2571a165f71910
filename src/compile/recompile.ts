import type { Compilation, SourceTree } from '../model/compilation.ts'
import type { Position } from '../model/diagnostic.ts'
import type { Interface, Machine, UnmanagedMachine, VirtualHost } from '../model/inventory.ts'
import { parentName, serviceNames, sortByName } from '../model/names.ts'
import { toPlaces, type Elements } from '../render/places.ts'
import { renderElements } from '../render/tree.ts'
import { decode } from '../schema/decode.ts'
import type { DeclaredCluster, DeclaredDomain, Fleet } from '../schema/fleet.ts'
import { lockFile } from '../schema/lock.ts'
import { parse, type Place } from '../schema/parse.ts'
import { sourceFlakeFile } from '../schema/source-flake.ts'
import { createNames, type NamedElement, type Names } from '../selectors/names.ts'
import { changesOf, privateKeys, type Changes, type DecodedFile } from './changes.ts'
import { createComplaints, type Complaints } from './complaints.ts'
import { checkConflicts } from './conflicts.ts'
import { createDeployments } from './deployment.ts'
import { toDiagnostics } from './diagnostics.ts'
import { hostInterfaces } from './interfaces.ts'
import { toCluster, toDomain } from './levels.ts'
import { locateIn } from './locate.ts'
import { checkNixpkgs, isManaged, toMachine, toUnmanaged } from './machines.ts'
import type { Memory } from './memory.ts'
import { isPointer } from './oddities.ts'
import { createPaths } from './paths.ts'
import { namingResolve } from './resolvers.ts'
import type { SettingsContext } from './settings.ts'
import { toVirtualHost, withSharedNetworks } from './virtual-hosts.ts'

/** A compilation without errors that was made before: its source, and what it left behind. */
export interface Before {
  readonly source: SourceTree
  readonly memory: Memory
}

/** What a compilation would say, without its inventory. */
export interface Recompilation extends Pick<Compilation, 'diagnostics' | 'lock' | 'counts'> {
  /** The generated files that may not be what they were; no file comes or goes. */
  renderChanged(): ReadonlyMap<string, string>
}

/**
 * Compiles a source tree by looking only at what is not as before; undefined where that could be
 * seen elsewhere, or is a mistake: then all of it has to be compiled.
 */
export function recompile(source: SourceTree, before: Before): Recompilation | undefined {
  const { memory } = before
  const paths = changedPaths(source, before.source)
  if (!paths || paths.includes(lockFile) || paths.includes(sourceFlakeFile)) return undefined
  const isNixChanged = paths.some((path) => path.endsWith('.nix'))
  const mayResolve = namingResolve(source.texts).length + namingResolve(before.source.texts).length
  if (isNixChanged && mayResolve > 0) return undefined
  const known = new Set(memory.files)
  const pairs = paths.flatMap((path) =>
    known.has(path) ? [[read(before.source, path), read(source, path)] as const] : [],
  )
  if (pairs.some(([, now]) => now.complaints.length > 0)) return undefined
  const changes = changesOf(pairs)
  const most = Math.max(fewest, memory.counts.machines / 10)
  if (!changes || changes.machines.length > most) return undefined
  // Who is given a module matters to others where one of them calls `resolve`.
  if (mayResolve > 0 && changes.haveOtherModules) return undefined
  const complaints = createComplaints()
  const interfaces = changedInterfaces(changes, memory, complaints)
  if (!interfaces) return undefined
  const elements = compileChanged(changes, interfaces, complaints, source, memory)
  if (complaints.all.some(({ severity }) => severity === 'error')) return undefined
  const isOld = (position: Position): boolean => isOf(changes, position)
  const told = [
    ...memory.complaints.filter(({ at }) => at === undefined || !isOld(at)),
    ...complaints.all,
  ]
  return {
    diagnostics: toDiagnostics(told, createLocate(source, memory, new Set(paths))),
    lock: memory.lock,
    counts: memory.counts,
    renderChanged: () => render(elements, memory),
  }
}

/** So many machines are always worth a look at each, whatever the size of the fleet. */
const fewest = 100

/** The files whose text is another; undefined where a file is new, or gone, or not what it looks like. */
function changedPaths(source: SourceTree, before: SourceTree): readonly string[] | undefined {
  if ((source.oddities?.size ?? 0) + (before.oddities?.size ?? 0) > 0) return undefined
  if (source.paths.size !== before.paths.size || source.texts.size !== before.texts.size)
    return undefined
  for (const path of source.paths) if (!before.paths.has(path)) return undefined
  const changed: string[] = []
  for (const [path, text] of source.texts) {
    const old = before.texts.get(path)
    if (old === undefined) return undefined
    if (isPointer(text)) return undefined
    if (old !== text) changed.push(path)
  }
  return changed
}

function read({ texts }: SourceTree, path: string): DecodedFile {
  const file = parse(path, texts.get(path)!)
  const { fleet, complaints } = decode([file])
  return { documents: file.documents, fleet, complaints: [...file.complaints, ...complaints] }
}

type InterfacesByHost = ReadonlyMap<string, readonly Interface[]>

/** Interfaces of what changed; undefined where another host could see the difference. */
function changedInterfaces(
  { before, now }: Changes,
  { asked, claimed }: Memory,
  complaints: Complaints,
): InterfacesByHost | undefined {
  const old = hostInterfaces(before, createComplaints())
  const { interfaces, owners } = hostInterfaces(now, complaints)
  const all = withSharedNetworks(interfaces, now)
  const others = withSharedNetworks(old.interfaces, before)
  const isAsked = new Set(asked)
  for (const host of new Set([...all.keys(), ...others.keys()]))
    if (isAsked.has(host) && JSON.stringify(all.get(host)) !== JSON.stringify(others.get(host)))
      return undefined
  const isClaimed = new Set(claimed)
  for (const text of owners.keys())
    if (isClaimed.has(text) && !old.owners.has(text)) return undefined
  return all
}

/** The elements that changed, compiled as a part of the fleet that is known. */
function compileChanged(
  { now, levels }: Changes,
  own: InterfacesByHost,
  complaints: Complaints,
  source: SourceTree,
  memory: Memory,
): Elements & { readonly lineages: readonly Level[] } {
  const fleet = createKnownFleet(source, memory)
  const context: SettingsContext = {
    // Most settings name no other element, and ten thousand names take their time.
    get names() {
      return fleet.names()
    },
    interfaces: { get: (host) => own.get(host) ?? fleet.interfacesOf(host) },
    asked: new Set(),
    paths: createPaths(source),
    complaints,
    inputs: new Set(memory.inputs),
  }
  const deploymentOf = createDeployments(context)
  const servicesOf = (host: string): readonly string[] =>
    memory.services.flatMap(({ name, hosts }) => (hosts.includes(host) ? [name] : []))
  const domains = levels.flatMap((level) =>
    level.kind === 'domain' ? [toDomain(level, context)] : [],
  )
  const clusters = levels.flatMap((level) =>
    level.kind === 'cluster' ? [toCluster(level, context)] : [],
  )
  const machines: Machine[] = []
  const unmanaged: UnmanagedMachine[] = []
  const virtualHosts: VirtualHost[] = []
  const lineages = new Set<Level>()
  // In the order that an inventory has.
  const virtualHostsOf = Map.groupBy(
    sortByName(now.virtualHosts, ({ name }) => name),
    ({ parent }) => parent,
  )
  for (const machine of sortByName(now.machines, ({ name }) => name)) {
    const cluster = fleet.cluster(machine.parent)
    const domain = fleet.domain(cluster.parent)
    lineages.add(cluster).add(domain)
    const lineage = [machine, cluster, domain] as const
    checkNixpkgs(machine, context)
    if (isManaged(machine)) {
      const made = toMachine(lineage, servicesOf(machine.name), deploymentOf, context)
      if (made) machines.push(made)
    } else unmanaged.push(toUnmanaged(machine, domain.name, context))
    for (const vhost of virtualHostsOf.get(machine.name) ?? []) {
      const made = toVirtualHost([vhost, ...lineage], servicesOf(vhost.name), context)
      if (made) virtualHosts.push(made)
    }
  }
  const { services } = memory
  const elements = { domains, clusters, machines, unmanaged, virtualHosts }
  checkConflicts({ ...elements, services }, complaints)
  return { ...elements, services: [], lineages: [...lineages] }
}

type Level = DeclaredDomain | DeclaredCluster

/** The fleet as it is known from before, each part of it worked out when it is asked for. */
function createKnownFleet(source: SourceTree, { elements, services }: Memory) {
  const files = new Map<string, Fleet>()
  const fleetOf = (path: string): Fleet => {
    const found = files.get(path) ?? read(source, path).fleet
    files.set(path, found)
    return found
  }
  const fileOf = once(() => new Map(elements.map(({ name, file }) => [name, file])))
  const wires = new Map<string, InterfacesByHost>()
  const find = <T extends { name: string }>(name: string, all: (fleet: Fleet) => readonly T[]): T =>
    all(fleetOf(fileOf().get(name)!)).find((one) => one.name === name)!
  return {
    cluster: (name: string) => find(name, ({ clusters }) => clusters),
    domain: (name: string) => find(name, ({ domains }) => domains),
    interfacesOf(host: string): readonly Interface[] | undefined {
      const path = fileOf().get(host)
      if (path === undefined) return undefined
      const fleet = fleetOf(path)
      const found =
        wires.get(path) ??
        withSharedNetworks(hostInterfaces(fleet, createComplaints()).interfaces, fleet)
      wires.set(path, found)
      return found.get(host)
    },
    names: once((): Names => {
      const members = new Map<string, readonly string[]>()
      for (const { name, hosts, roles } of services) {
        members.set(name, hosts)
        for (const role of roles) members.set(role.name, role.hosts)
      }
      return createNames(
        elements.map(({ file, ...element }): NamedElement => {
          const { kind, name } = element
          const parent = kind === 'domain' ? '' : parentName(name)
          const label = parent === '' ? name : name.slice(0, -parent.length - 1)
          return { ...element, label, parent, at: { file, document: 0, path: [] } }
        }),
        (name) => members.get(name) ?? [],
      )
    }),
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** Whether something that changed has its settings there. */
function isOf({ machines, levels }: Changes, { file, document, path }: Position): boolean {
  const isBelow = (place: Position): boolean =>
    place.file === file &&
    place.document === document &&
    place.path.every((step, index) => step === path[index])
  return (
    machines.some(({ place }) => isBelow(place)) ||
    levels.some(
      ({ place }) => isBelow(place) && privateKeys.has(String(path[place.path.length] ?? '')),
    )
  )
}

/** Lines are as before in files that are as before. */
function createLocate(
  { texts }: SourceTree,
  { places }: Memory,
  changed: ReadonlySet<string>,
): (position: Position) => Place {
  const known = new Map(
    places.flatMap(([position, place]) =>
      changed.has(position.file) ? [] : [[JSON.stringify(position), place]],
    ),
  )
  const locate = locateIn(texts)
  return (position) => known.get(JSON.stringify(position)) ?? locate(position)
}

function render(
  { lineages, ...elements }: ReturnType<typeof compileChanged>,
  { services, resolvers }: Memory,
): ReadonlyMap<string, string> {
  const levels = [...elements.domains, ...elements.clusters, ...lineages]
  const places = toPlaces({
    ...elements,
    services,
    domains: levels.filter(({ kind }) => kind === 'domain'),
    clusters: levels.filter(({ kind }) => kind === 'cluster'),
  })
  const names = serviceNames({ services })
  const files = new Map<string, string>()
  renderElements(elements, { places, names, resolvers: new Set(resolvers) }, (file, text) => {
    files.set(file, text)
  })
  return files
}
