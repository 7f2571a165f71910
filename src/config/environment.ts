import { closest } from '../model/suggestion.ts'

/** The part of JSON Schema that settings are described with. */
export interface SettingSchema {
  readonly type?: string | readonly string[]
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, SettingSchema>>
  readonly items?: SettingSchema
  readonly $defs?: Readonly<Record<string, SettingSchema>>
}

/** A setting that the environment gives: where it belongs, and the variable's name. */
export interface EnvironmentSetting {
  readonly path: readonly (string | number)[]
  readonly variable: string
  readonly value: string | number | boolean
}

const prefix = 'NIXCLUSTER'

/** Gives the settings in the environment, by the schema's own names: `listen.port` is NIXCLUSTER_LISTEN_PORT. */
export function readEnvironment(
  schema: SettingSchema,
  env: Readonly<Record<string, string | undefined>>,
): readonly EnvironmentSetting[] {
  const names = Object.keys(env)
  return variables(schema, (list) => indicesIn(names, list)).flatMap(({ path, variable, type }) => {
    const text = env[variable]
    return text === undefined ? [] : [{ path, variable, value: toValue(text, type) }]
  })
}

interface Variable {
  readonly path: readonly (string | number)[]
  readonly variable: string
  readonly type: SettingSchema['type']
}

/** Every variable that may be set; `indices` tells how many entries a list has. */
function variables(
  schema: SettingSchema,
  indices: (list: string) => readonly number[],
): readonly Variable[] {
  function walk(
    node: SettingSchema,
    path: Variable['path'],
    variable: string,
  ): readonly Variable[] {
    const { $ref } = node
    const shape =
      $ref === undefined ? node : (schema.$defs?.[$ref.slice('#/$defs/'.length)] ?? node)
    const { properties, items, type } = shape
    if (properties !== undefined) {
      return Object.entries(properties).flatMap(([key, child]) =>
        walk(child, [...path, key], `${variable}_${toVariable(key)}`),
      )
    }
    if (items !== undefined) {
      return indices(variable).flatMap((index) =>
        walk(items, [...path, index], `${variable}_${index}`),
      )
    }
    return [{ path, variable, type }]
  }
  return walk(schema, [], prefix)
}

/** `stateDir` -> `STATE_DIR` */
const toVariable = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

function indicesIn(names: readonly string[], variable: string): readonly number[] {
  const indices = names.flatMap((name) => {
    const rest = name.startsWith(`${variable}_`) ? name.slice(variable.length + 1) : ''
    const index = /^\d+(?=_)/.exec(rest)?.[0]
    return index === undefined ? [] : [Number(index)]
  })
  return [...new Set(indices)].sort((a, b) => a - b)
}

/** Text that is no number, or neither true nor false, stays text: the schema's complaint then shows it. */
function toValue(text: string, type: SettingSchema['type']): string | number | boolean {
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  const takesNumber = [type].flat().some((name) => name === 'integer' || name === 'number')
  return takesNumber && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

/** What scripts and the command line read under our prefix, beside the settings. */
const otherVariables = ['NIXCLUSTER_CACHE', 'NIXCLUSTER_CONFIG', 'NIXCLUSTER_URL']

/** Variables with our prefix that no setting has, each with the one that was probably meant. */
export function unknownVariables(
  schema: SettingSchema,
  env: Readonly<Record<string, string | undefined>>,
): readonly { readonly variable: string; readonly meant: string | undefined }[] {
  const names = Object.keys(env).filter((name) => name.startsWith(`${prefix}_`))
  const read = new Set(readEnvironment(schema, env).map(({ variable }) => variable))
  const known = variables(schema, () => [0]).map(({ variable }) => variable)
  return names
    .filter((name) => !read.has(name) && !otherVariables.includes(name))
    .map((variable) => ({ variable, meant: closest(variable, known) }))
}
