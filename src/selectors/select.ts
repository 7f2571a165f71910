import type { Complaint } from '../model/diagnostic.ts'
import type { ElementKind } from '../model/inventory.ts'
import { joinName, kindText, parentName } from '../model/names.ts'
import { closest } from '../model/suggestion.ts'
import {
  enclosing,
  nothing,
  type Found,
  mayBeHost,
  hostOf,
  lookUp,
  nearest,
  relativeTo,
  scopesFrom,
  type NamedElement,
  type Names,
  type Target,
} from './names.ts'
import { createMatcher } from './pattern.ts'
import type { Selector } from './selector.ts'

export interface Selection {
  /** What the selectors name, before it is taken apart into hosts. */
  readonly elements: readonly NamedElement[]
  /** Each host once, at its first place. */
  readonly targets: readonly Target[]
  readonly complaints: readonly Complaint[]
  /** False where a service or role that is wrong itself is among the elements. */
  readonly isKnown: boolean
}

/** Turns selectors into hosts, in the written order; `scope` is the element that they stand in. */
export function select(names: Names, selectors: readonly Selector[], scope: string): Selection {
  const elements = new Map<string, NamedElement>()
  const targets = new Map<string, Target>()
  const complaints: Complaint[] = []
  const excluded = new Set<string>()
  let isKnown = true

  for (const selector of selectors) {
    const found = selectOne(names, selector, scope)
    complaints.push(...found.complaints)
    isKnown &&= found.isKnown
    if (selector.exclude) {
      for (const target of found.targets) excluded.add(target.host)
      continue
    }
    for (const element of found.elements) elements.set(element.name, element)
    for (const target of found.targets)
      if (target.isNamed || !targets.has(target.host))
        targets.set(target.host, merge(targets, target))
  }
  for (const host of excluded) {
    targets.delete(host)
    elements.delete(host)
  }
  const first = selectors[0]
  const nothingLeft = targets.size === 0 && isKnown && !complaints.some(isError)
  if (first && nothingLeft && !selectors.some((selector) => selector.optional))
    complaints.push({
      severity: 'error',
      code: 'selectors/empty',
      message: 'these selectors leave no host',
      at: selectors.length === 1 ? first.at : { ...first.at, path: first.at.path.slice(0, -1) },
      hint: selectors.every(({ exclude }) => exclude)
        ? `say first what to take from: ["*", ${selectors.map(({ text }) => text).join(', ')}]`
        : '{ select: …, optional: true } allows that',
    })
  return { elements: [...elements.values()], targets: [...targets.values()], complaints, isKnown }
}

/** At its first place, but known to be named where it is anywhere. */
function merge(targets: ReadonlyMap<string, Target>, target: Target): Target {
  const first = targets.get(target.host)
  return first ? { ...first, isNamed: true, at: first.isNamed ? first.at : target.at } : target
}

function isError({ severity }: Complaint): boolean {
  return severity === 'error'
}

function selectOne(names: Names, selector: Selector, scope: string): Selection {
  const named = findElements(names, selector, scope)
  const complaints = [...named.complaints]
  if (named.elements.length === 0 && named.isKnown && !selector.optional)
    complaints.push(dangling(names, selector, scope))
  let { isKnown } = named
  const except = new Set(
    selector.except.flatMap((inner) => {
      const left = selectOne(names, { ...inner, exclude: true }, scope)
      complaints.push(...left.complaints)
      isKnown &&= left.isKnown
      return left.targets.map((target) => target.host)
    }),
  )
  const targets = named.elements
    .flatMap((element) => reach(names, element, selector))
    .filter(({ host }) => !except.has(host) && carries(names, host, selector.tags))
  isKnown &&= !named.elements.some(({ name }) => names.isBroken(name))
  const isNarrowed = selector.tags.length > 0 && named.elements.length > 0
  if (isNarrowed && targets.length === 0 && isKnown && !selector.optional)
    complaints.push({
      severity: 'error',
      code: 'selectors/no-match',
      message: `no host of '${selector.text}' carries ${selector.tags.map((tag) => `the tag '${tag}'`).join(' and ')}`,
      at: selector.at,
    })
  return { elements: named.elements, targets, complaints, isKnown }
}

function findElements(
  names: Names,
  { target, only, at, text }: Selector,
  scope: string,
): Omit<Selection, 'targets'> {
  switch (target.kind) {
    case 'name': {
      const { elements, isKnown } = lookUp(names, target.name, scope, only)
      const [first] = elements
      const full = names.elements.get(target.name)
      const isOther = first && full && !elements.includes(full) && (!only || full.kind === only)
      const complaint: Complaint = {
        severity: 'warning',
        code: 'selectors/ambiguous',
        message: `'${text}' means ${first?.name} here, not the ${full && kindText(full.kind)} ${full?.name}`,
        at,
      }
      return { elements, complaints: isOther && isKnown ? [complaint] : [], isKnown }
    }
    case 'tag': {
      const hosts = names.tagged(enclosing(names, scope), target.tag)
      const elements = hosts.map((host) => names.elements.get(host)!)
      return { elements, complaints: [], isKnown: true }
    }
    case 'pattern':
      return { ...matching(names, target.pattern, scope, only), complaints: [] }
  }
}

/**
 * The nearest scope in which the pattern matches anything wins. Without a kind it matches hosts, and
 * without a dot too, those of the enclosing cluster or domain only: else a cluster that loses its last
 * machine would begin to select another's.
 */
function matching(
  names: Names,
  pattern: string,
  scope: string,
  only: ElementKind | undefined,
): Found {
  for (const outer of scopesFrom(names, scope)) {
    const kind = names.elements.get(outer)?.kind
    const isPlace = outer === '' || kind === 'cluster' || kind === 'domain'
    if (!only && !isPlace) continue
    // What a service selects by pattern is never itself.
    const found = matchesIn(names, pattern, outer, only).filter(
      ({ name, kind: of }) => name !== scope || (of !== 'service' && of !== 'role'),
    )
    if (found.length > 0) return { elements: found, isKnown: true }
    const members = membersIn(names, pattern, outer, only)
    if (members.elements.length > 0 || !members.isKnown) return members
    if (!only && !pattern.includes('.')) return nothing
  }
  return nothing
}

/** `vm*.vault`: hosts by their names in a service that is written out. */
function membersIn(
  names: Names,
  pattern: string,
  outer: string,
  only: ElementKind | undefined,
): Found {
  const [, label, rest] = /^([^.]+)\.([^*]+)$/.exec(pattern) ?? []
  if (label === undefined || rest === undefined || !mayBeHost(only)) return nothing
  const service = names.elements.get(joinName(rest, outer))
  if (service?.kind !== 'service') return nothing
  const matches = createMatcher(label)
  const hosts = names.members(service.name).map((host) => names.elements.get(host)!)
  const elements = hosts.filter((host) => matches(host.label) && (!only || host.kind === only))
  return { elements, isKnown: !names.isBroken(service.name) }
}

/** Every machine may carry the same selector: a pattern is matched with a scope's names once. */
const matched = new WeakMap<Names, Map<string, readonly NamedElement[]>>()

function matchesIn(
  names: Names,
  pattern: string,
  outer: string,
  only: ElementKind | undefined,
): readonly NamedElement[] {
  const cache = matched.get(names) ?? new Map<string, readonly NamedElement[]>()
  matched.set(names, cache)
  const key = `${only ?? ''} ${outer} ${pattern}`
  const known = cache.get(key)
  if (known) return known
  const matches = createMatcher(pattern)
  const found = elementsBelow(names, outer, only).filter(({ name }) =>
    matches(relativeTo(outer, name)),
  )
  cache.set(key, found)
  return found
}

/** kind -> name -> the elements whose names end in it, in natural order */
type Below = Map<ElementKind | 'host', ReadonlyMap<string, readonly NamedElement[]>>
const belowOf = new WeakMap<Names, Below>()

/** Elements of a kind, or hosts, by their names: there may be as many scopes as elements. */
function elementsBelow(
  names: Names,
  scope: string,
  only: ElementKind | undefined,
): readonly NamedElement[] {
  const cache: Below = belowOf.get(names) ?? new Map()
  belowOf.set(names, cache)
  const known = cache.get(only ?? 'host')
  if (known) return known.get(scope) ?? []
  const all = only
    ? names.ofKind(only)
    : names.hostsBelow('').map((host) => names.elements.get(host)!)
  const below = new Map<string, NamedElement[]>()
  for (const element of all)
    for (let outer = element.name; outer !== '';) {
      outer = parentName(outer)
      const list = below.get(outer)
      if (list) list.push(element)
      else if (names.elements.has(outer) || outer === '') below.set(outer, [element])
    }
  cache.set(only ?? 'host', below)
  return below.get(scope) ?? []
}

function reach(names: Names, element: NamedElement, { at, target }: Selector): Target[] {
  const isNamed = target.kind === 'name'
  switch (element.kind) {
    case 'machine':
    case 'vhost':
      return [{ host: element.name, at, isNamed }]
    case 'interface':
      return [{ host: hostOf(element), interface: element.name, at, isNamed }]
    case 'cluster':
    case 'domain':
      return names.hostsBelow(element.name).map((host) => ({ host, at, isNamed: false }))
    case 'service':
    case 'role':
      return names.members(element.name).map((host) => ({ host, at, isNamed: false }))
  }
}

function carries(names: Names, host: string, tags: readonly string[]): boolean {
  const carried = names.elements.get(host)?.tags ?? []
  return tags.every((tag) => carried.includes(tag))
}

function dangling(names: Names, selector: Selector, scope: string): Complaint {
  const { target, only, at, exclude } = selector
  const place = enclosing(names, scope)
  const severity = exclude ? 'warning' : 'error'
  if (target.kind === 'tag')
    return {
      severity,
      code: 'selectors/no-match',
      message: `no host of ${place || 'this fleet'} carries the tag '${target.tag}'`,
      at,
      ...hintOf('known tags', knownTags(names, place)),
    }
  if (target.kind === 'pattern')
    return {
      severity,
      code: 'selectors/no-match',
      message: `no ${kindText(only ?? 'host')} matches '${target.pattern}' here; ${inventoryOf(names, place, only)}`,
      at,
    }
  const guess = suggestion(names, target.name, place, only)
  const other = only ? nearest(names, target.name, scope) : undefined
  const rest = other
    ? `; ${other.name} is a ${kindText(other.kind)}`
    : guess
      ? `, did you mean '${guess}'?`
      : `; ${inventoryOf(names, placeOf(names, target.name, scope) ?? place, only)}`
  return {
    severity,
    code: 'selectors/dangling',
    message: `no ${kindText(only ?? 'host or service')} is called '${target.name}' here${rest}`,
    at,
  }
}

/** More candidates than these cost more than a guess is worth. */
const enough = 2000

function suggestion(
  names: Names,
  name: string,
  place: string,
  only: ElementKind | undefined,
): string | undefined {
  const candidates: string[] = []
  const written = relativeTo(place, name)
  for (const element of names.elements.values()) {
    if (candidates.length === enough) break
    if (only && element.kind !== only) continue
    if (element.name === '') continue
    const relative = relativeTo(place, element.name)
    // Its label alone is short for nothing here: a role of another service, an interface.
    if (element.label === written && relative !== element.name) return relative
    candidates.push(element.name)
  }
  const relative = candidates.map((candidate) => relativeTo(place, candidate))
  const guess = closest(written, relative) ?? closest(name, candidates)
  // Another number is no spelling mistake.
  return guess?.replaceAll(/\d+/g, '') === written.replaceAll(/\d+/g, '') ? undefined : guess
}

function knownTags(names: Names, place: string): string[] {
  const hosts = names.hostsBelow(place).slice(0, enough)
  return [...new Set(hosts.flatMap((host) => names.elements.get(host)?.tags ?? []))].slice(0, 10)
}

function hintOf(title: string, known: readonly string[]): { hint?: string } {
  return known.length > 0 ? { hint: `${title}: ${known.join(', ')}` } : {}
}

/** The cluster or domain that a name with dots speaks of. */
function placeOf(names: Names, name: string, scope: string): string | undefined {
  const place = nearest(names, parentName(name), scope)
  return place?.kind === 'cluster' || place?.kind === 'domain' ? place.name : undefined
}

/** `example.com has vm0 to vm3`. */
function inventoryOf(names: Names, place: string, only?: ElementKind): string {
  const hosts = only
    ? elementsBelow(names, place, only).map(({ name }) => name)
    : names.hostsBelow(place)
  const labels = hosts.slice(0, 1000).map((host) => relativeTo(place, host))
  const owner = place || 'the fleet'
  if (labels.length === 0) return `${owner} has no ${kindText(only ?? 'host')}`
  const first = labels[0]!
  const last = relativeTo(place, hosts.at(-1)!)
  const stem = /^(.*?)(\d+)$/.exec(first)
  const counts =
    stem && labels.every((label, index) => label === `${stem[1]}${Number(stem[2]) + index}`)
  if (counts && labels.length > 2) return `${owner} has ${first} to ${last}`
  const shown = labels.slice(0, 5).join(', ')
  return `${owner} has ${shown}${hosts.length > 5 ? ` and ${hosts.length - 5} more` : ''}`
}
