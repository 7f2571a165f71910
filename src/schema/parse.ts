import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parse as parseYaml,
  parseAllDocuments,
  Scalar,
  type Document,
  type Node,
} from 'yaml'
import type { Complaint, Diagnostic, Position } from '../model/diagnostic.ts'
import { spanOf, type MapEntry, type Tree } from './tree.ts'

/** A YAML file: its documents, and the way from a position to a line. */
export interface SourceFile {
  readonly path: string
  /** In the file's order; undefined where a document is empty or broken. */
  readonly documents: readonly (Tree | undefined)[]
  readonly complaints: readonly Complaint[]
  locate(position: Position): Place
}

/** Lines and columns count from 1; the end is exclusive. */
export type Place = Pick<Diagnostic, 'line' | 'column' | 'endLine' | 'endColumn'>

/** Sizes that no honest file reaches. */
const limits = { characters: 20_000_000, aliasedNodes: 100_000 }

const options = {
  version: '1.2',
  schema: 'core',
  prettyErrors: false,
  intAsBigInt: true,
  stringKeys: true,
  // Checked below, in linear time.
  uniqueKeys: false,
} as const

/** Reads the YAML documents of a file; mistakes become complaints, never exceptions. */
export function parse(path: string, text: string): SourceFile {
  const lines = new LineCounter()
  const complaints: Complaint[] = []
  const roots: (Tree | undefined)[] = []
  const spans = new Map<Position, { start: number; end: number }>()

  const complain = (
    document: number,
    span: { start: number; end: number },
    complaint: Omit<Complaint, 'at' | 'severity'> & { severity?: Complaint['severity'] },
  ): void => {
    const at: Position = { file: path, document, path: [] }
    spans.set(at, span)
    complaints.push({ severity: 'error', ...complaint, at })
  }

  const locate = (position: Position): Place => {
    const root = roots[position.document]
    const span = spans.get(position) ?? (root ? spanOf(root, position) : { start: 0, end: 0 })
    const start = lines.linePos(span.start)
    const end = lines.linePos(Math.max(span.end, span.start))
    return {
      line: Math.max(start.line, 1),
      column: Math.max(start.col, 1),
      endLine: Math.max(end.line, 1),
      endColumn: Math.max(end.col, 1),
    }
  }

  for (const [index, document] of composed(path, text, lines, complain).entries()) {
    // What follows the first error in a document is mostly its echo.
    const [error] = document.errors
    if (error) {
      const [start, end] = error.pos
      complain(index, { start, end }, syntaxComplaint(error.code, error.message, text, start))
    }
    roots.push(error ? undefined : toTree(document, (span, c) => complain(index, span, c)))
  }
  return { path, documents: roots, complaints, locate }
}

function composed(
  path: string,
  text: string,
  lineCounter: LineCounter,
  complain: (document: number, span: { start: number; end: number }, c: SpanComplaint) => void,
): Document.Parsed[] {
  const refuse = (message: string): [] => {
    complain(0, { start: 0, end: 0 }, { code: 'schema/syntax', message })
    return []
  }
  if (text.length > limits.characters) return refuse(`${path} is too large`)
  try {
    const documents = parseAllDocuments(text, { ...options, lineCounter })
    return Array.isArray(documents) ? (documents as Document.Parsed[]) : []
  } catch (error) {
    // The parser recurses: only absurd nesting gets here.
    if (error instanceof RangeError) return refuse(`${path} is nested too deeply`)
    throw error
  }
}

type SpanComplaint = Omit<Complaint, 'at' | 'severity'> & { severity?: Complaint['severity'] }

function syntaxComplaint(
  code: string,
  message: string,
  text: string,
  start: number,
): SpanComplaint {
  const word = /^\S+/.exec(text.slice(start, start + 80))?.[0] ?? ''
  if (code === 'NON_STRING_KEY')
    return {
      code: 'schema/syntax',
      message: 'a key must be text',
      hint: 'put a value that contains a colon or a bracket in quotes',
    }
  if (code === 'BAD_ALIAS' || (code === 'UNEXPECTED_TOKEN' && word.startsWith('*')))
    return {
      code: 'schema/syntax',
      message: `text that begins with * needs quotes: "${word}"`,
    }
  return { code: 'schema/syntax', message: lowerFirst(message) }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** Converts yaml's nodes: aliases become the tree that they name, keys are taken as written. */
function toTree(
  document: Document.Parsed,
  complain: (span: { start: number; end: number }, complaint: SpanComplaint) => void,
): Tree | undefined {
  const anchors = new Map<string, Tree | undefined>()
  const sizes = new Map<Tree, number>()
  let aliased = 0

  const size = (tree: Tree): number => {
    const known = sizes.get(tree)
    if (known !== undefined) return known
    const below = tree.kind === 'list' ? tree.items : tree.kind === 'map' ? values(tree) : []
    const total = below.reduce((sum, item) => sum + size(item), 1)
    sizes.set(tree, total)
    return total
  }

  const convert = (node: Node | null | undefined, fallback: number): Tree => {
    const [start, end] = node?.range ?? [fallback, fallback]
    if (!node) return { kind: 'scalar', value: null, source: '', plain: true, start, end }
    if (isAlias(node)) return resolveAlias(node.source, { start, end })
    const anchor = 'anchor' in node ? (node.anchor as string | undefined) : undefined
    if (anchor) anchors.set(anchor, undefined)
    const tree = convertBody(node, { start, end })
    if (anchor) anchors.set(anchor, tree)
    return tree
  }

  const resolveAlias = (name: string, span: { start: number; end: number }): Tree => {
    const empty: Tree = { kind: 'scalar', value: null, source: '', plain: true, ...span }
    const tree = anchors.get(name)
    if (!tree) {
      const known = anchors.has(name)
      complain(span, {
        code: 'schema/alias',
        message: known
          ? `the alias *${name} stands inside what it names`
          : `no anchor is called '${name}'; text that begins with * needs quotes: "*${name}"`,
      })
      return empty
    }
    aliased += size(tree)
    if (aliased <= limits.aliasedNodes) return tree
    complain(span, { code: 'schema/alias', message: 'aliases repeat too much' })
    return empty
  }

  const convertBody = (node: Node, span: { start: number; end: number }): Tree => {
    const tag = tagOf(node)
    const base = tag === undefined ? span : { ...span, tag }
    if (isSeq(node))
      return {
        kind: 'list',
        items: node.items.map((item) => convert(item as Node, span.start)),
        ...base,
      }
    if (isMap(node)) return { kind: 'map', entries: entriesOf(node.items as never), ...base }
    const scalar = node as Scalar
    const source = scalar.source ?? String(scalar.value)
    checkText(source, span)
    return {
      kind: 'scalar',
      value: scalar.value as never,
      source,
      plain: scalar.type === Scalar.PLAIN || scalar.type === undefined,
      ...base,
    }
  }

  const checkText = (source: string, span: { start: number; end: number }): void => {
    if (source.includes('\0'))
      complain(span, { code: 'schema/value', message: 'Nix has no text with a NUL character' })
  }

  const entriesOf = (
    pairs: readonly { key: Node; value: Node | null }[],
  ): ReadonlyMap<string, MapEntry> => {
    const entries = new Map<string, MapEntry>()
    for (const { key, value } of pairs) {
      const [start, end] = key.range ?? [0, 0]
      const name = isScalar(key) ? (key.source ?? String(key.value)) : ''
      const quoted = isScalar(key) && key.type !== Scalar.PLAIN
      if (!isScalar(key)) {
        complain({ start, end }, { code: 'schema/syntax', message: 'a key must be text' })
        continue
      }
      checkText(name, { start, end })
      if (name === '<<' && !quoted)
        complain(
          { start, end },
          { code: 'schema/merge', message: '<<: is not part of YAML 1.2; write the keys out' },
        )
      if (entries.has(name)) {
        complain(
          { start, end },
          { code: 'schema/duplicate-key', message: `the key '${name}' stands here twice` },
        )
        continue
      }
      entries.set(name, { start, end, quoted, value: convert(value, end) })
    }
    return entries
  }

  if (!document.contents) return undefined
  try {
    return convert(document.contents as Node, 0)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    complain({ start: 0, end: 0 }, { code: 'schema/syntax', message: 'nested too deeply' })
    return undefined
  }
}

function values(tree: Extract<Tree, { kind: 'map' }>): Tree[] {
  return [...tree.entries.values()].map((entry) => entry.value)
}

const standardTags = 'tag:yaml.org,2002:'
const resolvedTags = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq'])

function tagOf(node: Node): string | undefined {
  const tag = 'tag' in node ? (node.tag as string | undefined) : undefined
  if (tag === undefined || tag === '!') return undefined
  if (!tag.startsWith(standardTags)) return tag
  const name = tag.slice(standardTags.length)
  return resolvedTags.has(name) ? undefined : `!!${name}`
}

/** The same tree as if its tag were not there; a plain scalar gets the type that it would have had. */
export function untagged(tree: Tree): Tree {
  const { tag: _, ...rest } = tree
  if (rest.kind !== 'scalar' || !rest.plain) return rest as Tree
  const value = parseYaml(rest.source, { ...options, logLevel: 'silent' }) as typeof rest.value
  return { ...rest, value: typeof value === 'object' ? null : value }
}
