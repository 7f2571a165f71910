import { definitions } from './schemas.generated.ts'

/** Whether the value at a key plainly fits; what stands for nothing there is taken away. */
type Fits = (owner: Owner, key: string | number, inUnion: boolean) => boolean
type Owner = Record<string | number, unknown>

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly minLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly 'x-tags'?: readonly string[]
}

const understood = new Set(
  '$ref type required properties additionalProperties items anyOf enum minLength pattern minimum maximum x-tags'.split(
    ' ',
  ),
)
const annotations = new Set(['title', 'description', 'examples', 'default', 'x-planned'])

/**
 * Whether plain data fits a definition without a doubt. A no only means that ajv must look at it:
 * that alone knows what to say, and is slow to get ready.
 */
export function fits(name: keyof typeof definitions, root: { data: unknown }): boolean {
  return definition(name)(root, 'data', false)
}

const known = new Map<string, Fits>()

function definition(name: string): Fits {
  // Looked up when it is used: definitions may contain themselves.
  const made = known.get(name)
  if (made) return made
  const fit = toFits(definitions[name as keyof typeof definitions] as Schema)
  known.set(name, fit)
  return fit
}

function toFits(schema: Schema): Fits {
  const keywords = Object.keys(schema).filter((keyword) => !annotations.has(keyword))
  if (!keywords.every((keyword) => understood.has(keyword))) return () => false
  const checks = [...ownChecks(schema), ...partChecks(schema)]
  const { type, 'x-tags': tags = [] } = schema
  const isEmptied = type === 'object' || type === 'array'
  return (owner, key, inUnion) => {
    const value = owner[key]
    if (typeof value === 'symbol' && tags.includes(Symbol.keyFor(value)!)) return true
    if (checks.every((check) => check(owner, key, inUnion))) return true
    const isAbsent = value === null && (isEmptied || (schema.anyOf && !Array.isArray(owner)))
    if (!isAbsent || inUnion) return false
    owner[key] = undefined
    return true
  }
}

/** What is said of the value itself. */
function ownChecks(schema: Schema): Fits[] {
  const { $ref, type, minLength, minimum, maximum } = schema
  const checks: Fits[] = []
  const says = (check: (value: unknown) => boolean): void =>
    void checks.push((owner, key) => check(owner[key]))
  if (type !== undefined) {
    const types = [type].flat()
    says((value) => types.some((name) => isOfType[name]?.(value)))
  }
  if ($ref !== undefined) {
    const name = $ref.split('/').pop()!
    checks.push((owner, key, inUnion) => definition(name)(owner, key, inUnion))
  }
  if (schema.enum) says((value) => schema.enum!.includes(value))
  if (minLength !== undefined)
    says((value) => typeof value !== 'string' || [...value].length >= minLength)
  if (schema.pattern !== undefined) {
    const pattern = new RegExp(schema.pattern, 'u')
    says((value) => typeof value !== 'string' || pattern.test(value))
  }
  if (minimum !== undefined) says((value) => typeof value !== 'number' || value >= minimum)
  if (maximum !== undefined) says((value) => typeof value !== 'number' || value <= maximum)
  return checks
}

/** What is said of what is in it. */
function partChecks(schema: Schema): Fits[] {
  const checks: Fits[] = []
  const { items, required, properties = {}, additionalProperties = true, anyOf } = schema
  if (anyOf) {
    const branches = anyOf.map(toFits)
    checks.push((owner, key) => branches.some((branch) => branch(owner, key, true)))
  }
  if (items) {
    const item = toFits(items)
    checks.push((owner, key, inUnion) => {
      const list = owner[key]
      if (!Array.isArray(list)) return true
      return list.every((_, index) => item(list as unknown as Owner, index, inUnion))
    })
  }
  if (!required && !schema.properties && additionalProperties === true) return checks
  const byName = new Map(Object.entries(properties).map(([name, part]) => [name, toFits(part)]))
  const other = typeof additionalProperties === 'object' ? toFits(additionalProperties) : undefined
  checks.push((owner, key, inUnion) => {
    const map = owner[key]
    if (!isMap(map)) return true
    return (
      (required ?? []).every((name) => map[name] !== undefined) &&
      Object.keys(map).every((name) => {
        const part = byName.get(name) ?? other
        return part ? part(map, name, inUnion) : additionalProperties !== false
      })
    )
  })
  return checks
}

const isMap = (value: unknown): value is Owner =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isOfType: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: Number.isFinite,
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: Array.isArray,
  object: isMap,
}
