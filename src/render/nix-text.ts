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
  /** `header` is what stands before the colon. */
  | { readonly kind: 'function'; readonly header: string; readonly body: Nix }
  /** Somebody's own expression, taken as it is. */
  | { readonly kind: 'code'; readonly text: string }

/** An attribute path and what stands there. */
export type Binding = readonly [path: readonly string[], value: Nix]

export const word = (text: string): Nix => ({ kind: 'word', text })
export const text = (value: string): Nix => ({ kind: 'text', value })
export const list = (items: readonly Nix[]): Nix => ({ kind: 'list', items })
/** A set of bindings by plain names; those without a value are left out. */
export const set = (bindings: Readonly<Record<string, Nix | undefined>>): Nix => ({
  kind: 'set',
  bindings: Object.entries(bindings).flatMap(([name, value]) =>
    value === undefined ? [] : [[[name], value] as const],
  ),
})
export const call = (name: string, ...values: readonly Nix[]): Nix => ({
  kind: 'call',
  function: name,
  arguments: values,
})

/** Prints an expression as nixfmt would; all lines but the first are indented by `depth` steps. */
export function printNix(nix: Nix, depth = 0): string {
  const inner = indentation(depth + 1)
  const end = `\n${indentation(depth)}`
  switch (nix.kind) {
    case 'word':
    case 'path':
      return nix.text
    case 'text':
      return printText(nix.value, depth)
    case 'code':
      return `(\n${indentCode(nix.text, inner)}${end})`
    case 'list': {
      if (nix.items.length === 0) return '[ ]'
      const [only] = nix.items
      const line = nix.items.length === 1 && `[ ${printOperand(only!, depth)} ]`
      if (line && isShort(line, depth)) return line
      const items = nix.items.map((item) => `${inner}${printOperand(item, depth + 1)}`)
      return `[\n${items.join('\n')}${end}]`
    }
    case 'set':
      if (nix.bindings.length === 0) return '{ }'
      return `{\n${nix.bindings.map((binding) => `${inner}${printBinding(binding, depth + 1)}`).join('\n')}${end}}`
    case 'call':
      return [nix.function, ...nix.arguments.map((each) => printOperand(each, depth))].join(' ')
    case 'function':
      return `${nix.header}:${end}${printNix(nix.body, depth)}`
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

/** Writes a name where Nix wants an attribute: quoted unless it is an identifier and no keyword. */
function attributeName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_'-]*$/.test(name) && !keywords.has(name) ? name : quote(name)
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
const indentation = (depth: number): string => '  '.repeat(depth)
const isShort = (line: string, depth: number): boolean =>
  !line.includes('\n') && line.length + 2 * depth <= width

function printBinding([path, value]: Binding, depth: number): string {
  if (value.kind === 'word' && path.length === 1 && path[0] === value.text)
    return `inherit ${value.text};`
  if (value.kind !== 'function') return `${attributePath(path)} = ${printNix(value, depth)};`
  const below = indentation(depth + 1)
  return `${attributePath(path)} =\n${below}${printNix(value, depth + 1)};`
}

/** As an element of a list or an argument, where only what is whole needs no parentheses. */
function printOperand(nix: Nix, depth: number): string {
  const isWhole =
    nix.kind === 'word' ? !/^-| /.test(nix.text) : nix.kind !== 'call' && nix.kind !== 'function'
  return isWhole ? printNix(nix, depth) : `(${printNix(nix, depth)})`
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

/** A line break inside of a string of the code is content: then nothing is moved. */
function indentCode(code: string, inner: string): string {
  const lines = code.replace(/^\s*\n|\s+$/g, '').split('\n')
  const mayHoldText = lines.length > 1 && /"|''/.test(code)
  return lines
    .map((line) => (mayHoldText || line.trim() === '' ? line : inner + line.trimEnd()))
    .join('\n')
}
