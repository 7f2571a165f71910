import type {
  ModuleAudience,
  ModuleReference,
  NixosSettings,
  OptionSetting,
} from '../model/inventory.ts'
import type { Value } from '../model/value.ts'
import { attributePath, call, list, type Nix, set, word } from './nix-text.ts'
import { namesUsed, pathFrom, toNix } from './nix-value.ts'

/** A level as a NixOS module, undefined where it says nothing; `own` is what we set ourselves. */
export function toModule(
  settings: NixosSettings,
  file: string,
  own: readonly OptionSetting[] = [],
): Nix | undefined {
  const inline = inlineOptions(settings.modules)
  const options = [...own, ...settings.config, ...inline, ...userOptions(settings)]
  const imports = toImports(settings.modules, file)
  const homes = toHomes(settings, file)
  if (options.length === 0 && imports === undefined && homes === undefined) return undefined
  const config = options.length > 0 ? toConfig(options, file) : undefined
  return withScope(set({ imports, config, homes }))
}

/** user -> modules and options of home-manager */
function toHomes({ users }: NixosSettings, file: string): Nix | undefined {
  const homes = users.flatMap(({ name, homeManager = [] }) => {
    if (homeManager.length === 0) return []
    const options = homeManager.flatMap((module) => (module.kind === 'config' ? module.config : []))
    const config = options.length > 0 ? toConfig(options, file) : undefined
    return [[[name], set({ imports: toImports(homeManager, file), config })] as const]
  })
  return homes.length === 0 ? undefined : { kind: 'set', bindings: homes }
}

/** What a level gives to machines, to virtual hosts and to both; users are for both. */
export function toModules(settings: NixosSettings, file: string): Record<string, Nix | undefined> {
  const { modules, users, config } = settings
  const of = (audience: ModuleAudience): readonly ModuleReference[] =>
    modules.filter((module) => (module.for ?? 'machines') === audience)
  return {
    all: toModule({ modules: of('all'), users, config: [] }, file),
    machines: toModule({ modules: of('machines'), users: [], config }, file),
    virtualHosts: toModule({ modules: of('virtual-hosts'), users: [], config: [] }, file),
  }
}

/** The options of modules that are written in place. */
export function inlineOptions(modules: readonly ModuleReference[]): readonly OptionSetting[] {
  return modules.flatMap((module) => (module.kind === 'config' ? module.config : []))
}

/** Option settings as one set; as several for `mkMerge` where one stands on or above another. */
export function toConfig(options: readonly OptionSetting[], file: string): Nix {
  const groups = separate(options).map((group): Nix => ({
    kind: 'set',
    bindings: group.map(({ path, value }) => [path, toNix(value, file)] as const),
  }))
  return groups.length === 1 ? groups[0]! : call('lib.mkMerge', list(groups))
}

/** What stands under `imports`, undefined where there is nothing. */
export function toImports(modules: readonly ModuleReference[], file: string): Nix | undefined {
  const references = modules.flatMap((module): Nix[] => {
    switch (module.kind) {
      case 'path': {
        const path = pathFrom(file, module.path)
        return [
          module.args === undefined ? path : call('moduleWith', path, toNix(module.args, file)),
        ]
      }
      case 'flake':
        return [flakeAttribute(module.input, module.attribute)]
      case 'config':
        return []
    }
  })
  return references.length === 0 ? undefined : list(references)
}

/** An attribute of a flake input, such as `inputs.disko.nixosModules.default`. */
export function flakeAttribute(input: string, attribute: string): Nix {
  const names = attribute.match(/"(?:[^"\\]|\\.)*"|[^."]+/g) ?? []
  const path = names.map((name) => (name.startsWith('"') ? name.slice(1, -1) : name))
  return word(attributePath(['inputs', input, ...path]))
}

/** A function of those names of the scope that the body uses. */
export function withScope(body: Nix): Nix {
  return { kind: 'function', header: [...namesUsed(body), '...'], body }
}

/** An option setting of our own. */
export function option(path: readonly string[], value: Value): OptionSetting {
  return { path, value, at: { file: '', document: 0, path: [] } }
}

function userOptions({ users }: NixosSettings): readonly OptionSetting[] {
  return users.flatMap((user) => {
    const path = ['users', 'users', user.name]
    const empty: Value = { kind: 'map', entries: [] }
    return user.settings.length === 0
      ? [{ path, value: empty, at: user.at }]
      : user.settings.map((setting) => ({ ...setting, path: [...path, ...setting.path] }))
  })
}

/** Sorted by path, into as few groups as have no path twice and none below another. */
function separate(options: readonly OptionSetting[]): readonly (readonly OptionSetting[])[] {
  const keyed = options.map((setting) => ({ setting, key: setting.path.join('\0') }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  const groups: { taken: Set<string>; above: Set<string>; settings: OptionSetting[] }[] = []
  for (const { setting, key } of keyed) {
    const above = keysAbove(key)
    const fits = ({ taken, above: others }: (typeof groups)[number]): boolean =>
      !taken.has(key) && !others.has(key) && !above.some((path) => taken.has(path))
    let group = groups.find(fits)
    if (group === undefined)
      groups.push((group = { taken: new Set(), above: new Set(), settings: [] }))
    group.taken.add(key)
    for (const path of above) group.above.add(path)
    group.settings.push(setting)
  }
  return groups.map(({ settings }) => settings)
}

/** The keys of the paths that lead to a path. */
function keysAbove(key: string): readonly string[] {
  const above: string[] = []
  for (let end = key.indexOf('\0'); end >= 0; end = key.indexOf('\0', end + 1))
    above.push(key.slice(0, end))
  return above
}
