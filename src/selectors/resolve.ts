import { firstOfEachFamily, ipsOf, primaryInterface } from '../model/addresses.ts'
import type { Code, Complaint, Position } from '../model/diagnostic.ts'
import type { ElementKind, Host, Interface, Inventory } from '../model/inventory.ts'
import { hostsOf, joinName, ownInterfaces, serviceNames } from '../model/names.ts'
import { lookUp, namesOf, type Names, type Target } from './names.ts'
import { parseSelector, type Selector, type SelectorMap } from './selector.ts'
import { select } from './select.ts'

/** What a selector means: the seed's function and its three maps. */
export interface Resolution {
  readonly elements: readonly { readonly kind: ElementKind; readonly name: string }[]
  /** Full names of hosts, in order. */
  readonly hosts: readonly string[]
  /** Every address of the hosts; of an interface that was named, its own only. */
  readonly ips: readonly string[]
  /** One for each host and family. */
  readonly primaryIps: readonly string[]
  /** Labels of the hosts. */
  readonly hostNames: readonly string[]
  /** address -> every domain name under which it answers */
  readonly ipToNames: Readonly<Record<string, readonly string[]>>
  readonly nameToIps: Readonly<Record<string, readonly string[]>>
  /** domain name -> the NixOS configurations (full names of hosts) behind it */
  readonly nameToConfigs: Readonly<Record<string, readonly string[]>>
  /** Errors and warnings of the selector; with an error, the rest is empty. */
  readonly complaints: readonly Complaint[]
}

/**
 * Turns a selector into elements, addresses and names. `scope` is the full name of the element that
 * it is read in; without it, a short name is looked up in every cluster and must be found in one.
 */
export function resolve(
  selector: string | SelectorMap | readonly (string | SelectorMap)[],
  inventory: Inventory,
  scope?: string,
): Resolution {
  const names = namesOf(inventory)
  const written = Array.isArray(selector) ? selector : [selector]
  const complaints: Complaint[] = []
  const selectors = (written as (string | SelectorMap)[]).flatMap((one, index): Selector[] => {
    const parsed = parseSelector(one, { file: '', document: 0, path: [index] })
    if (!('complaint' in parsed)) return [parsed]
    complaints.push(parsed.complaint)
    return []
  })
  const place =
    scope === undefined ? likelyScope(names, selectors, complaints) : scope.toLowerCase()
  if (scope !== undefined && !names.elements.has(place))
    complaints.push(problem('selectors/dangling', `nothing is called '${scope}'`))
  const selection = complaints.some(isError)
    ? { elements: [], targets: [], complaints: [] }
    : select(names, selectors, place)
  const all = [...complaints, ...selection.complaints].map(({ at: _, ...rest }) => rest)
  if (all.some(isError)) return { ...mapNames(inventory, []), elements: [], complaints: all }
  return {
    elements: selection.elements.map(({ kind, name }) => ({ kind, name })),
    ...mapNames(inventory, selection.targets),
    complaints: all,
  }
}

const nowhere: Position = { file: '', document: 0, path: [] }

function problem(code: Code, message: string, hint?: string): Complaint {
  return { severity: 'error', code, message, at: nowhere, ...(hint ? { hint } : {}) }
}

function isError(complaint: Complaint): boolean {
  return complaint.severity === 'error'
}

/** The one cluster or domain in which the selectors mean something. */
function likelyScope(
  names: Names,
  selectors: readonly Selector[],
  complaints: Complaint[],
): string {
  const places = [...names.ofKind('cluster'), ...names.ofKind('domain')].map(({ name }) => name)
  const clusters = names.ofKind('cluster')
  if (clusters.length === 1) return clusters[0]!.name
  const [first] = selectors
  if (first?.target.kind !== 'name' || names.elements.has(first.target.name)) return ''
  const { name } = first.target
  const found = places.filter(
    (place) => lookUp(names, joinName(name, place), '').elements.length > 0,
  )
  if (found.length > 1)
    complaints.push(
      problem(
        'selectors/ambiguous',
        `'${name}' is several: ${found.map((place) => joinName(name, place)).join(', ')}`,
        'write the full name, or --in CLUSTER',
      ),
    )
  return found[0] ?? ''
}

function mapNames(
  inventory: Inventory,
  targets: readonly Target[],
): Omit<Resolution, 'elements' | 'complaints'> {
  const hosts = new Map(hostsOf(inventory).map((host) => [host.name, host]))
  const namesOfHost = serviceNames(inventory)
  const nameToIps = new Map<string, Set<string>>()
  const nameToConfigs = new Map<string, Set<string>>()
  const all = new Set<string>()
  const primary = new Set<string>()
  const hostNames = new Set<string>()

  const answer = (name: string, config: string, ips: readonly string[]): void => {
    addTo(nameToConfigs, name, [config])
    addTo(nameToIps, name, ips)
  }

  for (const target of targets) {
    const host = hosts.get(target.host)!
    hostNames.add(host.label)
    const own = primaryIps(host, target.interface)
    for (const ip of own) primary.add(ip)
    const isWhole = target.interface === undefined
    if (isWhole) answer(host.name, host.name, own)
    const isMeant = ({ name }: Interface): boolean => isWhole || name === target.interface
    for (const { ip } of host.interfaces.filter(isMeant).flatMap(ipsOf)) all.add(ip)
    for (const wire of ownInterfaces(host).filter(isMeant))
      answer(
        wire.name,
        host.name,
        ipsOf(wire).map(({ ip }) => ip),
      )
    for (const name of isWhole ? (namesOfHost.get(host.name) ?? []) : [])
      answer(name, host.name, own)
  }
  const ipToNames = new Map<string, Set<string>>()
  for (const [name, ips] of nameToIps) for (const ip of ips) addTo(ipToNames, ip, [name])
  return {
    hosts: targets.map(({ host }) => host),
    ips: [...all],
    primaryIps: [...primary],
    hostNames: [...hostNames],
    ipToNames: toRecord(ipToNames),
    nameToIps: toRecord(nameToIps),
    nameToConfigs: toRecord(nameToConfigs),
  }
}

function primaryIps(host: Host, only: string | undefined): string[] {
  const wire =
    only === undefined
      ? primaryInterface(host.interfaces)
      : host.interfaces.find(({ name }) => name === only)
  return firstOfEachFamily(ipsOf(wire)).map(({ ip }) => ip)
}

function addTo(map: Map<string, Set<string>>, key: string, values: readonly string[]): void {
  const set = map.get(key) ?? new Set()
  for (const value of values) set.add(value)
  map.set(key, set)
}

function toRecord(map: ReadonlyMap<string, Set<string>>): Record<string, readonly string[]> {
  return Object.fromEntries([...map].map(([key, values]) => [key, [...values]]))
}
