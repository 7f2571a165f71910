import {
  COLLECTION_STYLE,
  EVENT_ID,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type Event,
} from 'js-yaml'
import { isUnspeakable, plainValue } from './scalar.ts'
import type { MapEntry, ScalarTree, Tree } from './tree.ts'

/** What yaml and js-yaml see in different ways somewhere, and what is rare. */
const unusual =
  /[\t\r\0\u0085\u2028\u2029\uFEFF]|^ *%|^\.\.\.|^ +---(?:\s|$)|(?:^|[\s,[{])\?(?:\s|$)/m
const localTag = /^![A-Za-z][A-Za-z-]*$/
/** yaml refuses keys that are much longer. */
const longestKey = 1000

/**
 * The documents of a text, or undefined where it is not plainly right: then `parseExactly` judges
 * it. What comes from here is what that gives, without positions, in a fraction of the time.
 */
export function parseQuickly(text: string): readonly Tree[] | undefined {
  if (unusual.test(text)) return undefined
  const events = eventsOf(text)
  return events && treesOf(text, events)
}

function eventsOf(text: string): readonly Event[] | undefined {
  try {
    return parseEvents(text, {})
  } catch {
    return undefined
  }
}

function treesOf(text: string, events: readonly Event[]): readonly Tree[] | undefined {
  let next = 0
  /** Where the last token ended, as far as that matters: in brackets. */
  let end = 0
  let brackets = 0
  let isSure = true
  const doubt = (): void => void (isSure = false)

  const readNode = (): Tree => {
    const event = events[next++]!
    switch (event.type) {
      case EVENT_ID.SCALAR:
        if (isBelowComment(startOf(event))) doubt()
        return readScalar(event)
      case EVENT_ID.SEQUENCE: {
        const items: Tree[] = []
        readItems(event, () => items.push(readNode()))
        return { kind: 'list', items, ...tagOf(event) }
      }
      case EVENT_ID.MAPPING: {
        const entries = new Map<string, MapEntry>()
        readItems(event, () => readEntry(entries))
        return { kind: 'map', entries, ...tagOf(event) }
      }
      default:
        doubt()
        return nothing
    }
  }

  const readItems = ({ style, start }: CollectionEvent, readItem: () => void): void => {
    const isFlow = style === COLLECTION_STYLE.FLOW
    const isPair = isFlow && text[start] !== '[' && text[start] !== '{'
    if (isPair || (isFlow && isBelowComment(start))) doubt()
    if (isFlow) open(start)
    while (isSure && events[next]!.type !== EVENT_ID.POP) readItem()
    next++
    if (isFlow) close()
  }

  const readEntry = (entries: Map<string, MapEntry>): void => {
    const key = events[next++]!
    if (key.type !== EVENT_ID.SCALAR || key.valueStart === absent || key.tagStart !== absent)
      return doubt()
    const { source: name, plain } = readScalar(key)
    if ((name === '<<' && plain) || name.length > longestKey || entries.has(name)) return doubt()
    entries.set(name, { quoted: !plain, value: readNode() })
  }

  const readScalar = (event: ScalarEvent): ScalarTree => {
    const source = getScalarValue(text, event)
    const isUnusual = !event.fast && (isUnspeakable(source) || isOddlyWritten(event))
    if (isUnusual) doubt()
    if (brackets > 0 && event.valueStart !== absent) {
      pass(startOf(event))
      end = isQuoted(event) ? event.valueEnd + 1 : event.valueEnd
    }
    const plain = event.style === SCALAR_STYLE.PLAIN
    const { tag } = tagOf(event)
    // A tag of nothing in brackets: yaml minds the indentation of what follows.
    if (tag !== undefined && brackets > 0 && event.valueStart === absent) doubt()
    if (tag !== undefined) return { kind: 'scalar', value: source, source, plain, tag }
    return { kind: 'scalar', value: plain ? plainValue(source) : source, source, plain }
  }

  /** Over several lines, and not a block whose lines are all indented by the first. */
  const isOddlyWritten = ({ style, valueStart, valueEnd }: ScalarEvent): boolean => {
    const written = text.slice(valueStart, valueEnd)
    if (style < SCALAR_STYLE.LITERAL_BLOCK) return written.includes('\n')
    const header = text.slice(text.lastIndexOf('\n', valueStart - 2) + 1, valueStart)
    return /[|>][-+]?\d/.test(header) || /^ +$/m.test(written) || written.trim() === ''
  }

  /** Below a comment, yaml may take text for the next key of an outer map. */
  const isBelowComment = (start: number): boolean => {
    let before = start - 1
    while (text[before] === ' ') before--
    if (text[before] !== '\n') return false
    const above = text.slice(0, before).trimEnd()
    return above.slice(above.lastIndexOf('\n') + 1).includes('#')
  }

  // Comments in brackets have rules of their own.
  const pass = (start: number): void => {
    if (text.slice(end, start).includes('#')) doubt()
  }
  const open = (start: number): void => {
    if (brackets++ > 0) pass(start)
    end = start + 1
  }
  const close = (): void => {
    brackets--
    while (/[\s,:]/.test(text.charAt(end))) end++
    if (text[end] !== ']' && text[end] !== '}') doubt()
    end++
  }

  const tagOf = ({ tagStart, tagEnd, anchorStart }: Tagged): { tag?: string } => {
    if (anchorStart !== absent) doubt()
    if (tagStart === absent) return {}
    const tag = text.slice(tagStart, tagEnd)
    if (!localTag.test(tag) || !/[ \n]|^$/.test(text.charAt(tagEnd))) doubt()
    if (brackets > 0) end = Math.max(end, tagEnd)
    return { tag }
  }

  const documents: Tree[] = []
  while (isSure && next < events.length) {
    next++
    documents.push(readNode())
    next++
  }
  return isSure ? documents : undefined
}

type ScalarEvent = Extract<Event, { type: typeof EVENT_ID.SCALAR }>
type CollectionEvent = Extract<
  Event,
  { type: typeof EVENT_ID.SEQUENCE } | { type: typeof EVENT_ID.MAPPING }
>
type Tagged = Pick<ScalarEvent, 'tagStart' | 'tagEnd' | 'anchorStart'>

/** How js-yaml says that something is not there. */
const absent = -1
const nothing: ScalarTree = { kind: 'scalar', value: null, source: '', plain: true }

function isQuoted({ style }: ScalarEvent): boolean {
  return style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED
}

function startOf(event: ScalarEvent): number {
  return isQuoted(event) ? event.valueStart - 1 : event.valueStart
}
