import type { Document, Node, Scalar } from 'yaml'
import type { Complaint, Position } from '../model/diagnostic.ts'
import { yaml } from './packages.ts'
import type { Place, SourceFile } from './parse.ts'
import { isUnspeakable } from './scalar.ts'
import { spanInScalar } from './scalar-span.ts'
import { mistakenSpan, syntaxMistake } from './syntax-mistake.ts'
import { child, descend, type MapEntry, type Tree } from './tree.ts'

/** Offsets in the file; `end` is exclusive. */
interface Span {
  readonly start: number
  readonly end: number
}

/** Sizes that no honest file reaches. */
const limits = { aliasedNodes: 100_000, depth: 200 }

/** Characters that no honest file has: 10,000 machines take half of them. */
export const longestText = 8_000_000

const options = {
  version: '1.2',
  schema: 'core',
  prettyErrors: false,
  intAsBigInt: true,
  stringKeys: true,
  // Checked below, in linear time.
  uniqueKeys: false,
} as const

/** Reads any text, by the one judge of what is YAML and of where things stand. */
export function parseExactly(path: string, text: string): SourceFile {
  const lines = new (yaml().LineCounter)()
  const complaints: Complaint[] = []
  const roots: (Tree | undefined)[] = []
  const complained = new Map<Position, Span>()
  const spans: Spans = new Map()

  const complain = (
    document: number,
    span: Span,
    complaint: Omit<Complaint, 'at' | 'severity'> & { severity?: Complaint['severity'] },
  ): void => {
    const at: Position = { file: path, document, path: [] }
    complained.set(at, span)
    complaints.push({ severity: 'error', ...complaint, at })
  }

  const partOf = (root: Tree, { path: steps, part }: Position): Span | undefined => {
    const tree = part && descend(root, steps)
    return tree?.kind === 'scalar'
      ? spanInScalar(text, spans.get(tree) ?? nowhere, tree.source, part!)
      : undefined
  }

  const tagOf = (root: Tree, { path: steps, atTag }: Position): Span | undefined => {
    const tree = atTag ? descend(root, steps) : undefined
    if (tree?.tag === undefined) return undefined
    const start = text.lastIndexOf(tree.tag, spans.get(tree)?.start ?? 0)
    return start < 0 ? undefined : { start, end: start + tree.tag.length }
  }

  const locate = (position: Position): Place => {
    const root = roots[position.document]
    const span =
      complained.get(position) ??
      (root &&
        (partOf(root, position) ?? tagOf(root, position) ?? spanOf(root, position, spans))) ??
      nowhere
    const start = lines.linePos(visibleStart(text, span))
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
      const { code, message, pos } = error
      const span = mistakenSpan(code, message, text, pos)
      complain(index, span, syntaxMistake(code, message, text, pos))
    }
    roots.push(error ? undefined : toTree(document, spans, (span, c) => complain(index, span, c)))
  }
  return { path, documents: roots, complaints, locate }
}

/** Where there is nothing, as after `-` or a tag, what stands before it is shown. */
function visibleStart(text: string, { start, end }: Span): number {
  if (end > start) return start
  const before = /\S+$/.exec(text.slice(Math.max(0, start - 80), start))
  return start - (before?.[0].length ?? 0)
}

function composed(
  path: string,
  text: string,
  lineCounter: InstanceType<(typeof import('yaml'))['LineCounter']>,
  complain: (document: number, span: Span, c: SpanComplaint) => void,
): Document.Parsed[] {
  const refuse = (message: string, hint: string, start = 0): [] => {
    complain(0, { start, end: start }, { code: 'schema/syntax', message, hint })
    return []
  }
  if (text.length > longestText) return refuse(`${path} is too large`, 'write it in several files')
  const deep = tooDeepAt(text)
  if (deep !== undefined)
    return refuse('this is nested too deeply', `${limits.depth} levels are enough`, deep)
  const documents = yaml().parseAllDocuments(text, { ...options, lineCounter })
  return Array.isArray(documents) ? (documents as Document.Parsed[]) : []
}

/** Where a text nests deeper than honest ones do: the parser would take seconds to give up. */
function tooDeepAt(text: string): number | undefined {
  const indentations: number[] = []
  let offset = 0
  let brackets = 0
  let dashes = 0
  let before = ''
  for (const token of new (yaml().Lexer)().lex(text)) {
    if (before !== scalarMark) {
      if (token === '[' || token === '{') brackets++
      else if (token === ']' || token === '}') brackets--
      else if (token === '-' || token === '?') dashes++
      else if (token.includes('\n')) dashes = 0
      else if (before.includes('\n') && token.trim() === '') {
        while (indentations.length > 0 && indentations.at(-1)! >= token.length) indentations.pop()
        indentations.push(token.length)
      }
      if (brackets + dashes + indentations.length > limits.depth) return offset
    }
    before = token
    // Marks stand for nothing in the text.
    if (!marks.has(token)) offset += token.length
  }
  return undefined
}

/** What yaml's lexer says before a scalar; other marks are for documents and broken brackets. */
const scalarMark = '\u001f'
const marks = new Set([scalarMark, '\u0002', '\u0018'])

type SpanComplaint = Omit<Complaint, 'at' | 'severity'> & { severity?: Complaint['severity'] }

/** Converts yaml's nodes: aliases become the tree that they name, keys are taken as written. */
function toTree(
  document: Document.Parsed,
  spans: Spans,
  complain: (span: Span, complaint: SpanComplaint) => void,
): Tree | undefined {
  const { isAlias, isMap, isScalar, isSeq, Scalar } = yaml()
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
    const span = { start, end }
    if (!node) return placed({ kind: 'scalar', value: null, source: '', plain: true }, span)
    if (isAlias(node)) return resolveAlias(node.source, span)
    const anchor = 'anchor' in node ? (node.anchor as string | undefined) : undefined
    if (anchor) anchors.set(anchor, undefined)
    const tree = placed(convertBody(node, span), span)
    if (anchor) anchors.set(anchor, tree)
    return tree
  }

  const resolveAlias = (name: string, span: Span): Tree => {
    const written = `*${name}`
    const text = placed({ kind: 'scalar', value: written, source: written, plain: true }, span)
    const tree = anchors.get(name)
    if (!tree) {
      complain(span, {
        code: 'schema/alias',
        ...(anchors.has(name)
          ? { message: `the alias ${written} stands inside what it names` }
          : {
              message: `no anchor is called '${name}'`,
              hint: `text that begins with * needs quotes: "${written}"`,
            }),
      })
      return text
    }
    const wasFine = aliased <= limits.aliasedNodes
    aliased += size(tree)
    if (aliased <= limits.aliasedNodes) return tree
    if (wasFine) complain(span, { code: 'schema/alias', message: 'aliases repeat too much' })
    return text
  }

  const placed = <T extends Tree | MapEntry>(thing: T, span: Span): T => {
    spans.set(thing, span)
    return thing
  }

  const convertBody = (node: Node, span: Span): Tree => {
    const tag = tagOf(node)
    const base = tag === undefined ? {} : { tag }
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

  const checkText = (source: string, span: Span): void => {
    const missing = source.includes('\0') ? 'a NUL character' : 'half a character'
    if (isUnspeakable(source))
      complain(span, { code: 'schema/value', message: `Nix has no text with ${missing}` })
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
      if (name === '<<' && !quoted) {
        complain(
          { start, end },
          {
            code: 'schema/merge',
            message: '<<: is not part of YAML 1.2',
            hint: 'write the keys out, or give them to a level above',
          },
        )
        continue
      }
      if (entries.has(name)) {
        complain(
          { start, end },
          { code: 'schema/duplicate-key', message: `the key '${name}' stands here twice` },
        )
        continue
      }
      entries.set(name, placed({ quoted, value: convert(value, end) }, { start, end }))
    }
    return entries
  }

  if (!document.contents) return undefined
  try {
    return convert(document.contents as Node, 0)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    complain(nowhere, { code: 'schema/syntax', message: 'this is nested too deeply' })
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

type Spans = Map<Tree | MapEntry, Span>
const nowhere: Span = { start: 0, end: 0 }

/** Offsets of what a position names; the nearest thing above it when it is not there. */
function spanOf(root: Tree, { path, atKey }: Position, spans: Spans): Span {
  let tree = root
  let span = spans.get(root) ?? nowhere
  for (const [index, step] of path.entries()) {
    const next = child(tree, step)
    if (!next) return span
    const key = tree.kind === 'map' ? tree.entries.get(String(step)) : undefined
    const last = index === path.length - 1
    const there = spans.get(next) ?? span
    // A value over several lines, or an empty one, is better shown by its key.
    const byKey = last ? atKey || there.start === there.end : true
    span = key && (byKey || next.kind === 'map') ? (spans.get(key) ?? span) : there
    tree = next
  }
  return span
}
