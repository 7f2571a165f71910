import type { ElementKind, Host, Interface, Inventory, Service } from './inventory.ts'

/** A label in front of its parent's name; the root's name is empty. */
export function joinName(label: string, parent: string): string {
  return parent === '' ? label : `${label}.${parent}`
}

/** The name after its first label. */
export function parentName(name: string): string {
  const dot = name.indexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1)
}

/** What people call a kind of element. */
export function kindText(kind: ElementKind | 'host' | 'host or service'): string {
  return kind === 'vhost' ? 'virtual host' : kind
}

/** Text that sorts names as people do: read from the right, numbers by their value. */
function sortKey(name: string): string {
  const labels = name.split('.').reverse().join('\u0000')
  return `${labels.replaceAll(/\d+/g, comparable)}\u0000\u0000${name}`
}

/** Digits that text sorts by value; a colon comes after all of them and before letters. */
function comparable(digits: string): string {
  return digits.length <= 12 ? digits.padStart(12, '0') : `:${digits.padStart(63, '0')}`
}

/** A copy in the natural order of names. */
export function sortByName<T>(items: Iterable<T>, nameOf: (item: T) => string): T[] {
  return [...items]
    .map((item) => ({ item, key: sortKey(nameOf(item)) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item)
}

/** Machines and virtual hosts in natural order: a machine before those that run on it. */
export function hostsOf({
  machines,
  unmanaged,
  virtualHosts,
}: Pick<Inventory, 'machines' | 'unmanaged' | 'virtualHosts'>): readonly Host[] {
  return virtualHosts.length + unmanaged.length === 0
    ? machines
    : sortByName<Host>([...machines, ...unmanaged, ...virtualHosts], ({ name }) => name)
}

/** Whether a host has a NixOS configuration of its own, so that services can run on it. */
export function takesModules(host: Host): boolean {
  return host.kind === 'machine' ? host.managed : host.type.kind !== 'oci-container'
}

/** The interfaces that are named after the host: with its machine's network, a virtual host has none. */
export function ownInterfaces({ name, interfaces }: Host): readonly Interface[] {
  return interfaces.filter((wire) => parentName(wire.name) === name)
}

/** host -> full names of the services and roles that it answers for, and its own name in each service. */
export function serviceNames({
  services,
}: {
  readonly services: readonly Pick<Service, 'name' | 'hosts' | 'roles'>[]
}): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>()
  const add = (host: string, ...more: string[]): void => {
    const known = names.get(host)
    if (known === undefined) names.set(host, more)
    else known.push(...more)
  }
  for (const { name, hosts, roles } of services) {
    for (const host of hosts) add(host, name, joinName(host.split('.', 1)[0]!, name))
    for (const role of roles) for (const host of role.hosts) add(host, role.name)
  }
  return names
}
