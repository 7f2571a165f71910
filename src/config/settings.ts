import { readFileSync } from 'node:fs'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import type { Code } from '../model/diagnostic.ts'
import { didYouMean } from '../model/suggestion.ts'
import type { SettingSchema } from './environment.ts'
import type { Settings } from './settings.generated.ts'

/** The one place that says what the settings look like. */
export const schema = JSON.parse(
  readFileSync(new URL('../../schemas/controller.schema.json', import.meta.url), 'utf8'),
) as SettingSchema

const validate = new Ajv2020({
  allErrors: true,
  verbose: true,
  useDefaults: true,
  allowUnionTypes: true,
}).compile<Settings>(schema)

type Path = readonly (string | number)[]

/** Checks data against the schema and fills in its defaults, where it can also at complaints. */
export function checkSettings(
  data: unknown,
  complain: (
    path: Path,
    code: Code,
    message: string,
    more?: { hint?: string; atKey?: boolean },
  ) => void,
): data is Settings {
  if (validate(data)) return true
  for (const error of validate.errors ?? []) {
    const path = steps(error.instancePath)
    const hint = exampleFor(error)
    if (error.keyword === 'additionalProperties') {
      const key = String(error.params['additionalProperty'])
      const known = Object.keys((error.parentSchema as SettingSchema).properties ?? {})
      const message = `unknown key '${key}'${didYouMean(key, known)}`
      complain([...path, key], 'config/unknown-key', message, { atKey: true })
    } else if (error.keyword === 'required') {
      const key = String(error.params['missingProperty'])
      complain(path, 'config/missing-key', `the key '${key}' is missing`, hint)
    } else {
      complain(path, 'config/value', `${path.join('.')} ${messageOf(error)}`, hint)
    }
  }
  return false
}

function messageOf(error: ErrorObject): string {
  if (error.keyword === 'enum') {
    const allowed = (error.params['allowedValues'] as unknown[]).map(String)
    return `must be ${allowed.join(' or ')}${didYouMean(String(error.data), allowed)}`
  }
  if (error.keyword === 'pattern') return `has another form than '${String(error.data)}'`
  return error.message ?? 'is not allowed'
}

function exampleFor(error: ErrorObject): { hint?: string } {
  const owner = error.parentSchema as {
    examples?: unknown[]
    properties?: Record<string, { examples?: unknown[] }>
  }
  const asked =
    error.keyword === 'required'
      ? owner.properties?.[String(error.params['missingProperty'])]
      : owner
  const [example] = asked?.examples ?? []
  if (example === undefined) return {}
  return { hint: `for example ${typeof example === 'string' ? example : JSON.stringify(example)}` }
}

/** ajv's JSON pointer, with numbers for what are indices in these settings. */
function steps(pointer: string): Path {
  const parts = pointer.split('/').slice(1)
  return parts.map((part) =>
    /^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~'),
  )
}
