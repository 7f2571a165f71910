import type { Position } from '../model/diagnostic.ts'

/** A YAML document with tags, sources of scalars and offsets kept: what `Position`s point into. */
export type Tree = ScalarTree | ListTree | MapTree

interface Node {
  /** As written, with its `!`; standard tags are resolved and gone. */
  readonly tag?: string
  /** Offsets in the file; `end` is exclusive. */
  readonly start: number
  readonly end: number
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
  /** Offsets of the key. */
  readonly start: number
  readonly end: number
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

/** Offsets of what a position names; the nearest thing above it when it is not there. */
export function spanOf(root: Tree, { path, atKey }: Position): { start: number; end: number } {
  let tree = root
  let span: { start: number; end: number } = root
  for (const [index, step] of path.entries()) {
    const next = child(tree, step)
    if (!next) return span
    const key = tree.kind === 'map' ? tree.entries.get(String(step)) : undefined
    const last = index === path.length - 1
    // A value over several lines, or an empty one, is better shown by its key.
    const byKey = last ? atKey || next.start === next.end : true
    span = key && (byKey || next.kind === 'map') ? key : next
    tree = next
  }
  return span
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
