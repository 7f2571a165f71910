import type { Complaint, Position } from '../model/diagnostic.ts'
import type { ElementKind } from '../model/inventory.ts'
import { didYouMean } from '../model/suggestion.ts'

/** A selector as it was understood; names are in lower case and not looked up yet. */
export interface Selector {
  /** As written, for people. */
  readonly text: string
  readonly at: Position
  readonly target:
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'pattern'; readonly pattern: string }
    | { readonly kind: 'tag'; readonly tag: string }
  /** Only elements of this kind. */
  readonly only?: ElementKind
  /** Only hosts with all of these. */
  readonly tags: readonly string[]
  /** Takes away instead of adding. */
  readonly exclude: boolean
  readonly except: readonly Selector[]
  /** May match nothing. */
  readonly optional: boolean
}

/** The map form, as the schema allows it. */
export interface SelectorMap {
  readonly select?: string
  readonly kind?: ElementKind
  readonly tags?: readonly string[]
  readonly except?: readonly string[]
  readonly optional?: boolean
}

const kinds: readonly ElementKind[] = [
  'domain',
  'cluster',
  'service',
  'role',
  'machine',
  'interface',
  'vhost',
]

/** Reads a selector's text or map; the second form of the result says what is wrong. */
export function parseSelector(
  written: string | SelectorMap,
  at: Position,
): Selector | { readonly complaint: Complaint } {
  if (typeof written === 'string') return parseText(written, at)
  const inner = parseText(written.select ?? '', below(at, 'select'))
  if ('complaint' in inner) return inner
  const except: Selector[] = []
  for (const [index, text] of (written.except ?? []).entries()) {
    const selector = parseText(text, below(at, 'except', index))
    if ('complaint' in selector) return selector
    except.push(selector)
  }
  return {
    ...inner,
    ...(written.kind ? { only: written.kind } : {}),
    tags: written.tags ?? [],
    except,
    optional: written.optional ?? false,
  }
}

function parseText(text: string, at: Position): Selector | { readonly complaint: Complaint } {
  const wrong = (message: string, hint?: string): { complaint: Complaint } => ({
    complaint: {
      severity: 'error',
      code: 'selectors/syntax',
      message,
      at,
      ...(hint ? { hint } : {}),
    },
  })
  const exclude = text.startsWith('-')
  const rest = exclude ? text.slice(1) : text
  const [, prefix, body = ''] = /^([^:]+):(.*)$/.exec(rest) ?? [undefined, undefined, rest]
  const base = { text, at, tags: [], exclude, except: [], optional: false }
  if (prefix === 'tag')
    return body === ''
      ? wrong('a tag is missing after tag:', 'for example tag:rack-a')
      : { ...base, target: { kind: 'tag', tag: body } }
  const only = kinds.find((kind) => kind === prefix)
  if (prefix === 'host')
    return wrong("'host:' is no kind of element", `a name alone means hosts: ${body || 'vm0'}`)
  if (prefix !== undefined && !only)
    return wrong(
      `'${prefix}:' is no kind of element${didYouMean(prefix, [...kinds, 'tag'])}`,
      `kinds: ${kinds.map((kind) => `${kind}:`).join(', ')}, and tag:`,
    )
  if (prefix !== undefined && body === '')
    return wrong(`a name is missing after ${prefix}:`, `for example ${prefix}:vm0 or ${prefix}:*`)
  const name = body.toLowerCase()
  if (!/^[a-z0-9*-]+(\.[a-z0-9*-]+)*$/.test(name)) {
    if (text === '') return wrong('a selector is empty', 'for example vm0, "vm*" or "tag:rack-a"')
    return wrong(`'${text}' is no name`, hintOf(text))
  }
  const target = name.includes('*')
    ? ({ kind: 'pattern', pattern: name } as const)
    : ({ kind: 'name', name } as const)
  return { ...base, target, ...(only ? { only } : {}) }
}

/** What else was meant: another tool's exclusion, or several names in one text. */
function hintOf(text: string): string | undefined {
  if (text.startsWith('!')) return `to leave it out, write "-${text.slice(1)}"`
  const words = text.split(/[\s,]+/).filter((word) => word !== '')
  return words.length > 1 ? `write a list: [${words.join(', ')}]` : undefined
}

function below(at: Position, ...steps: (string | number)[]): Position {
  return { ...at, path: [...at.path, ...steps] }
}
