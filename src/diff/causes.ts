import { ipsOf } from '../model/addresses.ts'
import type { Host } from '../model/inventory.ts'
import type { Value } from '../model/value.ts'
import type { ConfigurationChange } from './reasons.ts'

/** What a change is about, and what it may follow from; both as keys of `keys`. */
export interface Ties {
  readonly subjects?: readonly string[]
  readonly from?: readonly string[]
}

/** What changes are tied by. */
export const keys = {
  /** It came, went, or is selected otherwise. */
  host: (name: string): string => `host ${name}`,
  /** What others see of it. */
  seen: (name: string): string => `seen ${name}`,
  addresses: (name: string): string => `addresses ${name}`,
  /** It became or is no longer a member of a service or one of its roles. */
  member: (service: string, host: string): string => `member ${service} ${host}`,
}

/** The changes, each with those that it follows from. */
export function withCauses(
  changes: readonly (readonly [ConfigurationChange, Ties])[],
): readonly ConfigurationChange[] {
  const about = new Map<string, number[]>()
  for (const [index, [, { subjects = [] }]] of changes.entries())
    for (const subject of subjects) {
      const known = about.get(subject)
      if (known) known.push(index)
      else about.set(subject, [index])
    }
  const made: ConfigurationChange[] = []
  // What something follows from was noted before it, so nothing goes round in a circle.
  for (const [index, [change, { from = [] }]] of changes.entries()) {
    const causes = new Set(from.flatMap((key) => about.get(key) ?? []))
    const earlier = [...causes].filter((cause) => cause < index).sort((a, b) => a - b)
    const because = earlier.map((cause) => made[cause]!)
    made.push(because.length > 0 ? { ...change, because } : change)
  }
  return made
}

/** What only one of two lists has. */
export function onOneSide(before: readonly string[], after: readonly string[]): readonly string[] {
  const [old, now] = [new Set(before), new Set(after)]
  return [...after.filter((item) => !old.has(item)), ...before.filter((item) => !now.has(item))]
}

/**
 * The hosts that a changed value is about: undefined where something else in it changes too, since
 * somebody wrote that.
 */
export function hostsOfChange(
  before: Value | undefined,
  after: Value | undefined,
  hosts: readonly Host[],
): readonly string[] | undefined {
  if (!before || !after) return undefined
  const changed = onOneSide(textsOf(before), textsOf(after))
  const words = new Map(
    hosts.flatMap((host) =>
      [host.name, host.label, ...host.interfaces.flatMap(ipsOf).map(({ ip }) => ip)].map(
        (word) => [word, host.name] as const,
      ),
    ),
  )
  const found = changed.map((text) =>
    text.split(separators).flatMap((word) => words.get(word) ?? []),
  )
  return found.length > 0 && found.every((names) => names.length > 0)
    ? [...new Set(found.flat())]
    : undefined
}

/** What stands between a name or an address and the rest of a text such as `http://10.0.0.1:80`. */
const separators = /[^A-Za-z0-9.:-]+|:(?=\d+(?:\D|$))/

function textsOf(value: Value): readonly string[] {
  switch (value.kind) {
    case 'text':
      return value.value.split(/[\s,]+/)
    case 'host':
      return [value.name]
    case 'list':
      return value.items.flatMap(textsOf)
    case 'map':
      return value.entries.flatMap(([key, entry]) =>
        textsOf(entry).map((text) => `${key}\0${text}`),
      )
    case 'force':
      return textsOf(value.value)
    default:
      return [JSON.stringify(value)]
  }
}

/** A change as the chain that leads to it: `vm3 is new → service dns gains vm3`. */
export function chainText(change: ConfigurationChange): string {
  const { because = [], text } = change
  if (because.length === 0) return text
  const shown = because.slice(0, maxCauses).map(chainText).join(', ')
  const more = because.length > maxCauses ? ` and ${because.length - maxCauses} more` : ''
  return `${shown}${more} → ${text}`
}

const maxCauses = 3

/** The change at which a chain begins: the line that somebody wrote. */
export function rootOf(change: ConfigurationChange): ConfigurationChange {
  const [first] = change.because ?? []
  return first ? rootOf(first) : change
}
