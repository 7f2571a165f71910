import { plainValue } from './scalar.ts'

/** A YAML document with tags and sources of scalars kept: what `Position`s point into. */
export type Tree = ScalarTree | ListTree | MapTree

interface Node {
  /** As written, with its `!`; standard tags are resolved and gone. */
  readonly tag?: string
}

export interface ScalarTree extends Node {
  readonly kind: 'scalar'
  readonly value: string | boolean | null | number | bigint
  /** What was written, without quotes and escapes. */
  readonly source: string
  /** Written without quotes. */
  readonly plain: boolean
}

export interface ListTree extends Node {
  readonly kind: 'list'
  readonly items: readonly Tree[]
}

export interface MapTree extends Node {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, MapEntry>
}

export interface MapEntry {
  readonly quoted: boolean
  readonly value: Tree
}

/** The tree below a key or an index, if there is one. */
export function child(tree: Tree | undefined, step: string | number): Tree | undefined {
  if (tree?.kind === 'map') return tree.entries.get(String(step))?.value
  if (tree?.kind === 'list') return tree.items[Number(step)]
  return undefined
}

/** The tree at the end of a path, if there is one. */
export function descend(
  tree: Tree | undefined,
  path: readonly (string | number)[],
): Tree | undefined {
  return path.reduce(child, tree)
}

/** The same tree as if its tag were not there; a plain scalar gets the type that it would have had. */
export function untagged(tree: Tree): Tree {
  const { tag: _, ...rest } = tree
  if (rest.kind !== 'scalar' || !rest.plain) return rest
  return { ...rest, value: plainValue(rest.source) }
}

/** What ajv is shown: plain data, in which a tagged value is a symbol that fits no type but its own. */
export function toPlain(tree: Tree): unknown {
  if (tree.tag !== undefined) return Symbol.for(tree.tag)
  switch (tree.kind) {
    case 'scalar':
      return typeof tree.value === 'bigint' ? Number(tree.value) : tree.value
    case 'list':
      return tree.items.map(toPlain)
    case 'map': {
      // Without a prototype, `__proto__` is a key like any other.
      const plain = Object.create(null) as Record<string, unknown>
      for (const [key, entry] of tree.entries) plain[key] = toPlain(entry.value)
      return plain
    }
  }
}

/** The text that was meant where YAML sees a map for want of quotes: `::`, `service:`, `pkg: x`. */
export function meantText(tree: Tree | undefined): string | undefined {
  if (tree?.kind !== 'map' || tree.tag !== undefined || tree.entries.size !== 1) return undefined
  const [[key, { quoted, value }]] = [...tree.entries] as [[string, MapEntry]]
  if (quoted || value.kind !== 'scalar' || !value.plain || value.tag !== undefined) return undefined
  return value.source === '' ? `${key}:` : `${key}: ${value.source}`
}

/** What kind of thing stands there, for people: `a number (25.11)`. */
export function describe(tree: Tree | undefined): string {
  if (!tree) return 'nothing'
  if (tree.tag !== undefined) return tree.tag
  if (tree.kind === 'list') return 'a list'
  if (tree.kind === 'map') return 'a map'
  if (tree.value === null) return 'nothing'
  if (typeof tree.value === 'string') return `the text '${shorten(tree.value)}'`
  return typeof tree.value === 'boolean' ? `${tree.source}` : `the number ${tree.source}`
}

function shorten(text: string): string {
  const line = text.split('\n', 1)[0] ?? ''
  return line.length > 40 || line !== text ? `${line.slice(0, 40)}…` : line
}

/** A tree in one line, as a person would write it; what is longer than `max` ends in `…`. */
export function flowText(tree: Tree, max = 60): string {
  const text = flow(tree, max)
  return text.length > max ? `${text.slice(0, max - 1)}…` : text
}

function flow(tree: Tree, budget: number): string {
  const tag = tree.tag === undefined ? '' : `${tree.tag} `
  if (tree.kind === 'scalar') {
    const source = tree.source.replaceAll(/\s+/g, ' ').trim()
    return tag + (tree.plain || tag !== '' ? source : JSON.stringify(source))
  }
  const parts: string[] = []
  const inner = tree.kind === 'list' ? tree.items.entries() : tree.entries.entries()
  let left = budget
  for (const [key, item] of inner) {
    // What is cut anyway is not written: a list may be as long as the fleet.
    if (left < 0) break
    const value = flow('value' in item && !('kind' in item) ? item.value : (item as Tree), left)
    const part = typeof key === 'number' ? value : `${key}: ${value}`
    left -= part.length
    parts.push(part)
  }
  const joined = parts.join(', ')
  return tag + (tree.kind === 'list' ? `[${joined}]` : joined === '' ? '{}' : `{ ${joined} }`)
}
