import type { Complaint, Position } from '../model/diagnostic.ts'
import { sortByName } from '../model/names.ts'
import type { DeclaredRole, DeclaredService, Fleet } from '../schema/fleet.ts'
import type * as body from '../schema/types.generated.ts'
import {
  createNames,
  lookUp,
  relativeTo,
  type NamedElement,
  type Names,
  type Target,
} from '../selectors/names.ts'
import { child } from '../schema/tree.ts'
import { parseSelector, type Selector, type SelectorMap } from '../selectors/selector.ts'
import { select } from '../selectors/select.ts'
import { below, type Complaints } from './complaints.ts'

/** Names, and what the selectors of a service give. */
export interface ResolvedNames extends Names {
  /** The hosts of a service, and those that its selectors pass by since they take no module. */
  readonly selected: (service: string) => readonly string[]
}

/** The names of a fleet, with the hosts of every service and role resolved. */
export function resolveServices(
  fleet: Fleet,
  elements: readonly NamedElement[],
  complaints: Complaints,
): ResolvedNames {
  const services = new Map(fleet.services.map((service) => [service.name, service]))
  const roles = new Map(fleet.roles.map((role) => [role.name, role]))
  const rolesOf = Map.groupBy(fleet.roles, (role) => role.parent)
  const known = new Map<string, readonly string[]>()
  const open: string[] = []
  /** What is wrong itself or depends on that: what follows from it is not said. */
  const broken = new Set<string>()
  const targetsOf = new Map<string, readonly Target[]>()
  const selected = new Map<string, readonly string[]>()

  const members = (name: string): readonly string[] => {
    const before = known.get(name)
    if (before) return before
    if (open.includes(name)) {
      reportCircle(open.slice(open.indexOf(name)))
      return []
    }
    if (open.length === deepest) {
      reportDepth(open)
      return []
    }
    open.push(name)
    const service = services.get(name)
    const role = roles.get(name)
    const hosts = service ? hostsOfService(service) : role ? hostsOfRole(role) : []
    open.pop()
    known.set(name, hosts)
    return hosts
  }

  const hostsOf = (
    { name }: DeclaredService | DeclaredRole,
    { selectors: written, place }: Pick<Listed, 'selectors' | 'place'>,
    scope: string,
    isRunning = true,
  ): readonly string[] => {
    const selectors = parse(written, place, complaints)
    const selection = select(names, selectors, scope)
    complaints.addAll(selection.complaints)
    const isWrong = selection.complaints.some(({ severity }) => severity === 'error')
    if (isWrong || !selection.isKnown || selectors.length < written.length) broken.add(name)
    const targets = isRunning ? running(name, selection.targets, place) : selection.targets
    targetsOf.set(name, targets)
    if (targets.length < selection.targets.length)
      selected.set(
        name,
        selection.targets.map(({ host }) => host),
      )
    return targets.map(({ host }) => host)
  }

  /** Hosts that take no module are passed by, but for those that are named: these are mistakes. */
  const running = (
    name: string,
    targets: readonly Target[],
    place: Position,
  ): readonly Target[] => {
    const taking = targets.filter(({ host }) => !names.elements.get(host)!.moduleless)
    if (taking.length === targets.length) return targets
    const wrong = targets.filter(
      ({ host, isNamed }) => isNamed && names.elements.get(host)!.moduleless,
    )
    for (const { host, at } of wrong) {
      const why = moduleless[names.elements.get(host)!.moduleless!]
      const hint = 'leave it out, or name it in a role with runs: false'
      complaints.error('selectors/no-modules', `no service runs on ${host}: it is ${why}`, at, hint)
    }
    if (taking.length === 0 && wrong.length === 0)
      complaints.error(
        'selectors/no-modules',
        'no service runs on any of these hosts: they are not managed, or containers from an image',
        place,
      )
    if (taking.length === 0 || wrong.length > 0) broken.add(name)
    return taking
  }

  const hostsOfService = (service: DeclaredService): readonly string[] => {
    const { selectors } = service.body
    const own = rolesOf.get(service.name) ?? []
    if (selectors) {
      const place = below(service.place, 'selectors')
      if (selectors.length === 0) reportNobody(service, `the service ${service.name}`, place)
      return hostsOf(service, { selectors, place }, service.name)
    }
    const active = own.filter(runs)
    if (active.length === 0) broken.add(service.name)
    if (active.length === 0 && !isRefused(service))
      complaints.error(
        'selectors/missing',
        `the service ${service.name} says nowhere on which hosts it runs`,
        service.at,
        own.length === 0 ? 'give it selectors or roles' : 'give it selectors, or a role that runs',
      )
    const union = new Set(active.flatMap((role) => members(role.name)))
    if (active.some((role) => broken.has(role.name))) broken.add(service.name)
    return [...union].sort((a, b) => names.rank(a) - names.rank(b))
  }

  const hostsOfRole = (role: DeclaredRole): readonly string[] => {
    if (isEmptyRole(role)) {
      reportNobody(role, `the role '${role.written}'`, role.at)
      return []
    }
    // What the schema refused, it has complained about.
    if (!Array.isArray(role.body) && !role.body?.selectors) broken.add(role.name)
    return hostsOf(role, readRole(role), role.parent, runs(role))
  }

  const reportNobody = (
    { name }: DeclaredService | DeclaredRole,
    who: string,
    at: Position,
  ): void => {
    broken.add(name)
    complaints.error(
      'selectors/empty',
      `${who} lists no hosts`,
      at,
      'for example [vm0], or { select: "vm*", optional: true } while there are none',
    )
  }

  const reportCircle = (circle: readonly string[]): void => {
    for (const name of circle) broken.add(name)
    const first = services.get(circle[0]!) ?? roles.get(circle[0]!)!
    const around = [...circle, circle[0]!].join(' -> ')
    const isRole = circle.length === 1 && first.kind === 'role'
    complaints.error(
      'selectors/circle',
      circle.length === 1 ? `${circle[0]} selects itself` : `these select each other: ${around}`,
      first.at,
      isRole
        ? `'${first.written}' is the role itself here; give it another name than its host's`
        : 'name hosts in one of them instead',
    )
  }

  const reportDepth = (chain: readonly string[]): void => {
    for (const name of chain) broken.add(name)
    const [first] = chain
    const { at } = services.get(first!) ?? roles.get(first!)!
    const message = `${first} selects through more than ${deepest} others: ${chain.slice(0, 3).join(' -> ')} -> …`
    complaints.error('selectors/circle', message, at, 'name hosts instead')
  }

  /** What can be said of a service and its roles when the hosts of all are known. */
  const checkRoles = (service: DeclaredService, own: readonly DeclaredRole[]): void => {
    const allowed = new Set(members(service.name))
    const isKnown = !broken.has(service.name)
    for (const role of own) {
      if (broken.has(role.name)) continue
      const targets = targetsOf.get(role.name) ?? []
      if (isKnown && runs(role)) checkInside(role, targets, allowed, complaints)
      checkArity(role, targets.length, readRole(role).limits, complaints)
    }
    if (isKnown) checkLabels(service, own, names, complaints)
  }

  const names = createNames(elements, members, (name) => broken.has(name))
  for (const service of sortByName(fleet.services, ({ name }) => name)) members(service.name)
  for (const role of sortByName(fleet.roles, ({ name }) => name)) members(role.name)
  for (const [name, own] of rolesOf) {
    const service = services.get(name)
    if (service) checkRoles(service, own)
  }
  return Object.assign(names, {
    selected: (name: string) => selected.get(name) ?? members(name),
  })
}

/** No honest service selects through as many; each takes a part of the stack. */
const deepest = 500

/** Whether a role makes its service run on its members. */
function runs({ body }: DeclaredRole): boolean {
  return Array.isArray(body) || body?.runs !== false
}

const moduleless = { image: 'a container from an image', unmanaged: 'not managed' }

interface RoleLimits {
  readonly min?: number
  readonly max?: number
}

/** Selectors where they are written. */
interface Listed {
  readonly selectors: body.Selectors
  readonly place: Position
  readonly limits: RoleLimits
}

function readRole(role: DeclaredRole): Listed {
  const data = role.body
  if (Array.isArray(data)) return { selectors: data, place: role.place, limits: {} }
  const place = below(role.place, 'selectors')
  return { selectors: data?.selectors ?? [], place, limits: data ?? {} }
}

function parse(
  written: readonly (body.Selector | undefined | null)[],
  place: Position,
  complaints: Complaints,
): Selector[] {
  return written.flatMap((one, index) => {
    const isKnown = typeof one === 'string' || typeof one?.select === 'string'
    if (!isKnown) return []
    const selector = parseSelector(withoutHoles(one), below(place, index))
    if (!('complaint' in selector)) return [selector]
    complaints.add(selector.complaint)
    return []
  })
}

/** What the schema refused is undefined, and was complained about. */
function withoutHoles(written: body.Selector): string | SelectorMap {
  if (typeof written === 'string') return written
  const texts = (list: readonly unknown[] | undefined): readonly string[] =>
    (list ?? []).filter((item) => typeof item === 'string')
  const { select, kind, optional } = written
  return {
    select,
    ...(kind ? { kind } : {}),
    ...(optional ? { optional } : {}),
    tags: texts(written.tags),
    except: texts(written.except),
  }
}

/** Whether it says where it runs, in a way that the schema has complained about already. */
function isRefused({ tree, body: { selectors, roles } }: DeclaredService): boolean {
  const isWritten = (key: string): boolean => {
    const written = child(tree, key)
    return written !== undefined && !(written.kind === 'scalar' && written.value === null)
  }
  return (isWritten('selectors') && !selectors) || (isWritten('roles') && !roles)
}

/** A role with nothing below it, or with an empty list. */
function isEmptyRole({ tree }: DeclaredRole): boolean {
  const list = tree?.kind === 'map' ? child(tree, 'selectors') : tree
  return list?.kind === 'list'
    ? list.items.length === 0
    : list?.kind === 'scalar' && list.value === null
}

function checkInside(
  role: DeclaredRole,
  targets: readonly Target[],
  allowed: ReadonlySet<string>,
  complaints: Complaints,
): void {
  const outside = Map.groupBy(
    targets.filter(({ host }) => !allowed.has(host)),
    ({ at }) => at,
  )
  for (const [at, hosts] of outside) {
    const labels = hosts.slice(0, 4).map(({ host }) => host.split('.')[0])
    const more = hosts.length > 4 ? ` and ${hosts.length - 4} more` : ''
    complaints.error(
      'selectors/outside',
      `the selectors of ${role.parent} do not have ${labels.join(', ')}${more}, which its role '${role.written}' wants`,
      at,
    )
  }
}

/** A host is named in front of its service as a role is: the role would hide it. */
function checkLabels(
  service: DeclaredService,
  roles: readonly DeclaredRole[],
  names: Names,
  complaints: Complaints,
): void {
  const written = [service.body.selectors ?? [], ...roles.map((role) => readRole(role).selectors)]
  const meant = written.flat().flatMap((one) => {
    const text = typeof one === 'string' ? one.replace(/^-/, '') : (one?.select ?? '')
    if (text.includes('*')) return []
    const [found] = lookUp(names, text.toLowerCase(), service.parent).elements
    return found?.kind === 'machine' || found?.kind === 'vhost' ? [found.name] : []
  })
  const hosts = [...names.members(service.name), ...meant]
  const byLabel = new Map(hosts.map((host) => [names.elements.get(host)!.label, host]))
  for (const { label, name, written: role, at } of roles) {
    const host = byLabel.get(label)
    if (host === undefined) continue
    const message = `${name} is what ${host} is called in this service`
    complaints.error('names/member', message, at, `give the role '${role}' another name`)
  }
}

function checkArity(
  role: DeclaredRole,
  count: number,
  { min, max }: RoleLimits,
  complaints: Complaints,
): void {
  const wrong = (limit: string): void => {
    const name = relativeTo(role.parent, role.name)
    const hosts = count === 1 ? '1 host' : `${count} hosts`
    const complaint: Complaint = {
      severity: 'error',
      code: 'selectors/arity',
      message: `the role '${name}' needs ${limit}, and has ${hosts}`,
      at: role.at,
    }
    complaints.add(complaint)
  }
  if (min !== undefined && max !== undefined && min > max) {
    wrong(`at least ${min}, yet at most ${max}`)
    return
  }
  if (min !== undefined && count < min) wrong(`at least ${min}`)
  if (max !== undefined && count > max) wrong(`at most ${max}`)
}
