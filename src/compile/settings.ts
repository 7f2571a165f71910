import type { Position } from '../model/diagnostic.ts'
import type {
  Definition,
  ModuleReference,
  NixosSettings,
  OptionSetting,
  User,
} from '../model/inventory.ts'
import { didYouMean } from '../model/suggestion.ts'
import { parseOptionPath } from '../schema/option-path.ts'
import { child, type MapEntry, type Tree } from '../schema/tree.ts'
import type * as body from '../schema/types.generated.ts'
import { below, byKey, type Complaints } from './complaints.ts'
import { checkSecret } from './secrets.ts'
import { findPath } from './paths.ts'
import { toValue, type ValueContext } from './values.ts'

/** Where settings stand: their tree and place, and the element whose names they see. */
export interface Level {
  readonly tree: Tree | undefined
  readonly place: Position
  readonly scope: string
}

/** What settings are resolved against: values, and the flake inputs that there are. */
export interface SettingsContext extends ValueContext {
  readonly inputs: ReadonlySet<string>
}

/** What a domain, cluster or machine gives to NixOS. */
export function nixosSettings(
  written: Pick<body.Machine, 'modules' | 'config' | 'users'>,
  level: Level,
  context: SettingsContext,
): NixosSettings {
  return {
    modules: modules(written.modules, at(level, 'modules'), context),
    config: written.config ? options(at(level, 'config'), context) : [],
    users: users(written.users, at(level, 'users'), context),
  }
}

/** A level's modules are for hosts below it; a host's own are its own. */
export function checkAudience(
  modules: readonly ModuleReference[],
  kind: 'machine' | 'vhost',
  { complaints }: SettingsContext,
): void {
  const other = kind === 'machine' ? 'virtual-hosts' : 'machines'
  for (const module of modules)
    if (module.for === other)
      complaints.error(
        'compile/module-for',
        kind === 'machine'
          ? 'a machine gives no modules to its virtual hosts'
          : 'a virtual host gives no modules to machines',
        module.at,
        kind === 'machine'
          ? 'write it at the virtual host, or at the cluster'
          : 'write it at the machine',
      )
}

/** Module references, paths found and inline options read. */
export function modules(
  written: readonly (body.Module | undefined | null)[] | undefined | null,
  level: Level,
  context: SettingsContext,
): readonly ModuleReference[] {
  return (written ?? []).flatMap((module, index): ModuleReference[] => {
    const inner = at(level, index)
    if (module === undefined || module === null) return []
    if (typeof module === 'string') return pathModule(module, inner.place, context)
    const audience = module.for === undefined ? {} : { for: module.for }
    if ('config' in module) {
      const config = options(at(inner, 'config'), context)
      return [{ kind: 'config', config, at: inner.place, ...audience }]
    }
    if ('flake' in module)
      return flakeReference(module, inner.place, context).map((one) => ({ ...one, ...audience }))
    const [reference] = pathModule(module.path, below(inner.place, 'path'), context)
    const argsTree = child(inner.tree, 'args')
    const args = argsTree && toValue(argsTree, below(inner.place, 'args'), level.scope, context)
    return reference ? [{ ...reference, ...(args ? { args } : {}), ...audience }] : []
  })
}

type PathReference = Extract<ModuleReference, { kind: 'path' }>
type FlakeReference = Extract<ModuleReference, { kind: 'flake' }>

function pathModule(
  written: string | undefined,
  place: Position,
  { paths, complaints }: SettingsContext,
  what: 'module' | 'definition' = 'module',
): PathReference[] {
  if (written === undefined) return []
  const found = findPath(written, place.file, paths, what)
  if ('path' in found) return [{ kind: 'path', path: found.path, at: place }]
  complaints.error(found.code, found.message, place)
  return []
}

function flakeReference(
  { flake, attribute }: { flake?: string; attribute?: string },
  place: Position,
  { inputs, complaints }: SettingsContext,
): FlakeReference[] {
  if (flake === undefined || attribute === undefined) return []
  if (!inputs.has(flake)) {
    const guess = didYouMean(flake, inputs)
    const message = `no flake input is called '${flake}'${guess}`
    complaints.error(
      'compile/unknown-input',
      message,
      below(place, 'flake'),
      'add it to the inputs of the Project document',
    )
    return []
  }
  if (!parseOptionPath(attribute)) {
    const message = `'${attribute}' is no attribute path`
    complaints.error('schema/option-path', message, below(place, 'attribute'))
    return []
  }
  return [{ kind: 'flake', input: flake, attribute, at: place }]
}

/** A service's definition, its path found. */
export function definition(
  written: body.Definition,
  level: Level,
  context: SettingsContext,
): Definition | undefined {
  const { place } = level
  if ('config' in written)
    return { kind: 'config', config: options(at(level, 'config'), context), at: place }
  if ('builtin' in written)
    return written.builtin && { kind: 'builtin', name: written.builtin, at: place }
  if ('flake' in written) return flakeReference(written, place, context)[0]
  return pathModule(written.path, below(place, 'path'), context, 'definition')[0]
}

/** `config:` of NixOS options: first-level keys are option paths, in the order of their text. */
export function options(level: Level, context: SettingsContext): readonly OptionSetting[] {
  return optionSettings(level, context, checkOption)
}

function optionSettings(
  { tree, place, scope }: Level,
  context: SettingsContext,
  check: (
    path: readonly string[],
    key: string,
    entry: MapEntry,
    at: Position,
    c: SettingsContext,
  ) => boolean,
): readonly OptionSetting[] {
  if (tree?.kind !== 'map' || tree.tag !== undefined) return []
  const seen = new Map<string, string>()
  const settings: OptionSetting[] = []
  for (const [key, entry] of tree.entries) {
    const here = below(place, key)
    const path = parseOptionPath(key)
    if (!path) {
      const message = `'${key}' is no option path`
      const hint = 'for example services.nginx.enable; a name with dots stands in quotes: a."b.c".d'
      context.complaints.error('schema/option-path', message, byKey(here), hint)
      continue
    }
    const identity = JSON.stringify(path)
    if (seen.has(identity)) {
      const other = seen.get(identity)!
      context.complaints.add({
        severity: 'error',
        code: 'schema/duplicate-key',
        message: `'${key}' and '${other}' are the same option`,
        at: byKey(here),
        related: byKey(below(place, other)),
      })
      continue
    }
    seen.set(identity, key)
    if (!check(path, key, entry, here, context)) continue
    checkSecret(path.at(-1)!, entry.value, here, context.complaints)
    const value = toValue(entry.value, here, scope, context, 'option')
    if (value) settings.push({ path, value, at: here })
  }
  const written = (setting: OptionSetting): string => String(setting.at.path.at(-1))
  return settings.sort((a, b) => (written(a) < written(b) ? -1 : 1))
}

function checkOption(
  path: readonly string[],
  key: string,
  entry: MapEntry,
  here: Position,
  { complaints }: SettingsContext,
): boolean {
  if (path[0] === 'imports') {
    complaints.error(
      'schema/imports',
      "'imports' cannot stand in config",
      byKey(here),
      'list modules in modules: beside config:',
    )
    return false
  }
  if (path.length === 1 && entry.value.kind === 'map')
    for (const [inner, { quoted }] of entry.value.entries)
      if (!quoted && inner.includes('.'))
        complaints.warn(
          'schema/literal-key',
          `'${inner}' is one name here, not a path`,
          byKey(below(here, inner)),
          `write ${key}.${inner}: as a first-level key, or quote it if the name has dots`,
        )
  return true
}

/** Where NixOS' options begin. */
const optionRoots =
  /^(?:boot|console|documentation|environment|fileSystems|fonts|hardware|home-manager|i18n|networking|nix|nixpkgs|powerManagement|programs|security|services|swapDevices|system|systemd|time|users|virtualisation)\./

/** Warns of keys in a service's settings that look like option paths: there, they are data. */
export function warnOfOptions({ tree, place }: Level, complaints: Complaints): void {
  if (tree?.kind !== 'map') return
  for (const [key, { quoted }] of tree.entries)
    if (!quoted && optionRoots.test(key))
      complaints.warn(
        'schema/option-in-settings',
        `'${key}' is data for the definition here, no option of NixOS`,
        byKey(below(place, key)),
        `an option goes to modules: [{ config: { ${key}: … } }]`,
      )
}

function users(
  written: body.Users | undefined | null,
  level: Level,
  context: SettingsContext,
): readonly User[] {
  return Object.keys(written ?? {})
    .sort()
    .flatMap((name) => {
      const inner = at(level, name)
      if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/.test(name)) {
        const message = `'${name}' is no user name`
        context.complaints.error('compile/user-name', message, byKey(inner.place))
        return []
      }
      const homeManager = homeModules(written![name], inner, context)
      return [
        {
          name,
          settings: optionSettings(inner, context, checkUser),
          ...(homeManager.length > 0 ? { homeManager } : {}),
          at: byKey(inner.place),
        },
      ]
    })
}

function homeModules(
  written: body.User | undefined,
  level: Level,
  context: SettingsContext,
): readonly ModuleReference[] {
  if (!written?.homeManager) return []
  const inner = at(level, 'homeManager')
  if (!context.inputs.has('home-manager'))
    context.complaints.error(
      'compile/unknown-input',
      'homeManager needs the flake input home-manager',
      byKey(inner.place),
      'inputs: { home-manager: { url: "github:nix-community/home-manager", follows: { nixpkgs: nixpkgs } } } in the Project document',
    )
  return modules(written.homeManager, inner, context)
}

/** The modules of home-manager stand beside a user's options. */
function checkUser(
  path: readonly string[],
  key: string,
  __: MapEntry,
  here: Position,
  { complaints }: SettingsContext,
): boolean {
  if (path[0] !== 'homeManager') return true
  if (path.length > 1)
    complaints.error(
      'schema/type',
      `'${key}' is no option of a user`,
      byKey(here),
      `homeManager is a list of modules: [{ config: { ${path.slice(1).join('.')}: … } }]`,
    )
  return false
}

/** The level below a key or index; names are still seen from the same element. */
export function at({ tree, place, scope }: Level, step: string | number): Level {
  return { tree: child(tree, step), place: below(place, step), scope }
}
