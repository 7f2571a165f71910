import type { Element, Host, Inventory, Service } from '../model/inventory.ts'

/** The generated file of each element, by full name. */
export interface Places {
  readonly levels: ReadonlyMap<string, string>
  readonly machines: ReadonlyMap<string, string>
  readonly virtualHosts: ReadonlyMap<string, string>
  /** Data of hosts that services refer to. */
  readonly hosts: ReadonlyMap<string, string>
  readonly services: ReadonlyMap<string, string>
}

/** The elements of an inventory, of all or of some. */
export type Elements = Pick<
  Inventory,
  'domains' | 'clusters' | 'services' | 'machines' | 'unmanaged' | 'virtualHosts'
>

/** What the place of each element follows from. */
interface Placed {
  readonly domains: readonly Element[]
  readonly clusters: readonly Element[]
  readonly services: readonly (Element & Pick<Service, 'parent'>)[]
  readonly machines: readonly PlacedHost[]
  readonly unmanaged: readonly PlacedHost[]
  readonly virtualHosts: readonly PlacedHost[]
}
type PlacedHost = Element & Pick<Host, 'cluster'>

/** Gives every element its generated file; folders by cluster keep git's trees small. */
export function toPlaces(elements: Placed): Places {
  const { domains, clusters, machines, unmanaged, services, virtualHosts } = elements
  const byName = <Each extends Element>(elements: readonly Each[], file: (each: Each) => string) =>
    new Map(elements.map((each) => [each.name, `nixcluster/${file(each)}.nix`]))
  return {
    levels: byName([...domains, ...clusters], ({ name }) => `levels/${fileName(name)}`),
    machines: byName(machines, ({ cluster, name }) => `machines/${cluster}/${name}`),
    virtualHosts: byName(virtualHosts, ({ cluster, name }) => `virtual-hosts/${cluster}/${name}`),
    hosts: new Map(
      [...machines, ...unmanaged, ...virtualHosts].map(({ cluster, name }) => [
        name,
        hostFile(cluster, name),
      ]),
    ),
    services: byName(services, ({ parent, name }) => `services/${fileName(parent)}/${name}`),
  }
}

/** Generated file of a host's data. */
export function hostFile(cluster: string, name: string): string {
  return `${hosts}${cluster}/${name}.nix`
}

/** Whether a path is that of a generated file of a host's data. */
export function isHostFile(path: string): boolean {
  return path.startsWith(hosts)
}

const hosts = 'nixcluster/hosts/'

/** Where people find an element; NixOS' own messages name it. */
export function placeOf({ at, name }: Element): string {
  return `${at.file} (${name})`
}

/** Generated file of a definition that comes with us. */
export function builtinFile(name: string): string {
  return `nixcluster/lib/services/${name}.nix`
}

/** Generated file of a type of virtual hosts that comes with us. */
export function typeFile(name: string): string {
  return `nixcluster/lib/types/${name}.nix`
}

/** The root domain has no name, and no label starts with an underscore. */
function fileName(name: string): string {
  return name === '' ? '_root' : name
}
