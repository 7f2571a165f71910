import type { Host, Inventory } from '../model/inventory.ts'
import { hostsOf, kindText } from '../model/names.ts'
import { count } from './wording.ts'

/** Who runs where, to be drawn. */
export interface Graph {
  readonly groups: readonly GraphGroup[]
  readonly edges: readonly GraphEdge[]
}

/** A domain or a cluster: a frame around what stands in it. */
export interface GraphGroup {
  /** Full name of the element. */
  readonly name: string
  readonly label: string
  readonly nodes: readonly GraphNode[]
  readonly groups: readonly GraphGroup[]
}

export interface GraphNode {
  /** Full name of the element; of several hosts in one, the first's. */
  readonly name: string
  readonly kind: 'service' | 'role' | 'machine' | 'vhost'
  /** Lines of text. */
  readonly label: readonly string[]
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  /** What a service knows and does not run on is `known`. */
  readonly kind: 'role' | 'runs' | 'known' | 'contains'
}

/** What of the fleet is drawn, and how closely. */
export interface GraphOptions {
  /** Hosts that are alike are drawn as one where they are more than this. */
  readonly max: number
  /** Only these hosts, and the machines that they run on. */
  readonly hosts?: ReadonlySet<string>
  /** Only these services; without it, all that have a host in the graph. */
  readonly services?: ReadonlySet<string>
}

/**
 * Services with their roles, and the hosts that they run on, each in its cluster or domain. Hosts of
 * one cluster are alike when the same services and roles have them, and when they run on machines that
 * are drawn as one: of more than `max` of these, one node stands for all.
 */
export function graphOf(inventory: Inventory, { max, hosts, services }: GraphOptions): Graph {
  const drawn = drawnHosts(inventory, hosts)
  const members = inventory.services
    .filter(({ name }) => services?.has(name) ?? true)
    .map((service) => membersOf(service, drawn))
    .filter(({ edges }) => edges.length > 0)
  const nodeOf = mergeAlike([...drawn.values()], members, max)
  const nodes = new Map<string, GraphNode[]>()
  const put = (place: string, node: GraphNode): void => {
    const known = nodes.get(place)
    if (known === undefined) nodes.set(place, [node])
    else known.push(node)
  }
  for (const { service, roles } of members) {
    put(service.parent, { name: service.name, kind: 'service', label: [service.label] })
    for (const { name, label } of roles) put(service.parent, { name, kind: 'role', label: [label] })
  }
  for (const { cluster, node } of new Set(nodeOf.values())) put(cluster, node)
  const edges = members.flatMap(({ service, roles, edges }) => [
    ...roles.map(({ name }) => ({ from: service.name, to: name, kind: 'role' as const })),
    ...edges.map(({ from, to, kind }) => ({ from, to: nodeOf.get(to)!.node.name, kind })),
  ])
  const inside = [...drawn.values()].flatMap((host) =>
    host.kind === 'machine'
      ? []
      : [
          {
            from: nodeOf.get(host.machine)!.node.name,
            to: nodeOf.get(host.name)!.node.name,
            kind: 'contains' as const,
          },
        ],
  )
  return { groups: groupsOf(inventory, nodes), edges: withoutDoubles([...edges, ...inside]) }
}

/** Full name -> host, in natural order. */
function drawnHosts(inventory: Inventory, wanted?: ReadonlySet<string>): Map<string, Host> {
  const all = hostsOf(inventory)
  const carriers = new Set(
    all.flatMap((host) =>
      host.kind === 'vhost' && wanted?.has(host.name) === true ? [host.machine] : [],
    ),
  )
  const drawn = all.filter(
    ({ name }) => wanted === undefined || wanted.has(name) || carriers.has(name),
  )
  return new Map(drawn.map((host) => [host.name, host]))
}

interface Members {
  readonly service: Inventory['services'][number]
  /** Those with hosts in the graph. */
  readonly roles: Inventory['services'][number]['roles']
  /** From the service or a role of it to a host. */
  readonly edges: readonly GraphEdge[]
}

/** The service itself points to the hosts that it has without a role. */
function membersOf(
  service: Inventory['services'][number],
  drawn: ReadonlyMap<string, Host>,
): Members {
  const running = new Set(service.hosts)
  const inRole = new Set<string>()
  const edges: GraphEdge[] = []
  const roles = service.roles.filter(({ name, hosts }) => {
    const own = hosts.filter((host) => drawn.has(host))
    for (const host of own) {
      inRole.add(host)
      edges.push({ from: name, to: host, kind: running.has(host) ? 'runs' : 'known' })
    }
    return own.length > 0
  })
  for (const host of service.hosts)
    if (drawn.has(host) && !inRole.has(host))
      edges.push({ from: service.name, to: host, kind: 'runs' })
  return { service, roles, edges }
}

interface Drawn {
  readonly cluster: string
  readonly node: GraphNode
}

/** host -> the node that stands for it, the same object for hosts that are drawn as one. */
function mergeAlike(
  hosts: readonly Host[],
  members: readonly Members[],
  max: number,
): Map<string, Drawn> {
  const signs = new Map<string, string[]>(hosts.map(({ name }) => [name, []]))
  const sources = new Map<string, number>()
  for (const { edges } of members)
    for (const { from, to, kind } of edges) {
      if (!sources.has(from)) sources.set(from, sources.size)
      signs.get(to)!.push(`${kind} ${sources.get(from)}`)
    }
  const nodeOf = new Map<string, Drawn>()
  const merge = (some: readonly Host[], carrier: (host: Host) => string): void => {
    const alike = new Map<string, Host[]>()
    for (const host of some) {
      const sign = [host.cluster, carrier(host), ...signs.get(host.name)!].join('\n')
      const known = alike.get(sign)
      if (known === undefined) alike.set(sign, [host])
      else known.push(host)
    }
    for (const group of alike.values()) {
      const one = group.length > max && group.length > 1 ? [group] : group.map((host) => [host])
      for (const together of one) {
        const node = { cluster: together[0]!.cluster, node: hostNode(together) }
        for (const { name } of together) nodeOf.set(name, node)
      }
    }
  }
  merge(
    hosts.filter(({ kind }) => kind === 'machine'),
    () => '',
  )
  merge(
    hosts.filter(({ kind }) => kind === 'vhost'),
    (host) => (host.kind === 'vhost' ? nodeOf.get(host.machine)!.node.name : ''),
  )
  return nodeOf
}

function hostNode(hosts: readonly Host[]): GraphNode {
  const { name, kind, cluster } = hosts[0]!
  const labelOf = (host: Host): string => host.name.slice(0, -cluster.length - 1)
  const first = labelOf(hosts[0]!)
  const label =
    hosts.length === 1
      ? [first]
      : [`${first} … ${labelOf(hosts.at(-1)!)}`, count(hosts.length, kindText(kind))]
  return { name, kind, label }
}

/** Domains with their clusters; those in which nothing is drawn are left out. */
function groupsOf(
  { domains, clusters }: Inventory,
  nodes: ReadonlyMap<string, readonly GraphNode[]>,
): GraphGroup[] {
  const isDrawn = (group: GraphGroup): boolean => group.nodes.length + group.groups.length > 0
  const group = (name: string, groups: readonly GraphGroup[]): GraphGroup => ({
    name,
    label: name === '' ? '.' : name,
    nodes: nodes.get(name) ?? [],
    groups,
  })
  const inner = new Map<string, GraphGroup[]>(domains.map(({ name }) => [name, []]))
  for (const { name, domain } of clusters) {
    const one = group(name, [])
    if (isDrawn(one)) inner.get(domain)!.push(one)
  }
  return domains.map(({ name }) => group(name, inner.get(name)!)).filter(isDrawn)
}

/** Hosts that are drawn as one have one edge from each service or role. */
function withoutDoubles(edges: readonly GraphEdge[]): GraphEdge[] {
  return [...new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge])).values()]
}
