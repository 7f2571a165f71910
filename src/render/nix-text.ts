import { indentCode, mayEndInComment, opensOnItsFirstLine } from './nix-code.ts'

/** Nix source on its way to text. */
export type Nix =
  /** On one line: a number, a name. */
  | { readonly kind: 'word'; readonly text: string }
  /** Relative to the file that it stands in; `target` is the same from the repository's root. */
  | { readonly kind: 'path'; readonly text: string; readonly target: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'list'; readonly items: readonly Nix[] }
  | { readonly kind: 'set'; readonly bindings: readonly Binding[] }
  | { readonly kind: 'call'; readonly function: string; readonly arguments: readonly Nix[] }
  /** `header`: the names of the set that it takes, and perhaps `...`. */
  | { readonly kind: 'function'; readonly header: readonly string[]; readonly body: Nix }
  /** Somebody's own expression, taken as it is. */
  | { readonly kind: 'code'; readonly text: string }

/** An attribute path and what stands there. */
export type Binding = readonly [path: readonly string[], value: Nix]

export const word = (text: string): Nix => ({ kind: 'word', text })
export const text = (value: string): Nix => ({ kind: 'text', value })
export const list = (items: readonly Nix[]): Nix => ({ kind: 'list', items })
/** A set of bindings by plain names; those without a value are left out. */
export function set(values: Readonly<Record<string, Nix | undefined>>): Nix {
  const bindings: Binding[] = []
  for (const [name, value] of Object.entries(values))
    if (value !== undefined) bindings.push([[name], value])
  return { kind: 'set', bindings }
}
export const call = (name: string, ...values: readonly Nix[]): Nix => ({
  kind: 'call',
  function: name,
  arguments: values,
})

/** Prints an expression as nixfmt does; all lines but the first are indented by `depth` steps. */
export function printNix(nix: Nix, depth = 0): string {
  return print(nix, { depth, before: 0, after: 0 })
}

type Call = Extract<Nix, { kind: 'call' }>

/** Where an expression is printed. */
interface Spot {
  /** Steps by which the lines after the first are indented. */
  readonly depth: number
  /** Characters before it on its first line, and behind it on its last; indentation does not count. */
  readonly before: number
  readonly after: number
}

function print(nix: Nix, spot: Spot): string {
  const { depth } = spot
  const end = `\n${indentation(depth)}`
  switch (nix.kind) {
    case 'word':
    case 'path':
      return nix.text
    case 'text':
      return printText(nix.value, depth)
    case 'code':
      return printCode(nix.text, depth)
    case 'list': {
      if (nix.items.length === 0) return '[ ]'
      const [only] = nix.items
      const { before, after } = spot
      const item = { depth, before: before + 2, after: after + 2 }
      const line = before + shortest(nix) + after <= width && `[ ${printOperand(only!, item)} ]`
      if (line && fits(line, spot)) return line
      const inner = lineBelow(depth)
      const items = nix.items.map((each) => printOperand(each, inner))
      return `[${end}  ${items.join(`${end}  `)}${end}]`
    }
    case 'set': {
      if (nix.bindings.length === 0) return '{ }'
      const bindings = nix.bindings.map((binding) => printBinding(binding, depth + 1))
      return `{${end}  ${bindings.join(`${end}  `)}${end}}`
    }
    case 'call':
      return printCall(nix, spot)
    case 'function':
      return `${printHeader(nix.header, depth)}:${end}${print(nix.body, { ...lineBelow(depth - 1), after: spot.after })}`
  }
}

/** Writes a string literal on one line. */
export function quote(value: string): string {
  const escaped = value.replace(
    /["\\\n\r\t]|\$\{/g,
    (found) => ({ '\n': '\\n', '\r': '\\r', '\t': '\\t' })[found] ?? `\\${found}`,
  )
  return `"${escaped}"`
}

/** Writes a name where Nix wants an attribute. */
function attributeName(name: string): string {
  return isIdentifier(name) ? name : quote(name)
}

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_'-]*$/.test(name) && !keywords.has(name)
}

/** Writes an attribute path, such as `services.nginx.virtualHosts."a.b"`. */
export function attributePath(path: readonly string[]): string {
  return path.map(attributeName).join('.')
}

const keywords = new Set([
  'assert',
  'else',
  'if',
  'in',
  'inherit',
  'let',
  'or',
  'rec',
  'then',
  'with',
])
const width = 100
const indentations: string[] = []
const indentation = (depth: number): string => (indentations[depth] ??= '  '.repeat(depth))
const lineBelow = (depth: number): Spot => ({ depth: depth + 1, before: 0, after: 0 })
const lengthOf = (line: string): number => (isAscii(line) ? line.length : [...line].length)
const isAscii = (text: string): boolean => /^[ -~]*$/.test(text)
const firstLine = (printed: string): string => printed.split('\n', 1)[0]!
const fits = (line: string, { before, after }: Spot): boolean =>
  !line.includes('\n') && before + lengthOf(line) + after <= width

/** The least that it takes on one line: lists in lists would be printed again at each depth to see it. */
function shortest(nix: Nix): number {
  switch (nix.kind) {
    case 'word':
    case 'path':
      return nix.text.length
    case 'text':
      return nix.value.length + 2
    case 'code':
      return nix.text.trim().length
    case 'call':
      return nix.arguments.reduce((sum, each) => sum + 1 + shortest(each), nix.function.length)
    case 'list':
      if (nix.items.length > 1) return Infinity
      return 3 + nix.items.reduce((sum, item) => sum + 1 + shortest(item), 0)
    case 'set':
      return nix.bindings.length === 0 ? 3 : Infinity
    case 'function':
      return Infinity
  }
}

function printBinding([path, value]: Binding, depth: number): string {
  if (value.kind === 'word' && path.length === 1 && path[0] === value.text)
    return `inherit ${value.text};`
  const name = `${attributePath(path)} =`
  const beside: Spot = { depth, before: lengthOf(name) + 1, after: 1 }
  const isLongName = path.length > 4 || name.includes('"')
  const isTooLong = isLongName && isUnbreakable(value) && !fits(print(value, beside), beside)
  if (isTooLong || isBelow(value, beside))
    return `${name}\n${indentation(depth + 1)}${print(value, { depth: depth + 1, before: 0, after: 1 })};`
  const printed = print(value, beside)
  const comment = value.kind === 'code' && mayEndInComment(value.text)
  return `${name} ${printed}${comment ? `\n${indentation(depth)}` : ''};`
}

/** Whether a value stands on a line of its own below its name. */
function isBelow(value: Nix, spot: Spot): boolean {
  switch (value.kind) {
    case 'function':
      return true
    case 'word':
      return !fits(value.text, spot)
    case 'call':
      return !isSimple(value) && !fits(firstLine(printCall(value, spot)), spot)
    case 'code':
      return value.text.trim().includes('\n') && !opensOnItsFirstLine(value.text)
    default:
      return false
  }
}

function printCall(nix: Call, spot: Spot): string {
  const last = nix.arguments.length - 1
  return nix.arguments.reduce((line, argument, index) => {
    const before = spot.before + lengthOf(line) + 1
    const after = index === last ? spot.after : 1
    return `${line} ${printOperand(argument, { depth: spot.depth, before, after })}`
  }, nix.function)
}

/** Whether nixfmt keeps a call of it on its line, however long that gets. */
function isSimple(nix: Nix): boolean {
  switch (nix.kind) {
    case 'word':
      return /^(?:[A-Za-z_][\w'-]*(?:\.[A-Za-z_][\w'-]*)*|[\d.eE]+|\(throw .*)$/.test(nix.text)
    case 'call':
      return nix.arguments.length <= 2 && nix.arguments.every(isSimple)
    default:
      return nix.kind === 'path' || nix.kind === 'text'
  }
}

/** Whether it stays on its line behind a short name, and leaves it behind a long or a quoted one. */
function isUnbreakable(nix: Nix): boolean {
  return isSimple(nix) && !opens(nix) && !(nix.kind === 'call' && opens(nix.arguments.at(-1)!))
}

/** Whether it may begin on a line and go on below. */
function opens(nix: Nix): boolean {
  switch (nix.kind) {
    case 'list':
      return nix.items.length > 0
    case 'set':
      return nix.bindings.length > 0
    case 'text':
      return isReadableInLines(nix.value)
    default:
      return false
  }
}

/** Up to two names stand on a line. */
function printHeader(header: readonly string[], depth: number): string {
  if (header.length <= 3) return `{ ${header.join(', ')} }`
  const inner = `\n${indentation(depth + 1)}`
  return `{${inner}${header.join(`,${inner}`)}\n${indentation(depth)}}`
}

/** As an element of a list or an argument, where only what is whole needs no parentheses. */
function printOperand(nix: Nix, spot: Spot): string {
  if (isWhole(nix)) return print(nix, spot)
  const { depth, before, after } = spot
  if (nix.kind === 'code' && (isBelow(nix, spot) || mayEndInComment(nix.text)))
    return `(\n${indentation(depth + 1)}${print(nix, lineBelow(depth))}\n${indentation(depth)})`
  return `(${print(nix, { depth, before: before + 1, after: after + 1 })})`
}

function isWhole(nix: Nix): boolean {
  switch (nix.kind) {
    case 'word':
      return !/^-|^[^(].* /.test(nix.text)
    case 'code':
      return /^\s*[A-Za-z_][\w'-]*(?:\.[A-Za-z_][\w'-]*)*\s*$/.test(nix.text)
    case 'call':
    case 'function':
      return false
    default:
      return true
  }
}

function printCode(code: string, depth: number): string {
  return indentCode(code, indentation(depth))
}

function printText(value: string, depth: number): string {
  if (value.includes('\0')) return '(throw "Nix has no text with a NUL character")'
  if (!isReadableInLines(value)) return quote(value)
  const inner = indentation(depth + 1)
  const lines = value.replaceAll('${', "''${").split('\n')
  const indented = lines.map((line) => (line === '' ? '' : inner + line))
  const last = lines.at(-1) === '' ? indentation(depth) : `${indented.at(-1)}`
  return `''\n${[...indented.slice(0, -1), last].join('\n')}''`
}

/**
 * Whether the text survives an indented string: Nix takes the common indentation away, so some line
 * must have none; and quotes and control characters follow rules that `quote` spares us.
 */
function isReadableInLines(value: string): boolean {
  return (
    value.includes('\n') &&
    // Without this, a text of one line and its break would take three.
    value.trimEnd().includes('\n') &&
    !/''|'\$|'$|[^\n\P{Cc}]/u.test(value) &&
    !/^[^\S\n]+$/m.test(value) &&
    /^\S/m.test(value)
  )
}
