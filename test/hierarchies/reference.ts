import type { Hierarchy, InterfaceOf, RoleOf, SelectorOf, ServiceOf } from './hierarchy.ts'

// What selectors mean, a second time: written from the description alone, slow and plain. It shares
// no code with the compiler on purpose.

export interface El {
  readonly kind: 'domain' | 'cluster' | 'service' | 'role' | 'machine' | 'vhost' | 'interface'
  readonly name: string
  readonly parent: El | undefined
  readonly tags: readonly string[]
  readonly service?: ServiceOf
  readonly role?: RoleOf
  readonly wire?: InterfaceOf
}

/** A host, by one interface or as a whole. */
export interface Reached {
  readonly host: El
  readonly wire?: El
}

export interface Mistake {
  readonly code: string
  readonly severity: 'error' | 'warning'
  /** The selector that it is about; -1 for the whole list. */
  readonly index: number
}

export interface Meaning {
  readonly elements: readonly El[]
  readonly reached: readonly Reached[]
  readonly mistakes: readonly Mistake[]
  /** It depends on something that is wrong itself. */
  readonly unknown: boolean
}

/** Thrown where a name cannot be looked up because it depends on a broken service. */
class Unknown extends Error {}

export function createReference(hierarchy: Hierarchy) {
  const elements = elementsOf(hierarchy)
  const hosts = elements.filter(isHost).sort((a, b) => compareNames(a.name, b.name))
  const known = new Map<string, { hosts: readonly El[]; meaning?: Meaning; broken: boolean }>()
  const open: string[] = []
  /** Service or role -> those that it asked for their hosts. */
  const asked = new Map<string, Set<string>>()

  function membersOf(owner: El): readonly El[] {
    const asker = open.at(-1)
    if (asker !== undefined) asked.get(asker)!.add(owner.name)
    const before = known.get(owner.name)
    if (before?.broken || open.includes(owner.name)) throw new Unknown()
    if (before) return before.hosts
    open.push(owner.name)
    asked.set(owner.name, new Set())
    const result = work(owner)
    open.pop()
    known.set(owner.name, result)
    if (result.broken) throw new Unknown()
    return result.hosts
  }

  function work(owner: El): { hosts: readonly El[]; meaning?: Meaning; broken: boolean } {
    const roles = elements.filter(({ kind, parent }) => kind === 'role' && parent === owner)
    const list = owner.role?.selectors ?? owner.service?.selectors
    if (list) {
      const meaning = mean(list, owner.kind === 'role' ? owner.parent! : owner)
      const broken =
        meaning.unknown || meaning.mistakes.some(({ severity }) => severity === 'error')
      return { hosts: meaning.reached.map(({ host }) => host), meaning, broken }
    }
    const running = roles.filter(({ role }) => role!.runs)
    const union = new Set<El>()
    let broken = running.length === 0
    for (const role of running)
      try {
        for (const host of membersOf(role)) union.add(host)
      } catch (error) {
        if (!(error instanceof Unknown)) throw error
        broken = true
      }
    return { hosts: hosts.filter((host) => union.has(host)), broken }
  }

  /** What a list of selectors means where it stands. */
  function mean(list: readonly SelectorOf[], scope: El): Meaning {
    const mistakes: Mistake[] = []
    const found: Reached[] = []
    const named: El[] = []
    const away: El[] = []
    let unknown = false
    for (const [index, written] of list.entries()) {
      const say = (code: string, severity: Mistake['severity']): void => {
        mistakes.push({ code, severity, index })
      }
      try {
        const one = meanOne(written, scope, say)
        if (isExclusion(written)) away.push(...one.reached.map(({ host }) => host))
        else {
          named.push(...one.elements)
          found.push(...one.reached)
        }
      } catch (error) {
        if (!(error instanceof Unknown)) throw error
        unknown = true
      }
    }
    const reached = found
      .filter(({ host }, index) => found.findIndex((other) => other.host === host) === index)
      .filter(({ host }) => !away.includes(host))
    const optional = list.some((one) => typeof one !== 'string' && one.optional)
    const wrong = mistakes.some(({ severity }) => severity === 'error')
    if (reached.length === 0 && !optional && !wrong && !unknown)
      mistakes.push({ code: 'selectors/empty', severity: 'error', index: -1 })
    const only = [...new Set(named)].filter((element) => !away.includes(element))
    return { elements: only, reached, mistakes, unknown }
  }

  function meanOne(
    written: SelectorOf,
    scope: El,
    say: (code: string, severity: Mistake['severity']) => void,
  ): { elements: readonly El[]; reached: readonly Reached[] } {
    const map = typeof written === 'string' ? undefined : written
    const text = (map?.select ?? (written as string)).replace(/^-/, '')
    const severity = isExclusion(written) ? 'warning' : 'error'
    let unknown = false
    /** Goes on, so that everything that is asked is known. */
    const attempt = <T>(work: () => readonly T[]): readonly T[] => {
      try {
        return work()
      } catch (error) {
        if (!(error instanceof Unknown)) throw error
        unknown = true
        return []
      }
    }
    const found = attempt(() => find(text, map?.kind, scope, (code) => say(code, 'warning')))
    if (unknown) {
      for (const inner of map?.except ?? []) attempt(() => meanOne(`-${inner}`, scope, say).reached)
      throw new Unknown()
    }
    if (found.length === 0 && !map?.optional)
      say(/^tag:|\*/.test(text) ? 'selectors/no-match' : 'selectors/dangling', severity)
    const except = (map?.except ?? [])
      .flatMap((inner) => attempt(() => meanOne(`-${inner}`, scope, say).reached))
      .map(({ host }) => host)
    const all = found.flatMap((element) => attempt(() => reach(element)))
    if (unknown) throw new Unknown()
    const tagged = all.filter(({ host }) =>
      (map?.tags ?? []).every((tag) => host.tags.includes(tag)),
    )
    const reached = tagged.filter(({ host }) => !except.includes(host))
    if (map && map.tags.length > 0 && found.length > 0 && reached.length === 0 && !map.optional)
      say('selectors/no-match', severity)
    return { elements: found, reached }
  }

  /** The elements that a text names. */
  function find(
    text: string,
    mapKind: string | undefined,
    scope: El,
    warn: (code: string) => void,
  ): readonly El[] {
    const [, prefix, rest] = /^(?:([a-z]+):)?(.*)$/.exec(text)!
    const kind = mapKind ?? prefix
    const name = rest!.toLowerCase()
    if (prefix === 'tag') {
      const place = placeOf(scope)
      return hosts.filter((host) => isIn(host, place) && host.tags.includes(rest!))
    }
    const isKind = (element: El): boolean => kind === undefined || element.kind === kind
    if (name.includes('*')) return findPattern(name, kind, scope)
    for (const around of scopesOf(scope)) {
      const full = join(name, around)
      const element = elements.find((one) => one.name === full && isKind(one))
      if (element) {
        const other = elements.find((one) => one.name === name && isKind(one))
        if (other && other !== element) warn('selectors/ambiguous')
        return [element]
      }
      // A host as a member of a service: its short name before the service's.
      const members = kind && !isHostKind(kind) ? [] : membersCalled(name, around).filter(isKind)
      if (members.length > 0) {
        const other = elements.find((one) => one.name === name && isKind(one))
        if (other && !members.includes(other)) warn('selectors/ambiguous')
        return members
      }
    }
    return []
  }

  function membersCalled(name: string, around: El | undefined): readonly El[] {
    const [label, ...rest] = name.split('.')
    if (rest.length === 0) return []
    const full = join(rest.join('.'), around)
    const service = elements.find((one) => one.kind === 'service' && one.name === full)
    if (!service) return []
    return membersOf(service).filter((host) => matches(label!, host.name.split('.')[0]!))
  }

  function findPattern(pattern: string, kind: string | undefined, scope: El): readonly El[] {
    const isMeant = (element: El): boolean => (kind ? element.kind === kind : isHost(element))
    for (const around of scopesOf(scope)) {
      const isPlace = !around || around.kind === 'cluster' || around.kind === 'domain'
      if (!kind && !isPlace) continue
      const found = elements
        .filter(isMeant)
        // What a service selects by pattern is never itself.
        .filter((element) => element !== scope || !['service', 'role'].includes(element.kind))
        .filter((element) => element.name !== '' && isBelow(element.name, around?.name ?? ''))
        .filter((element) => matches(pattern, relative(element.name, around?.name ?? '')))
        .sort((a, b) => compareNames(a.name, b.name))
      if (found.length > 0) return found
      const [, ...rest] = pattern.split('.')
      if ((!kind || isHostKind(kind)) && rest.length > 0 && !rest.join('.').includes('*')) {
        const members = membersCalled(pattern, around).filter(isMeant)
        if (members.length > 0) return members
      }
      // Without a kind and without a dot, a pattern is about the hosts of one place.
      if (!kind && !pattern.includes('.')) return []
    }
    return []
  }

  /** From an element down to hosts. */
  function reach(element: El): readonly Reached[] {
    if (isHost(element)) return [{ host: element }]
    if (element.kind === 'interface') return [{ host: element.parent!, wire: element }]
    if (element.kind === 'service' || element.kind === 'role')
      return membersOf(element).map((host) => ({ host }))
    return hosts.filter((host) => isIn(host, element)).map((host) => ({ host }))
  }

  for (const owner of elements)
    if (owner.kind === 'service' || owner.kind === 'role')
      try {
        membersOf(owner)
      } catch (error) {
        if (!(error instanceof Unknown)) throw error
      }

  return {
    elements,
    hosts,
    /** What the list of a service or role means; undefined where it has none. */
    meaningOf: (owner: El): Meaning | undefined => known.get(owner.name)?.meaning,
    isBroken: (owner: El): boolean => known.get(owner.name)!.broken,
    membersOf: (owner: El): readonly El[] => known.get(owner.name)!.hosts,
    asked: (name: string): ReadonlySet<string> => asked.get(name) ?? new Set(),
    mean,
    maps: (reached: readonly Reached[]) =>
      mapsOf(reached, elements, (owner) => known.get(owner.name)!.hosts),
  }
}

export type Reference = ReturnType<typeof createReference>

function elementsOf({ domains }: Hierarchy): readonly El[] {
  const elements: El[] = []
  const add = (
    kind: El['kind'],
    label: string,
    parent: El | undefined,
    more: Partial<El> = {},
  ): El => {
    const element: El = { kind, name: join(label, parent), parent, tags: [], ...more }
    elements.push(element)
    return element
  }
  const addServices = (services: readonly ServiceOf[], parent: El): void => {
    for (const service of services) {
      const owner = add('service', service.label, parent, { service })
      for (const role of service.roles) add('role', role.label.toLowerCase(), owner, { role })
    }
  }
  const addWires = (wires: readonly InterfaceOf[], parent: El): void => {
    for (const wire of wires) add('interface', wire.label, parent, { wire })
  }
  for (const { suffix, services, clusters } of domains) {
    const domain = add('domain', suffix, undefined)
    addServices(services, domain)
    for (const cluster of clusters) {
      const place = add('cluster', cluster.label, domain)
      addServices(cluster.services, place)
      for (const { label, tags, interfaces, virtualHosts } of cluster.machines) {
        const machine = add('machine', label, place, { tags })
        addWires(interfaces, machine)
        for (const inner of virtualHosts)
          addWires(inner.interfaces, add('vhost', inner.label, machine, { tags: inner.tags }))
      }
    }
  }
  return elements
}

const isHost = ({ kind }: El): boolean => kind === 'machine' || kind === 'vhost'

const isHostKind = (kind: string): boolean => kind === 'machine' || kind === 'vhost'

const isExclusion = (written: SelectorOf): boolean =>
  (typeof written === 'string' ? written : written.select).startsWith('-')

function join(label: string, parent: El | undefined): string {
  return parent && parent.name !== '' ? `${label}.${parent.name}` : label
}

/** Where it stands, then outward, and last the full names. */
function scopesOf(scope: El): readonly (El | undefined)[] {
  const outer: El[] = []
  for (let here: El | undefined = scope; here; here = here.parent)
    if (here.name !== '') outer.push(here)
  return [...outer, undefined]
}

function placeOf(scope: El): El {
  return scope.kind === 'cluster' || scope.kind === 'domain' ? scope : placeOf(scope.parent!)
}

/** All stand in the root. */
function isIn(element: El, place: El): boolean {
  return (
    place.name === '' ||
    element === place ||
    (element.parent !== undefined && isIn(element.parent, place))
  )
}

function isBelow(name: string, around: string): boolean {
  return around === '' || name.endsWith(`.${around}`)
}

function relative(name: string, around: string): string {
  return around === '' ? name : name.slice(0, -around.length - 1)
}

/** `*` within one label, `**` any number of labels. */
function matches(pattern: string, name: string): boolean {
  return matchLabels(pattern.split('.'), name === '' ? [] : name.split('.'))
}

function matchLabels(pattern: readonly string[], labels: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return labels.length === 0
  if (first === '**')
    return (
      labels.some((_, index) => matchLabels(rest, labels.slice(index))) || matchLabels(rest, [])
    )
  const [label, ...others] = labels
  return label !== undefined && matchLabel(first, label) && matchLabels(rest, others)
}

function matchLabel(pattern: string, label: string): boolean {
  if (pattern === '') return label === ''
  if (pattern[0] !== '*')
    return pattern[0] === label[0] && matchLabel(pattern.slice(1), label.slice(1))
  return (
    matchLabel(pattern.slice(1), label) || (label !== '' && matchLabel(pattern, label.slice(1)))
  )
}

/** Natural order, read from the right: `a.b` before `x.a.b`, `vm2` before `vm10`. */
export function compareNames(a: string, b: string): number {
  const left = a.split('.').reverse()
  const right = b.split('.').reverse()
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    if (left[index] === undefined) return -1
    if (right[index] === undefined) return 1
    const order = compareLabels(left[index]!, right[index]!)
    if (order !== 0) return order
  }
  return a < b ? -1 : a > b ? 1 : 0
}

function compareLabels(a: string, b: string): number {
  const pieces = (text: string): string[] => text.match(/\d+|\D/g) ?? []
  const [left, right] = [pieces(a), pieces(b)]
  for (const [index, one] of left.entries()) {
    const other = right[index]
    if (other === undefined) return 1
    const numbers = /\d/.test(one) && /\d/.test(other)
    if (numbers && BigInt(one) !== BigInt(other)) return BigInt(one) < BigInt(other) ? -1 : 1
    if (!numbers && one[0] !== other[0]) return one[0]! < other[0]! ? -1 : 1
  }
  return left.length - right.length
}

const inOrder = (elements: readonly El[]): readonly El[] =>
  [...elements].sort((a, b) => compareNames(a.name, b.name))

/** Names and addresses of hosts, as a resolver of names would have to know them. */
function mapsOf(
  reached: readonly Reached[],
  elements: readonly El[],
  membersOf: (owner: El) => readonly El[],
) {
  const pairs: { name: string; config: string; ips: readonly string[] }[] = []
  const ips: string[] = []
  const primaryIps: string[] = []
  const isOf = (host: El) => (element: El) =>
    element.kind === 'interface' && element.parent === host
  /** A virtual host without interfaces of its own has its machine's network. */
  const wiresOf = (host: El): readonly El[] => {
    const own = inOrder(elements.filter(isOf(host)))
    return own.length === 0 && host.kind === 'vhost'
      ? inOrder(elements.filter(isOf(host.parent!)))
      : own
  }
  for (const { host, wire } of reached) {
    const wires = wiresOf(host)
    const main = wire ?? primaryOf(wires)
    const primary = oneOfEachFamily(addressesOf(main))
    primaryIps.push(...primary)
    for (const one of wires) {
      if (wire && one !== wire) continue
      ips.push(...addressesOf(one))
      if (one.parent === host)
        pairs.push({ name: one.name, config: host.name, ips: addressesOf(one) })
    }
    if (wire) continue
    pairs.push({ name: host.name, config: host.name, ips: primary })
    for (const owner of elements) {
      if (owner.kind !== 'service' && owner.kind !== 'role') continue
      if (!membersOf(owner).includes(host)) continue
      pairs.push({ name: owner.name, config: host.name, ips: primary })
      const label = host.name.split('.')[0]!
      if (owner.kind === 'service')
        pairs.push({ name: `${label}.${owner.name}`, config: host.name, ips: primary })
    }
  }
  return { ips, primaryIps, pairs }
}

function primaryOf(wires: readonly El[]): El | undefined {
  const addressed = wires.filter((wire) => addressesOf(wire).length > 0)
  return (
    wires.find(({ wire }) => wire!.primary) ?? (addressed.length === 1 ? addressed[0] : undefined)
  )
}

function addressesOf(element: El | undefined): readonly string[] {
  return (element?.wire?.addresses ?? []).map((address) => address.split('/')[0]!)
}

function oneOfEachFamily(ips: readonly string[]): readonly string[] {
  const first = (wanted: boolean): string | undefined =>
    ips.find((ip) => ip.includes(':') === wanted)
  return [first(false), first(true)].filter((ip) => ip !== undefined)
}
