import type { RenderedTree } from '../model/compilation.ts'
import type { Element, Inventory } from '../model/inventory.ts'
import { flakeInputs, toFlake } from './flake.ts'
import { toHost, toLevel, toMachine, toService } from './elements.ts'
import { library } from './library.generated.ts'
import { type Nix, printNix } from './nix-text.ts'
import { codeIn } from './nix-value.ts'
import { builtinFile, type Places, toPlaces } from './places.ts'

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

function dependenciesOf(inventory: Inventory, places: Places): RenderedTree['dependencies'] {
  const shared = [...library.keys()]
    .filter((name) => !name.includes('/'))
    .map((name) => `nixcluster/lib/${name}`)
  const ofService = new Map(
    inventory.services.map((service) => {
      const hosts = [...service.hosts, ...service.roles.flatMap((role) => role.hosts)]
      const builtin =
        service.definition?.kind === 'builtin' ? [builtinFile(service.definition.name)] : []
      const files = [
        ...builtin,
        places.services.get(service.name)!,
        ...hosts.map((host) => places.hosts.get(host)!),
      ]
      return [service.name, files] as const
    }),
  )
  return new Map(
    inventory.machines.map((machine) => {
      const files = new Set([
        ...shared,
        places.levels.get(machine.domain)!,
        places.levels.get(machine.cluster)!,
        places.machines.get(machine.name)!,
        places.hosts.get(machine.name)!,
        ...machine.services.flatMap((service) => ofService.get(service) ?? []),
      ])
      return [machine.name, [...files].sort()] as const
    }),
  )
}
