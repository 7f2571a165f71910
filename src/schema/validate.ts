import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import type { Complaint, Position } from '../model/diagnostic.ts'
import { closest, didYouMean } from '../model/suggestion.ts'
import { fits } from './fits.ts'
import { ajv } from './packages.ts'
import { definitions } from './schemas.generated.ts'
import { quoted } from './syntax-mistake.ts'
import { tags } from './tags.ts'
import { descend, describe, meantText, toPlain, type Tree } from './tree.ts'

type Definition = keyof typeof definitions
type Schema = {
  readonly type?: string
  readonly $ref?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
  readonly examples?: readonly unknown[]
  readonly 'x-tags'?: readonly string[]
  readonly 'x-planned'?: readonly string[]
}
type Path = readonly (string | number)[]

let compiler: Ajv2020 | undefined
const compiled = new Map<Definition, ValidateFunction>()

function createCompiler(): Ajv2020 {
  const { Ajv2020 } = ajv()
  const made = new Ajv2020({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true })
  // What editors need not know: tags that a text may carry instead, and keys that come later.
  made.addVocabulary(['x-tags', 'x-planned'])
  return made.addSchema({ $id: 'nixcluster', $defs: definitions })
}

function validator(name: Definition): ValidateFunction {
  const known = compiled.get(name)
  if (known) return known
  const validate = (compiler ??= createCompiler()).compile({ $ref: `nixcluster#/$defs/${name}` })
  compiled.set(name, validate)
  return validate
}

/** What a tree came to: plain data without what is wrong, and one complaint for each mistake. */
interface Validated {
  readonly data: unknown
  readonly complaints: readonly Complaint[]
}

/** Checks a tree against a definition, so that all but its mistakes can still be looked at. */
export function validate(name: Definition, tree: Tree, at: Position): Validated {
  const root = { data: toPlain(tree) }
  return fits(name, root) ? { data: root.data, complaints: [] } : validateExactly(name, tree, at)
}

/** The same by ajv, the one judge of what fits a schema and what to say where it does not. */
export function validateExactly(name: Definition, tree: Tree, at: Position): Validated {
  const root = { data: toPlain(tree) }
  const complaints = check(name, root, [], tree, at)
  return { data: root.data, complaints }
}

function check(
  name: Definition,
  root: { data: unknown },
  base: Path,
  tree: Tree,
  at: Position,
): Complaint[] {
  const validateBody = validator(name)
  if (validateBody(dataAt(root, base))) return []
  const errors = validateBody.errors ?? []
  const unions = Map.groupBy(
    errors.filter(({ keyword }) => keyword === 'anyOf'),
    ({ instancePath }) => instancePath,
  )
  const inUnion = (error: ErrorObject): boolean =>
    prefixes(error.instancePath).some((path) => unions.get(path)?.some((union) => union !== error))
  const misspelt = new Set(
    errors
      .filter(({ keyword }) => keyword === 'additionalProperties')
      .map((error) => `${error.instancePath} ${closest(unknownKey(error), keysOf(error))}`),
  )
  const isMisspelt = ({ keyword, instancePath, params }: ErrorObject): boolean =>
    keyword === 'required' && misspelt.has(`${instancePath} ${params['missingProperty']}`)
  const mistyped = Map.groupBy(
    errors.filter(({ keyword }) => keyword === 'type'),
    ({ instancePath }) => instancePath,
  )
  // A list is no word of an enumeration either.
  const isMistyped = ({ keyword, instancePath, parentSchema }: ErrorObject): boolean =>
    keyword === 'enum' &&
    (mistyped.get(instancePath) ?? []).some((error) => error.parentSchema === parentSchema)
  return errors
    .filter((error) => !inUnion(error) && !isMisspelt(error) && !isMistyped(error))
    .flatMap((error) => {
      const path = [...base, ...steps(error.instancePath)]
      if (isOwnTag(error)) return []
      if (isAbsent(error)) {
        remove(root, path)
        return []
      }
      if (error.keyword === 'anyOf') return checkBranch(error, root, path, tree, at)
      const complaint = toComplaint(error, path, tree, at)
      remove(root, error.keyword === 'additionalProperties' ? [...path, unknownKey(error)] : path)
      return [complaint]
    })
}

/** A union's own errors say nothing: the branch that was meant is chosen by type, then by key. */
function checkBranch(
  error: ErrorObject,
  root: { data: unknown },
  path: Path,
  tree: Tree,
  at: Position,
): Complaint[] {
  const branches = (error.schema as readonly Schema[]).map((branch) => ({
    name: branch.$ref?.split('/').pop() as Definition | undefined,
    schema: branch.$ref ? definition(branch.$ref) : branch,
  }))
  const isItem = Array.isArray(dataAt(root, path.slice(0, -1)))
  if (error.data === null && !isItem) {
    remove(root, path)
    return []
  }
  const type = Array.isArray(error.data)
    ? 'array'
    : error.data === null
      ? 'null'
      : typeof error.data
  const alike = branches.filter(({ schema }) => schema.type === type)
  const chosen =
    alike.length === 1
      ? alike[0]
      : alike.find(({ schema }) =>
          schema.required?.some(
            (key) => (error.data as Record<string, unknown>)[key] !== undefined,
          ),
        )
  const known = alike.flatMap(({ schema }) => Object.keys(schema.properties ?? {}))
  const unquoted = unquotedHint(descend(tree, path), known, branches)
  if (chosen?.name && !unquoted) return check(chosen.name, root, path, tree, at)
  remove(root, path)
  const misspelt = type === 'object' ? misspeltKey(error.data as object, known) : undefined
  if (misspelt !== undefined) return [unknown(misspelt, known, below(at, path))]
  const expected = branches.map(({ schema }) =>
    schema.type === 'object'
      ? `{ ${schema.required?.join(', ')} }`
      : schema.type === 'array'
        ? 'a list'
        : 'text',
  )
  return [
    {
      severity: 'error',
      code: 'schema/type',
      message: `expected ${expected.join(' or ')}, found ${unquoted ? 'a map' : found(descend(tree, path))}`,
      at: below(at, path),
      ...(unquoted ?? tagHint(descend(tree, path)) ?? example(error.parentSchema as Schema)),
    },
  ]
}

/** `[service:]` is a map to YAML: what was meant is text, where text is possible. */
function unquotedHint(
  there: Tree | undefined,
  known: readonly string[],
  branches: readonly { readonly schema: Schema }[],
): { hint: string } | undefined {
  const meant = meantText(there)
  if (meant === undefined || !branches.some(({ schema }) => schema.type === 'string'))
    return undefined
  const [, key, name] = /^([^:]*): ?(.*)$/.exec(meant) ?? []
  if (key === undefined || known.includes(key) || closest(key, known)) return undefined
  // `service:vault` says a kind, and no more than that.
  const isKind = known.includes('select') && /^[a-z]+$/.test(key)
  const text = isKind ? (name === '' ? quoted(`${key}:*`) : `${key}:${name}`) : quoted(meant)
  return { hint: `a colon at the end or before a space makes a map: write ${text}` }
}

/** `a, b or c`. */
function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

/** A map is told from another by its keys. */
function found(there: Tree | undefined): string {
  const keys = there?.kind === 'map' && there.tag === undefined ? [...there.entries.keys()] : []
  return keys.length > 0 ? `{ ${keys.slice(0, 4).join(', ')} }` : describe(there)
}

/** `[!vm3]` is a tag to YAML: what was meant is text. */
function tagHint(there: Tree | undefined): { hint: string } | undefined {
  const tag = there?.tag
  if (tag === undefined || knownTags.has(tag)) return undefined
  return {
    hint: `text that begins with ! needs quotes; to leave ${tag.slice(1)} out, write -${tag.slice(1)}`,
  }
}

const knownTags: ReadonlySet<string> = new Set(tags)

function toComplaint(error: ErrorObject, path: Path, tree: Tree, at: Position): Complaint {
  const schema = error.parentSchema as Schema
  const there = descend(tree, path)
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = unknownKey(error)
      const known = Object.keys(schema.properties ?? {})
      const place = { ...below(at, [...path, key]), atKey: true }
      if (schema['x-planned']?.includes(key))
        return {
          severity: 'error',
          code: 'schema/not-supported',
          message: `'${key}' is not supported by this version`,
          at: place,
        }
      return unknown(key, known, below(at, path))
    }
    case 'required': {
      const key = String(error.params['missingProperty'])
      return {
        severity: 'error',
        code: 'schema/missing-key',
        message: `the key '${key}' is missing`,
        at: { ...below(at, path), atKey: path.length > 0 },
        ...example(schema.properties?.[key] ?? {}),
      }
    }
    case 'type':
      return {
        severity: 'error',
        code: 'schema/type',
        message: `expected ${words[schema.type ?? ''] ?? schema.type}, found ${describe(there)}`,
        at: below(at, path),
        ...(quotable(schema, there) ?? example(schema)),
      }
    case 'enum': {
      const allowed = (error.params['allowedValues'] as unknown[]).map(String)
      return {
        severity: 'error',
        code: 'schema/value',
        message: `expected ${alternatives(allowed)}, found ${describe(there)}${didYouMean(typeof error.data === 'string' ? error.data : '', allowed)}`,
        at: below(at, path),
      }
    }
    case 'pattern': {
      const [first] = schema.examples ?? []
      return {
        severity: 'error',
        code: 'schema/value',
        message: `expected text like ${/^[0-9.]+$/.test(String(first)) ? `"${first}"` : first}, found ${describe(there)}`,
        at: below(at, path),
      }
    }
    default:
      return {
        severity: 'error',
        code: 'schema/value',
        message: `${describe(there)} does not fit here: it ${complaintOf(error)}`,
        at: below(at, path),
        ...example(schema),
      }
  }
}

function unknown(key: string, known: readonly string[], owner: Position): Complaint {
  const guess = didYouMean(key, known)
  return {
    severity: 'error',
    code: 'schema/unknown-key',
    message: `unknown key '${key}'${guess}`,
    at: { ...below(owner, [key]), atKey: true },
    ...(guess === '' ? { hint: `known keys: ${known.join(', ')}` } : {}),
  }
}

function misspeltKey(data: object, known: readonly string[]): string | undefined {
  return Object.keys(data).find((key) => !known.includes(key) && closest(key, known) !== undefined)
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
}

function complaintOf(error: ErrorObject): string {
  if (error.keyword === 'minLength') return 'must not be empty'
  if (error.keyword === 'maximum') return `must be at most ${error.params['limit']}`
  if (error.keyword === 'minimum') return `must be at least ${error.params['limit']}`
  return error.message ?? 'is not allowed'
}

/** `25.11` without quotes is a number: the correction is the same, in quotes; or the other way. */
function quotable(schema: Schema, there: Tree | undefined): { hint: string } | undefined {
  if (schema.type === 'string') {
    const meant = meantText(there)
    if (meant !== undefined) return { hint: `write it in quotes: ${quoted(meant)}` }
  }
  if (there?.kind !== 'scalar' || there.source === '' || there.tag !== undefined) return undefined
  const { source, plain } = there
  if (schema.type === 'string') return { hint: `write it in quotes: "${source}"` }
  if (schema.type === 'boolean' && plain && /^(yes|on|no|off)$/i.test(source))
    return { hint: `write ${/^(yes|on)$/i.test(source)}` }
  const isNumber = schema.type === 'integer' && /^[0-9]+$/.test(source)
  const isBoolean = schema.type === 'boolean' && /^(true|false)$/.test(source)
  return isNumber || isBoolean ? { hint: `write it without quotes: ${source}` } : undefined
}

function example(schema: Schema): { hint?: string } {
  const shown = schema.$ref ? definition(schema.$ref) : schema
  const [first] = shown.examples ?? []
  return first === undefined
    ? {}
    : { hint: `for example ${typeof first === 'string' ? first : flow(first)}` }
}

/** YAML in one line, as a person would write it. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${flow(inner)}`)
    .join(', ')} }`
}

/** `vm3:` with nothing below it is an empty map or list. */
function isAbsent(error: ErrorObject): boolean {
  const type = (error.parentSchema as Schema).type
  const isNull = error.data === null || error.data === undefined
  return error.keyword === 'type' && isNull && (type === 'object' || type === 'array')
}

function isOwnTag(error: ErrorObject): boolean {
  const tags = (error.parentSchema as Schema)['x-tags'] ?? []
  return typeof error.data === 'symbol' && tags.includes(Symbol.keyFor(error.data) ?? '')
}

function keysOf({ parentSchema }: ErrorObject): readonly string[] {
  return Object.keys((parentSchema as Schema).properties ?? {})
}

function unknownKey(error: ErrorObject): string {
  return String(error.params['additionalProperty'])
}

function definition(ref: string): Schema {
  return definitions[ref.split('/').pop() as Definition] as Schema
}

function below(at: Position, path: Path): Position {
  const { atKey: _, ...rest } = at
  return { ...rest, path: [...at.path, ...path] }
}

/** ajv's paths are JSON pointers; indices stay text, which every lookup here takes. */
function steps(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** A pointer and all above it. */
function prefixes(pointer: string): string[] {
  const names = pointer.split('/')
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

function dataAt(root: { data: unknown }, path: Path): unknown {
  return path.reduce<unknown>(
    (data, step) => (data as Record<string, unknown> | undefined)?.[step],
    root.data,
  )
}

function remove(root: { data: unknown }, path: Path): void {
  const last = path.at(-1)
  if (last === undefined) {
    root.data = undefined
    return
  }
  const parent = dataAt(root, path.slice(0, -1)) as Record<string, unknown> | undefined
  if (parent) parent[last] = undefined
}
