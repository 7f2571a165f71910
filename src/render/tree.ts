import type { RenderedTree } from '../model/compilation.ts'
import type { Element, Inventory } from '../model/inventory.ts'
import { flakeInputs, toFlake } from './flake.ts'
import { toHost, toLevel, toMachine, toService } from './elements.ts'
import { library } from './library.generated.ts'
import { type Nix, printNix } from './nix-text.ts'
import { codeIn } from './nix-value.ts'
import { builtinFile, type Places, toPlaces } from './places.ts'

/** No element's name has a slash. */
const libraryGroup = 'nixcluster/lib'

/** Writes the Nix files of a fleet; the same inventory gives the same bytes. */
export function renderTree(inventory: Inventory): RenderedTree {
  const places = toPlaces(inventory)
  const names = namesOfServices(inventory)
  const files = new Map<string, string>()
  const code: string[] = []
  const write = (file: string | undefined, element: Element & { kind: string }, nix: Nix): void => {
    code.push(...codeIn(nix))
    const title = `The ${element.kind} ${element.name}, from ${element.at.file}.`
    files.set(file!, `# ${title.replaceAll(/[\r\n]/g, ' ')}\n${printNix(nix)}\n`)
  }

  files.set('flake.nix', toFlake(inventory, places))
  for (const [name, content] of library) files.set(`nixcluster/lib/${name}`, content)
  for (const level of [...inventory.domains, ...inventory.clusters])
    write(places.levels.get(level.name), level, toLevel(level, places))
  for (const machine of inventory.machines) {
    write(places.machines.get(machine.name), machine, toMachine(machine, places))
    write(
      places.hosts.get(machine.name),
      machine,
      toHost(machine, names.get(machine.name) ?? [], places),
    )
  }
  for (const service of inventory.services)
    write(places.services.get(service.name), service, toService(service, places))

  const inOrder = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    files: new Map(inOrder),
    dependencies: dependenciesOf(inventory, places),
    groups: groupsOf(inventory, places),
    code,
    common: JSON.stringify([inventory.generation, flakeInputs(inventory)]),
  }
}

/** host -> full names of the services and roles that it answers for, and its own name in each. */
function namesOfServices({ services }: Inventory): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>()
  const add = (host: string, ...more: string[]): void => {
    const known = names.get(host)
    if (known === undefined) names.set(host, more)
    else known.push(...more)
  }
  for (const { name, hosts, roles } of services) {
    for (const host of hosts) add(host, name, `${host.split('.', 1)[0]}.${name}`)
    for (const role of roles) for (const host of role.hosts) add(host, role.name)
  }
  return names
}

/** A service's hosts stand in its group once, not once for each machine that runs it. */
function groupsOf({ services }: Inventory, places: Places): RenderedTree['groups'] {
  const lib = [...library.keys()].filter((name) => !name.includes('/'))
  const groups = new Map([[libraryGroup, lib.map((name) => `nixcluster/lib/${name}`)]])
  for (const { name, definition, hosts, roles } of services) {
    const seen = new Set([...hosts, ...roles.flatMap((role) => role.hosts)])
    groups.set(name, [
      ...(definition?.kind === 'builtin' ? [builtinFile(definition.name)] : []),
      places.services.get(name)!,
      ...[...seen].map((host) => places.hosts.get(host)!),
    ])
  }
  return groups
}

function dependenciesOf({ machines }: Inventory, places: Places): RenderedTree['dependencies'] {
  return new Map(
    machines.map(({ name, domain, cluster, services }) => {
      const files = [
        places.levels.get(domain)!,
        places.levels.get(cluster)!,
        places.machines.get(name)!,
        places.hosts.get(name)!,
      ]
      return [name, { files, groups: [libraryGroup, ...services] }] as const
    }),
  )
}
