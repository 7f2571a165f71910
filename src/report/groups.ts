import type { Inventory } from '../model/inventory.ts'

/** Full names of the services and roles of a host, in the order of names. */
export interface HostGroups {
  readonly services: readonly string[]
  readonly roles: readonly string[]
}

/** Full name of a host -> what it is a member of. */
export function groupsOf({
  services,
}: Pick<Inventory, 'services'>): ReadonlyMap<string, HostGroups> {
  const groups = new Map<string, { services: string[]; roles: string[] }>()
  const of = (host: string) => {
    const known = groups.get(host) ?? { services: [], roles: [] }
    groups.set(host, known)
    return known
  }
  for (const service of services) {
    for (const host of service.hosts) of(host).services.push(service.name)
    for (const role of service.roles) for (const host of role.hosts) of(host).roles.push(role.name)
  }
  return groups
}
