import { closest } from '../model/suggestion.ts'

/** The part of JSON Schema that settings are described with. */
export interface SettingSchema {
  readonly type?: string | readonly string[]
  readonly required?: readonly string[]
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
  return settingsOf(schema, ({ variable }) => indicesIn(names, variable)).flatMap(
    ({ path, variable, shape }) => {
      const text = env[variable]
      return text === undefined ? [] : [{ path, variable, value: toValue(text, shape.type) }]
    },
  )
}

/** Where a setting or a list of them stands, and the variable that is called so. */
export interface SettingPlace {
  readonly path: readonly (string | number)[]
  readonly variable: string
}

/** One setting: as it is written in the schema, and as what that refers to. */
export interface Setting<S> extends SettingPlace {
  readonly isRequired: boolean
  readonly setting: S
  readonly shape: S
}

/** Every setting that there may be, in the schema's order; `indices` tells which entries a list has. */
export function settingsOf<S extends SettingSchema>(
  schema: S,
  indices: (list: SettingPlace) => readonly number[],
): readonly Setting<S>[] {
  function walk(
    setting: S,
    { path, variable }: SettingPlace,
    isRequired: boolean,
  ): readonly Setting<S>[] {
    const shape = shapeOf(setting, schema)
    const { properties, items } = shape
    if (properties !== undefined) {
      return Object.entries(properties).flatMap(([key, child]) =>
        walk(
          child as S,
          { path: [...path, key], variable: `${variable}_${toVariable(key)}` },
          shape.required?.includes(key) ?? false,
        ),
      )
    }
    if (items !== undefined) {
      return indices({ path, variable }).flatMap((index) =>
        walk(items as S, { path: [...path, index], variable: `${variable}_${index}` }, false),
      )
    }
    return [{ path, variable, setting, shape, isRequired }]
  }
  return walk(schema, { path: [], variable: prefix }, false)
}

/** What a part of the schema refers to, or the part itself. */
export const shapeOf = <S extends SettingSchema>({ $ref, ...part }: S, schema: S): S =>
  ($ref === undefined ? undefined : (schema.$defs?.[$ref.slice('#/$defs/'.length)] as S)) ??
  (part as unknown as S)

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

/** A variable with our prefix that no setting has. */
export interface UnknownVariable {
  readonly variable: string
  /** The one that was probably meant. */
  readonly meant: string | undefined
  /** It would hold a secret: the setting takes a file with it. */
  readonly isSecret: boolean
}

/** Variables with our prefix that no setting has. */
export function unknownVariables(
  schema: SettingSchema,
  env: Readonly<Record<string, string | undefined>>,
): readonly UnknownVariable[] {
  const names = Object.keys(env).filter((name) => name.startsWith(`${prefix}_`))
  const read = new Set(readEnvironment(schema, env).map(({ variable }) => variable))
  const indices = ({ variable }: SettingPlace) => [...new Set([0, ...indicesIn(names, variable)])]
  const known = settingsOf(schema, indices).map(({ variable }) => variable)
  return names
    .filter((name) => !read.has(name) && !otherVariables.includes(name))
    .map((variable) => ({
      variable,
      meant: closest(variable, known),
      isSecret: known.includes(`${variable}_FILE`),
    }))
}
