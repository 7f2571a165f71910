import type { Inventory, ModuleReference, NixosSettings } from '../model/inventory.ts'
import type { Value } from '../model/value.ts'

/** What is named -> lists of the machines that it concerns. */
export type Uses = ReadonlyMap<string, readonly (readonly string[])[]>

/** The files and folders that modules, definitions and values name, and the hosts that levels name. */
export function usesOf(
  { domains, clusters, machines, virtualHosts, services }: Inventory,
  machinesIn: (level: string) => readonly string[],
): { readonly files: Uses; readonly hosts: Uses } {
  const files = new Map<string, (readonly string[])[]>()
  const hosts = new Map<string, (readonly string[])[]>()
  for (const { name, settings } of [...domains, ...clusters])
    for (const value of valuesOf(settings)) use(value, machinesIn(name), files, hosts)
  for (const { name, settings, data } of machines)
    for (const value of [...valuesOf(settings), ...(data ? [data] : [])])
      use(value, [name], files, hosts)
  for (const { name, settings, data, type, typeSettings } of virtualHosts) {
    const given = [data, typeSettings].filter((value) => value !== undefined)
    const path: Value[] = type.kind === 'path' ? [{ kind: 'path', path: type.path }] : []
    for (const value of [...valuesOf(settings), ...given, ...path]) use(value, [name], files, hosts)
  }
  for (const { modules, definition, settings, data, memberSettings = [], ...service } of services) {
    const definitions = definition?.kind === 'builtin' || !definition ? [] : [definition]
    const given = [settings, data, ...memberSettings.map((member) => member.settings)]
    const values = given.filter((value) => value !== undefined)
    // The hosts that a service sees are compared with the service.
    for (const value of [...moduleValues([...modules, ...definitions]), ...values])
      use(value, service.hosts, files)
  }
  return { files, hosts }
}

/** Every value of a level, the paths of its modules among them. */
function valuesOf({ modules, config, users }: NixosSettings): readonly Value[] {
  return [
    ...moduleValues(modules),
    ...config.map(({ value }) => value),
    ...users.flatMap(({ settings, homeManager = [] }) => [
      ...settings.map(({ value }) => value),
      ...moduleValues(homeManager),
    ]),
  ]
}

function moduleValues(modules: readonly ModuleReference[]): readonly Value[] {
  return modules.flatMap((module): Value[] => {
    if (module.kind === 'config') return module.config.map(({ value }) => value)
    if (module.kind === 'flake') return []
    return [{ kind: 'path', path: module.path }, ...(module.args ? [module.args] : [])]
  })
}

type Lists = Map<string, (readonly string[])[]>

function use(value: Value, machines: readonly string[], files: Lists, hosts?: Lists): void {
  const add = (uses: Lists | undefined, name: string): void => {
    const known = uses?.get(name)
    if (known) known.push(machines)
    else uses?.set(name, [machines])
  }
  switch (value.kind) {
    case 'path':
    case 'read':
      return add(files, value.path)
    case 'host':
      return add(hosts, value.name)
    case 'list':
      return value.items.forEach((item) => use(item, machines, files, hosts))
    case 'map':
      return value.entries.forEach(([, entry]) => use(entry, machines, files, hosts))
    case 'force':
      return use(value.value, machines, files, hosts)
  }
}
