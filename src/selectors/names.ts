import type { Position } from '../model/diagnostic.ts'
import type { ElementKind, Inventory } from '../model/inventory.ts'
import { hostsOf, joinName, ownInterfaces, parentName, sortByName } from '../model/names.ts'

/** An element as far as selectors look at it. */
export interface NamedElement {
  readonly kind: ElementKind
  readonly name: string
  readonly label: string
  readonly parent: string
  readonly at: Position
  /** Of hosts. */
  readonly tags?: readonly string[]
  /** Why no service can run on it, of hosts that take no module. */
  readonly moduleless?: 'image' | 'unmanaged'
}

/** A host that was selected, by one interface or as a whole, and the selector that did it. */
export interface Target {
  readonly host: string
  readonly interface?: string
  readonly at: Position
  /** By its own name, not by something that it is in. */
  readonly isNamed: boolean
}

/** Every name of a fleet, and what is below it. */
export interface Names {
  readonly elements: ReadonlyMap<string, NamedElement>
  /** The hosts of a service or role, in order. */
  readonly members: (name: string) => readonly string[]
  /** Whether the hosts of a service or role are not known, which was said where it is wrong. */
  readonly isBroken: (name: string) => boolean
  /** The hosts in a cluster or domain (the empty name: everywhere), in natural order. */
  readonly hostsBelow: (name: string) => readonly string[]
  /** Elements of a kind, in natural order. */
  readonly ofKind: (kind: ElementKind) => readonly NamedElement[]
  /** Place of a host in the natural order of all hosts. */
  readonly rank: (host: string) => number
  /** The hosts of a cluster or domain that carry a tag. */
  readonly tagged: (scope: string, tag: string) => readonly string[]
}

/** Indexes elements, whose names must be unique; `members` may be worked out while it is asked. */
export function createNames(
  elements: Iterable<NamedElement>,
  members: (name: string) => readonly string[],
  isBroken: (name: string) => boolean = () => false,
): Names {
  const byName = new Map<string, NamedElement>()
  const byKind = new Map<ElementKind, NamedElement[]>()
  for (const element of sortByName(elements, ({ name }) => name)) {
    byName.set(element.name, element)
    append(byKind, element.kind, element)
  }
  const below = new Map<string, string[]>()
  const tags = new Map<string, string[]>()
  const ranks = new Map<string, number>()
  for (const { kind, name, parent, tags: carried = [] } of byName.values()) {
    if (kind !== 'machine' && kind !== 'vhost') continue
    ranks.set(name, ranks.size)
    const cluster = kind === 'machine' ? parent : (byName.get(parent)?.parent ?? '')
    const domain = byName.get(cluster)?.parent ?? ''
    for (const scope of new Set([cluster, domain, ''])) {
      append(below, scope, name)
      for (const tag of carried) append(tags, `${scope} ${tag}`, name)
    }
  }
  return {
    elements: byName,
    members,
    isBroken,
    hostsBelow: (name) => below.get(name) ?? [],
    ofKind: (kind) => byKind.get(kind) ?? [],
    rank: (host) => ranks.get(host) ?? 0,
    tagged: (scope, tag) => tags.get(`${scope} ${tag}`) ?? [],
  }
}

/** The names of a resolved fleet. */
export function namesOf(inventory: Inventory): Names {
  const members = new Map<string, readonly string[]>()
  const elements: NamedElement[] = []
  for (const { kind, name, label, at } of inventory.domains)
    elements.push({ kind, name, label, parent: '', at })
  for (const { kind, name, label, at, domain } of inventory.clusters)
    elements.push({ kind, name, label, parent: domain, at })
  for (const { kind, name, label, at, parent, hosts, roles } of inventory.services) {
    elements.push({ kind, name, label, parent, at })
    members.set(name, hosts)
    for (const role of roles) {
      elements.push({ ...role, parent: name })
      members.set(role.name, role.hosts)
    }
  }
  for (const host of hostsOf(inventory)) {
    const { kind, name, label, at, tags } = host
    const parent = kind === 'machine' ? host.cluster : host.machine
    elements.push({ kind, name, label, parent, at, tags })
    for (const wire of ownInterfaces(host)) elements.push({ ...wire, parent: name })
  }
  return createNames(elements, (name) => members.get(name) ?? [])
}

/** The scopes in which a short name is looked up: where it stands, then outward; the root is last. */
export function scopesFrom(names: Names, scope: string): string[] {
  const scopes: string[] = []
  let here: NamedElement | undefined = names.elements.get(scope)
  while (here && here.name !== '') {
    scopes.push(here.name)
    here = here.kind === 'domain' ? undefined : names.elements.get(here.parent)
  }
  return [...scopes, '']
}

/** The cluster or domain around an element, the element itself included. */
export function enclosing(names: Names, scope: string): string {
  return (
    scopesFrom(names, scope).find((name) => {
      const kind = names.elements.get(name)?.kind
      return kind === 'cluster' || kind === 'domain'
    }) ?? ''
  )
}

/** A name as people in a scope write it: without the scope. */
export function relativeTo(scope: string, name: string): string {
  return scope !== '' && name.endsWith(`.${scope}`) ? name.slice(0, -scope.length - 1) : name
}

/** What a name or pattern means; not known where that depends on a service that is wrong itself. */
export interface Found {
  readonly elements: readonly NamedElement[]
  readonly isKnown: boolean
}

/**
 * The elements of a relative or full name, looked up outward: one, or the hosts of one label that a
 * service has, of a name such as `vm0.vault`.
 */
export function lookUp(names: Names, name: string, scope: string, only?: ElementKind): Found {
  for (const outer of scopesFrom(names, scope)) {
    const element = names.elements.get(joinName(name, outer))
    if (element && (!only || element.kind === only)) return { elements: [element], isKnown: true }
    const members = membersCalled(names, name, outer, only)
    if (members.elements.length > 0 || !members.isKnown) return members
  }
  return nothing
}

/** Nothing, for sure. */
export const nothing: Found = { elements: [], isKnown: true }

/** The nearest element of a name, of whatever kind; asks no service for its hosts. */
export function nearest(names: Names, name: string, scope: string): NamedElement | undefined {
  for (const outer of scopesFrom(names, scope)) {
    const element = names.elements.get(joinName(name, outer))
    if (element) return element
  }
  return undefined
}

/** Hosts by their label in front of their service's name; the service is written, not the scope's. */
function membersCalled(
  names: Names,
  name: string,
  outer: string,
  only: ElementKind | undefined,
): Found {
  const rest = parentName(name)
  if (rest === '' || !mayBeHost(only)) return nothing
  const service = names.elements.get(joinName(rest, outer))
  if (service?.kind !== 'service') return nothing
  const hosts = membersByLabel(names, service.name).get(name.slice(0, name.indexOf('.'))) ?? []
  return {
    elements: hosts.filter(({ kind }) => !only || kind === only),
    isKnown: !names.isBroken(service.name),
  }
}

/** Whether a selector of a kind, or of none, can mean hosts themselves. */
export function mayBeHost(only: ElementKind | undefined): boolean {
  return only === undefined || only === 'machine' || only === 'vhost'
}

/** Each of a large service's hosts may be named so. */
const labels = new WeakMap<Names, Map<string, ReadonlyMap<string, readonly NamedElement[]>>>()

function membersByLabel(
  names: Names,
  service: string,
): ReadonlyMap<string, readonly NamedElement[]> {
  const cache = labels.get(names) ?? new Map<string, ReadonlyMap<string, readonly NamedElement[]>>()
  labels.set(names, cache)
  const known = cache.get(service)
  if (known) return known
  const hosts = names.members(service).map((host) => names.elements.get(host)!)
  const found = Map.groupBy(hosts, ({ label }) => label)
  cache.set(service, found)
  return found
}

/** The host that a host or interface name belongs to. */
export function hostOf(element: NamedElement): string {
  // Not by its name: a label that is refused may have dots, as in eth0.10.
  return element.kind === 'interface' ? element.parent : element.name
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
