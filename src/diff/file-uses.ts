import type {
  Inventory,
  ModuleReference,
  NixosSettings,
  OptionSetting,
} from '../model/inventory.ts'
import type { Value } from '../model/value.ts'

/** Files and folders that modules, definitions and values name -> the machines that they concern. */
export function fileUses(
  { domains, clusters, machines, virtualHosts, services }: Inventory,
  machinesIn: (level: string) => readonly string[],
): ReadonlyMap<string, readonly (readonly string[])[]> {
  const uses = new Map<string, (readonly string[])[]>()
  const use = (path: string, hosts: readonly string[]): void => {
    const known = uses.get(path)
    if (known) known.push(hosts)
    else uses.set(path, [hosts])
  }
  const useValue = (value: Value | undefined, hosts: readonly string[]): void => {
    switch (value?.kind) {
      case 'path':
      case 'read':
        return use(value.path, hosts)
      case 'list':
        return value.items.forEach((item) => useValue(item, hosts))
      case 'map':
        return value.entries.forEach(([, entry]) => useValue(entry, hosts))
      case 'force':
        return useValue(value.value, hosts)
    }
  }
  const useOptions = (options: readonly OptionSetting[], hosts: readonly string[]): void =>
    options.forEach(({ value }) => useValue(value, hosts))
  const useModules = (modules: readonly ModuleReference[], hosts: readonly string[]): void => {
    for (const module of modules) {
      if (module.kind === 'config') useOptions(module.config, hosts)
      if (module.kind !== 'path') continue
      use(module.path, hosts)
      useValue(module.args, hosts)
    }
  }
  const useSettings = (settings: NixosSettings, hosts: readonly string[]): void => {
    useModules(settings.modules, hosts)
    useOptions(settings.config, hosts)
    for (const user of settings.users) {
      useOptions(user.settings, hosts)
      useModules(user.homeManager ?? [], hosts)
    }
  }
  for (const { name, settings } of [...domains, ...clusters])
    useSettings(settings, machinesIn(name))
  for (const { name, settings } of machines) useSettings(settings, [name])
  for (const { name, settings, type, typeSettings } of virtualHosts) {
    useSettings(settings, [name])
    useValue(typeSettings, [name])
    if (type.kind === 'path') use(type.path, [name])
  }
  for (const { modules, definition, settings, data, memberSettings = [], hosts } of services) {
    useModules(modules, hosts)
    useValue(settings, hosts)
    useValue(data, hosts)
    for (const member of memberSettings) useValue(member.settings, hosts)
    if (definition?.kind === 'path') use(definition.path, hosts)
    if (definition?.kind === 'config') useOptions(definition.config, hosts)
  }
  return uses
}
