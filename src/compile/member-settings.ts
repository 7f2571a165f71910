import type { Position } from '../model/diagnostic.ts'
import type { MemberSettings } from '../model/inventory.ts'
import { sortByName } from '../model/names.ts'
import { closest } from '../model/suggestion.ts'
import type { Value } from '../model/value.ts'
import type { DeclaredRole } from '../schema/fleet.ts'
import { child } from '../schema/tree.ts'
import type { Names } from '../selectors/names.ts'
import { parseSelector } from '../selectors/selector.ts'
import { select } from '../selectors/select.ts'
import { below, byKey } from './complaints.ts'
import { toValue, type ValueContext } from './values.ts'

type MapValue = Extract<Value, { kind: 'map' }>

/** What a role says about those of its members that one key of its `settings` selects. */
interface Statement {
  readonly hosts: readonly string[]
  readonly settings: MapValue
  /** It names one host, and wins over what selects several. */
  readonly isExact: boolean
  readonly at: Position
}

/** What the roles of a service give to its members, in the order of their names. */
export function memberSettings(
  roles: readonly DeclaredRole[],
  context: ValueContext,
): readonly MemberSettings[] {
  const statements = roles.flatMap((role) => statementsOf(role, context))
  const merged = new Map<string, MapValue>()
  for (const exact of [false, true]) {
    const same = new Map<string, MapValue>()
    const said = new Map<string, Position>()
    for (const { hosts, settings, isExact, at } of statements) {
      if (isExact !== exact) continue
      for (const host of hosts) {
        const conflict = conflictOf(same.get(host), settings)
        if (conflict !== undefined)
          context.complaints.add({
            severity: 'error',
            code: 'compile/member-settings',
            message: `'${conflict}' of ${host} is said twice in this service`,
            at: byKey(at),
            related: byKey(said.get(host)!),
          })
        said.set(host, at)
        same.set(host, merge(same.get(host), settings))
      }
    }
    for (const [host, settings] of same) merged.set(host, merge(merged.get(host), settings))
  }
  const found = [...merged].map(([host, settings]) => ({ host, settings }))
  return sortByName(found, ({ host }) => host)
}

function statementsOf(role: DeclaredRole, context: ValueContext): readonly Statement[] {
  const { body, parent, name, written } = role
  const { names, complaints } = context
  if (body === undefined || Array.isArray(body) || !body.settings) return []
  const members = new Set(names.members(name))
  if (names.isBroken(name)) return []
  const place = below(role.place, 'settings')
  const tree = child(role.tree, 'settings')
  return Object.keys(body.settings).flatMap((key): Statement[] => {
    const at = below(place, key)
    const selector = parseSelector(key, byKey(at))
    if ('complaint' in selector) {
      complaints.add(selector.complaint)
      return []
    }
    const { targets } = select(names, [selector], parent)
    const hosts = targets.flatMap(({ host }) => (members.has(host) ? [host] : []))
    if (hosts.length === 0) {
      complaints.error(
        'selectors/member',
        `'${key}' is no member of the role '${written}'${suggestion(key, members, names)}`,
        byKey(at),
      )
      return []
    }
    const inner = child(tree, key)
    const settings = inner && toValue(inner, at, parent, context)
    if (settings?.kind !== 'map') return []
    const isExact = selector.target.kind === 'name' && targets.length === 1
    return [{ hosts, settings, isExact, at }]
  })
}

/** The member that was probably meant, else the first few. */
function suggestion(key: string, members: ReadonlySet<string>, names: Names): string {
  const labels = [...members].slice(0, enough).map((host) => names.elements.get(host)!.label)
  const guess = closest(key, labels)
  // Another number is no spelling mistake.
  const isGuess = guess?.replaceAll(/\d+/g, '') !== key.replaceAll(/\d+/g, '')
  if (guess !== undefined && isGuess) return `, did you mean '${guess}'?`
  if (labels.length === 0) return ', which has none'
  return `; it has ${labels.slice(0, 5).join(', ')}${members.size > 5 ? ` and ${members.size - 5} more` : ''}`
}

/** More candidates than these cost more than a guess is worth. */
const enough = 2000

/** The first key that both give another value than a map. */
function conflictOf(one: MapValue | undefined, other: MapValue): string | undefined {
  const known = new Map(one?.entries)
  for (const [key, value] of other.entries) {
    const before = known.get(key)
    if (before === undefined) continue
    if (before.kind !== 'map' || value.kind !== 'map') return key
    const inner = conflictOf(before, value)
    if (inner !== undefined) return `${key}.${inner}`
  }
  return undefined
}

/** Maps merge, the second wins elsewhere. */
function merge(one: MapValue | undefined, other: MapValue): MapValue {
  if (!one) return other
  const entries = new Map(one.entries)
  for (const [key, value] of other.entries) {
    const before = entries.get(key)
    const isBoth = before?.kind === 'map' && value.kind === 'map'
    entries.set(key, isBoth ? merge(before, value) : value)
  }
  return { kind: 'map', entries: [...entries].sort(([a], [b]) => (a < b ? -1 : 1)) }
}
