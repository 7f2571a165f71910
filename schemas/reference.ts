import { stringify } from 'yaml'

/** A schema as far as a person is told of it. */
interface Described {
  readonly title?: string
  readonly description?: string
  readonly type?: string | readonly string[]
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

/** Every kind of document, then all else that has keys or comes in several forms: each key in a line. */
export function reference(documents: readonly Described[], definitions: Definitions): string {
  const kinds = new Set(documents.map(({ title }) => title))
  const named = Object.values(definitions).filter(({ title }) => !kinds.has(title))
  const others = [...named, ...[...documents, ...named].flatMap(inlineMaps)]
    .filter(hasSection)
    .sort((a, b) => (a.title! < b.title! ? -1 : 1))
  const doubled = others.find(({ title }, index) => others[index + 1]?.title === title)
  if (doubled) throw new Error(`two things of the language are called '${doubled.title}'`)
  return [...documents, ...others].map((one) => section(one, definitions)).join('\n\n')
}

/** The page with the reference between its marks. */
export function withReference(page: string, text: string): string {
  const [before = '', rest = ''] = page.split(marks.begin)
  const after = rest.split(marks.end)[1] ?? '\n'
  return `${before}${marks.begin}\n\n${text}\n\n${marks.end}${after}`
}

/** Maps with keys of their own that stand inside others, without a definition of theirs. */
function inlineMaps({ properties = {} }: Described): Described[] {
  return Object.values(properties).flatMap((property) => [
    ...(property.properties ? [property] : []),
    ...inlineMaps(property),
  ])
}

/** What is explained once, in a place of its own. */
function hasSection(schema: Described): boolean {
  const { $ref, title, properties, anyOf, type } = schema
  return !$ref && title !== undefined && !!(properties || anyOf || type === undefined)
}

function section(schema: Described, definitions: Definitions): string {
  const { title, description, properties = {}, required = [], anyOf = [] } = schema
  const forms = anyOf.map((one) => `- ${typeText(one, definitions)}`)
  const samples = anyOf.length > 0 ? (schema.examples ?? []) : []
  const shown = samples.map((example) => `\`\` ${inFlow(example)} \`\``).join(', ')
  const lines = Object.entries(properties).map(([key, property]) => {
    const described = property.$ref
      ? { ...find(property.$ref, definitions), ...property }
      : property
    const needed = required.includes(key) ? ', required' : ''
    const example = exampleOf(key, described)
    return `- \`${key}\` (${typeText(property, definitions)}${needed}): ${described.description}${example}`
  })
  const parts = [
    `### Keys: ${title}`,
    description,
    forms.join('\n'),
    shown === '' ? '' : `For example: ${shown}.`,
    lines.join('\n'),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function exampleOf(key: string, { examples: [example] = [] }: Described): string {
  return example === undefined ? '' : ` For example \`\` ${key}: ${inFlow(example)} \`\`.`
}

/** In one line, as the examples of this page are written. */
function inFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inFlow).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, one]) => `${scalar(key)}: ${inFlow(one)}`)
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
  }
  // Our tags are text to JSON; in YAML they are written without quotes.
  return typeof value === 'string' && /^![a-z]+ /.test(value) ? value : scalar(value)
}

/** With quotes where a list in one line needs them. */
function scalar(value: unknown): string {
  return stringify([value], { collectionStyle: 'flow', lineWidth: 0, singleQuote: true })
    .trim()
    .slice(1, -1)
    .trim()
}

function typeText(schema: Described, definitions: Definitions): string {
  const { $ref, anyOf, type, items, additionalProperties: values, minimum, maximum } = schema
  if ($ref) {
    const named = find($ref, definitions)
    return hasSection(named) ? link(named) : typeText(named, definitions)
  }
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (anyOf) return [...new Set(anyOf.map((one) => typeText(one, definitions)))].join(' or ')
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(' or ')
  if (schema.properties && schema.title) return link(schema)
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
  return `${[type ?? []]
    .flat()
    .map((name) => words[name])
    .join(' or ')}${range}${tags}`
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
