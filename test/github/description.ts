import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv, type ValidateFunction } from 'ajv'

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly schema: object
}

interface Operation {
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[]
  readonly requestBody?: object
  readonly responses: Readonly<Record<string, object>>
}

/** GitHub's own description of its REST API: this file alone, the package's index takes seconds. */
const description = JSON.parse(
  readFileSync(
    createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json'),
    'utf8',
  ),
) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly parameters: Readonly<Record<string, Parameter>>
    readonly examples: Readonly<Record<string, { readonly value: unknown }>>
  }
}

/** `nullable` as a choice where it stands beside no type, which ajv does not take; null among the values. */
function withChoices(node: unknown): void {
  if (typeof node !== 'object' || node === null) return
  const schema = node as Record<string, unknown>
  if (schema['nullable'] === true && schema['type'] === undefined) {
    const { anyOf, allOf, oneOf, $ref } = schema
    const choice = $ref === undefined ? { anyOf, allOf, oneOf } : { $ref }
    for (const key of ['nullable', 'anyOf', 'allOf', 'oneOf', '$ref']) delete schema[key]
    const defined = Object.entries(choice).filter(([, value]) => value !== undefined)
    schema['anyOf'] = [{ enum: [null] }, Object.fromEntries(defined)]
  }
  const values: unknown = schema['enum']
  if (schema['nullable'] === true && Array.isArray(values)) schema['enum'] = [...values, null]
  for (const child of Object.values(schema)) withChoices(child)
}
withChoices(description)

// OpenAPI 3.0 is not quite JSON Schema: its own keywords are passed by, formats are not ajv's.
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, coerceTypes: false })
const coercing = new Ajv({ strict: false, validateFormats: false, coerceTypes: true })
for (const one of [ajv, coercing]) one.addSchema(description, 'github')

const compiled = new Map<string, ValidateFunction>()

/** What somebody sent, or got. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
}

/** The described operation that a request is for, and the values in its path. */
export interface Match {
  readonly template: string
  readonly method: string
  readonly values: Readonly<Record<string, string>>
}

/** Finds the operation; undefined where GitHub has none. */
export function findOperation(method: string, path: string): Match | undefined {
  for (const [template, operations] of Object.entries(description.paths)) {
    if (operations[method.toLowerCase()] === undefined) continue
    const names = [...template.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name!)
    const pattern = template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '([^/]+)')
    const values = new RegExp(`^${pattern}$`).exec(path)?.slice(1)
    if (values === undefined) continue
    const pairs = names.map((name, index) => [name, decodeURIComponent(values[index]!)] as const)
    return { template, method: method.toLowerCase(), values: Object.fromEntries(pairs) }
  }
  return undefined
}

/** What GitHub's description says against a request. */
export function checkRequest(match: Match, { query, body }: Exchange): readonly string[] {
  const parameters = parametersOf(match)
  const described = parameters.filter((one) => one.in === 'query')
  return [
    ...parameters.flatMap(({ name, in: place, required, schema }) => {
      const value = place === 'path' ? match.values[name] : query[name]
      if (place === 'header') return []
      if (value === undefined) return required ? [`${name} is missing`] : []
      return check(coercing, schema, { value }, name)
    }),
    ...Object.keys(query)
      .filter((name) => !described.some((one) => one.name === name))
      .map((name) => `?${name}= is not known`),
    ...checkBody(match, body),
  ]
}

/** What GitHub's description says against our answer. */
export function checkAnswer(match: Match, status: number, body: unknown): readonly string[] {
  const { responses } = operationOf(match)
  if (responses[status] === undefined) return [`status ${status} is not described`]
  const at = `${pointerOf(match)}/responses/${status}`
  const schema = schemaAt(responses[status], at)
  return schema === undefined ? [] : validate(schema, body, 'answer')
}

/** One of GitHub's own examples, to be adapted. */
export function exampleOf(name: string): unknown {
  const example = description.components.examples[name]
  if (example === undefined) throw new Error(`GitHub has no example '${name}'`)
  return structuredClone(example.value)
}

function checkBody(match: Match, body: unknown): readonly string[] {
  const { requestBody } = operationOf(match)
  if (requestBody === undefined) return body === undefined ? [] : ['no body is expected']
  const pointer = schemaAt(requestBody, `${pointerOf(match)}/requestBody`)
  if (pointer === undefined) return []
  const schema = resolve(pointer) as { readonly properties?: Readonly<Record<string, unknown>> }
  const known = Object.keys(schema.properties ?? {})
  const unknown = Object.keys((body ?? {}) as object).filter((key) => !known.includes(key))
  return [
    ...validate(pointer, body, 'body'),
    ...unknown.map((key) => `the body's '${key}' is not known`),
  ]
}

const operationOf = ({ template, method }: Match): Operation =>
  description.paths[template]![method]!

const parametersOf = (match: Match): readonly Parameter[] =>
  (operationOf(match).parameters ?? []).map((one) =>
    '$ref' in one ? (resolve(one.$ref) as Parameter) : one,
  )

const pointerOf = ({ template, method }: Match): string =>
  `#/paths/${template.replaceAll('~', '~0').replaceAll('/', '~1')}/${method}`

/** Where the schema of a request's or an answer's JSON stands. */
function schemaAt(holder: object, pointer: string): string | undefined {
  const at = '$ref' in holder ? String(holder.$ref) : pointer
  const { content } = resolve(at) as { readonly content?: Readonly<Record<string, unknown>> }
  return content?.['application/json'] === undefined
    ? undefined
    : `${at}/content/application~1json/schema`
}

function resolve(pointer: string): unknown {
  return pointer
    .slice(2)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], description)
}

function validate(pointer: string, value: unknown, name: string): readonly string[] {
  const known = compiled.get(pointer) ?? ajv.compile({ $ref: `github${escape(pointer)}` })
  compiled.set(pointer, known)
  return known(value) ? [] : errorsOf(known, name)
}

/** A pointer in a URI: the braces of a path's template are not allowed there. */
const escape = (pointer: string): string => pointer.replaceAll('{', '%7B').replaceAll('}', '%7D')

function check(
  by: Ajv,
  schema: object,
  holder: { value: unknown },
  name: string,
): readonly string[] {
  const compiledSchema = by.compile({ type: 'object', properties: { value: schema } })
  return compiledSchema(holder) ? [] : errorsOf(compiledSchema, name)
}

const errorsOf = ({ errors }: ValidateFunction, name: string): readonly string[] =>
  (errors ?? []).map(({ instancePath, message }) => `${name}${instancePath} ${message}`)
