import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import type { Description, Operation, Parameter, Schema } from './extract.ts'

/** What of Gitea's own description of its REST API concerns us; `npm run test:gitea` compares it with a Gitea's. */
const description = JSON.parse(
  readFileSync(new URL('description.json', import.meta.url), 'utf8'),
) as Description

// Swagger 2.0 is not quite JSON Schema: its own keywords are passed by, formats are not ajv's.
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
const coercing = new Ajv({ strict: false, validateFormats: false, coerceTypes: true })
ajv.addSchema(description, 'gitea')

const compiled = new Map<string, ValidateFunction>()

/** What somebody sent. */
export interface Exchange {
  readonly method: string
  /** From the root of the API. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
}

/** What is said against a request: by Gitea's description, of which we have what we use. */
export function checkRequest(exchange: Exchange): readonly string[] {
  const found = findOperation(exchange)
  if (found === undefined) return ['Gitea knows no such request, or its description lacks it here']
  const { parameters = [] } = found.operation
  const inQuery = parameters.filter((one) => one.in === 'query')
  return [
    ...parameters.flatMap((one) => {
      if (one.in === 'body') return []
      const value = one.in === 'path' ? found.values[one.name] : exchange.query[one.name]
      if (value === undefined) return one.required ? [`${one.name} is missing`] : []
      return checkValue(one, value)
    }),
    ...Object.keys(exchange.query)
      .filter((name) => !inQuery.some((one) => one.name === name))
      .map((name) => `?${name}= is not known`),
    ...checkBody(
      parameters.find((one) => one.in === 'body'),
      exchange.body,
    ),
  ]
}

/** What is said against an answer: types, and fields that Gitea does not have; null is anything's absence. */
export function checkAnswer(exchange: Exchange, status: number, body: unknown): readonly string[] {
  const response = findOperation(exchange)?.operation.responses[status]
  if (response === undefined) return [`status ${status} is not described`]
  const { schema } = description.responses[nameOf(response.$ref)]!
  if (schema === undefined) return []
  if (body === null) return []
  return [
    ...validate(schema, withoutNulls(body), 'answer'),
    ...unknownFields(schema, body, 'answer'),
  ]
}

/** Swagger 2.0 has no word for what may be null, and much of Gitea's is. */
const withoutNulls = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body), (_, value: unknown) => value ?? undefined)

function findOperation({
  method,
  path,
}: Exchange): { operation: Operation; values: Readonly<Record<string, string>> } | undefined {
  for (const [template, operations] of Object.entries(description.paths)) {
    const operation = operations[method.toLowerCase()]
    if (operation === undefined) continue
    const names = [...template.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name!)
    const pattern = template.replaceAll(/\{[^}]+\}/g, '([^/]+)')
    const values = new RegExp(`^${pattern}$`).exec(path)?.slice(1)
    if (values === undefined) continue
    const pairs = names.map((name, index) => [name, decodeURIComponent(values[index]!)] as const)
    return { operation, values: Object.fromEntries(pairs) }
  }
  return undefined
}

function checkBody(parameter: Parameter | undefined, body: unknown): readonly string[] {
  if (parameter?.schema === undefined) return body === undefined ? [] : ['no body is expected']
  const { schema } = parameter
  return [...validate(schema, body, 'body'), ...unknownFields(schema, body, 'body')]
}

const nameOf = (reference: string): string => reference.split('/').at(-1)!

function validate(schema: Schema, value: unknown, name: string): readonly string[] {
  const key = JSON.stringify(schema)
  const known = compiled.get(key) ?? ajv.compile(JSON.parse(key.replaceAll('"#/', '"gitea#/')))
  compiled.set(key, known)
  return known(value) ? [] : errorsOf(known, name)
}

function checkValue({ name, in: _, required: _required, ...schema }: Parameter, value: string) {
  const check = coercing.compile({ type: 'object', properties: { value: schema } })
  return check({ value }) ? [] : errorsOf(check, name)
}

const errorsOf = ({ errors }: ValidateFunction, name: string): readonly string[] =>
  (errors ?? []).map(({ instancePath, message }) => `${name}${instancePath} ${message}`)

/** No object of Gitea's is said to be complete, and yet nothing stands in it that is not described. */
function unknownFields(schema: Schema, value: unknown, name: string): readonly string[] {
  const { $ref, items, properties } = schema
  if ($ref !== undefined) return unknownFields(description.definitions[nameOf($ref)]!, value, name)
  if (Array.isArray(value)) return value.flatMap((one) => unknownFields(items ?? {}, one, name))
  if (typeof value !== 'object' || value === null || properties === undefined) return []
  return Object.entries(value).flatMap(([key, inside]) => {
    const described = properties[key]
    return described === undefined
      ? [`the ${name}'s '${key}' is not known`]
      : unknownFields(described, inside, name)
  })
}
