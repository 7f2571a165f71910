import { stringify } from 'yaml'

/** A schema as far as a person is told of it. */
interface Described {
  readonly title?: string
  readonly description?: string
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly $ref?: string
  readonly anyOf?: readonly Described[]
  readonly items?: Described
  readonly properties?: Readonly<Record<string, Described>>
  readonly additionalProperties?: Described | boolean
  readonly required?: readonly string[]
  readonly examples?: readonly unknown[]
  readonly 'x-tags'?: readonly string[]
}

type Definitions = Readonly<Record<string, Described>>

/** The marks between which the reference stands on its page. */
export const marks = {
  begin: '<!-- Generated from schemas/*.schema.json by schemas/generate.ts; do not edit below. -->',
  end: '<!-- The generated part ends here. -->',
}

/** Every kind of document, then every other thing that has keys of its own: each key in a line. */
export function reference(documents: readonly Described[], definitions: Definitions): string {
  const kinds = new Set(documents.map(({ title }) => title))
  const others = Object.values(definitions)
    .filter(({ title, properties }) => properties && !kinds.has(title))
    .sort((a, b) => (a.title! < b.title! ? -1 : 1))
  return [...documents, ...others].map((one) => section(one, definitions)).join('\n\n')
}

/** The page with the reference between its marks. */
export function withReference(page: string, text: string): string {
  const [before = '', rest = ''] = page.split(marks.begin)
  const after = rest.split(marks.end)[1] ?? '\n'
  return `${before}${marks.begin}\n\n${text}\n\n${marks.end}${after}`
}

function section(schema: Described, definitions: Definitions): string {
  const { title, description, properties = {}, required = [] } = schema
  const lines = Object.entries(properties).map(([key, property]) => {
    const shown = property.$ref ? { ...find(property.$ref, definitions), ...property } : property
    const needed = required.includes(key) ? ', required' : ''
    const example = exampleOf(key, shown)
    return `- \`${key}\` (${typeText(property, definitions)}${needed}): ${shown.description}${example}`
  })
  return [`### Keys: ${title}`, description, lines.join('\n')].join('\n\n')
}

function exampleOf(key: string, { examples: [example] = [] }: Described): string {
  if (example === undefined) return ''
  const text = stringify({ [key]: example }, { collectionStyle: 'flow', lineWidth: 0 })
    .trim()
    .replace(/^\{ (.*) \}$/s, '$1')
    // Our tags are text to JSON; in YAML they are written without quotes.
    .replaceAll(/"(![a-z]+ [^"]*)"/g, '$1')
  return ` For example \`\` ${text} \`\`.`
}

function typeText(schema: Described, definitions: Definitions): string {
  const { $ref, anyOf, type, items, additionalProperties: values, minimum, maximum } = schema
  if ($ref) {
    const named = find($ref, definitions)
    return named.properties ? link(named) : typeText(named, definitions)
  }
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (anyOf) return [...new Set(anyOf.map((one) => typeText(one, definitions)))].join(' or ')
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(' or ')
  if (type === 'array') return items ? `list of ${typeText(items, definitions)}` : 'list'
  if (type === 'object')
    return typeof values === 'object' ? `map of names to ${typeText(values, definitions)}` : 'map'
  const range =
    minimum === undefined
      ? ''
      : maximum === undefined
        ? `, from ${minimum}`
        : `, ${minimum} to ${maximum}`
  const tags = (schema['x-tags'] ?? []).map((tag) => ` or \`${tag}\``).join('')
  return `${words[type ?? ''] ?? 'any value'}${range}${tags}`
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
}

const link = ({ title }: Described): string =>
  `[${title!.toLowerCase()}](#keys-${title!
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')})`

const find = (ref: string, definitions: Definitions): Described =>
  definitions[ref.split('/').pop()!]!
