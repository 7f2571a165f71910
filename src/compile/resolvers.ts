import type { Inventory, ModuleReference } from '../model/inventory.ts'

/**
 * The machines whose Nix may call `resolve`: every host counts as an input of these. A file of the
 * repository that names it stands for the machines that are given it, one that others import for all.
 */
export function resolvers(
  inventory: Inventory,
  texts: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  const nix = [...texts].filter(([path]) => path.endsWith('.nix'))
  const naming = namingResolve(texts)
  if (naming.length === 0) return new Set()
  const all = () => new Set(inventory.machines.map((machine) => machine.name))
  if (naming.length > enough) return all()
  const users = machinesByFile(inventory)
  const found = new Set<string>()
  for (const path of naming) {
    const known = users.get(path)
    const name = path.split('/').at(path.endsWith('/default.nix') ? -2 : -1)!
    const isImported = nix.some(([other, text]) => other !== path && text.includes(name))
    if (!known || isImported) return all()
    for (const machine of known) found.add(machine)
  }
  return found
}

/** The Nix files of a repository that name `resolve`. */
export function namingResolve(texts: ReadonlyMap<string, string>): readonly string[] {
  return [...texts].flatMap(([path, text]) =>
    path.endsWith('.nix') && /\bresolve\b/.test(text) ? [path] : [],
  )
}

/** So many files are not worth a look at who imports each. */
const enough = 100

/** Nix file of the repository -> the machines that are given it as a module or a definition. */
function machinesByFile(inventory: Inventory): ReadonlyMap<string, ReadonlySet<string>> {
  const { domains, clusters, machines, services, virtualHosts } = inventory
  const byCluster = Map.groupBy(machines, ({ cluster }) => cluster)
  const byDomain = Map.groupBy(machines, ({ domain }) => domain)
  const machineOf = new Map([
    ...machines.map(({ name }) => [name, name] as const),
    ...virtualHosts.map(({ name, machine }) => [name, machine] as const),
  ])
  const users = new Map<string, Set<string>>()
  const add = (modules: readonly ModuleReference[], hosts: () => readonly string[]): void => {
    for (const module of modules) {
      if (module.kind !== 'path') continue
      for (const path of [module.path, `${module.path}/default.nix`]) {
        const known = users.get(path) ?? new Set()
        for (const host of hosts()) known.add(machineOf.get(host)!)
        users.set(path, known)
      }
    }
  }
  for (const { name, settings, kind } of [...domains, ...clusters])
    add(settings.modules, () =>
      ((kind === 'domain' ? byDomain : byCluster).get(name) ?? []).map((machine) => machine.name),
    )
  for (const { name, settings } of [...machines, ...virtualHosts])
    add(settings.modules, () => [name])
  for (const { hosts, modules, definition } of services) {
    add(modules, () => hosts)
    if (definition?.kind === 'path') add([definition], () => hosts)
  }
  return users
}
