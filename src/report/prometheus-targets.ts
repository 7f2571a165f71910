import { firstOfEachFamily, ipsOf, primaryInterface } from '../model/addresses.ts'
import type { Host, Inventory } from '../model/inventory.ts'
import { groupsOf } from './groups.ts'

/** One entry of a file for Prometheus' `file_sd_configs`. */
export interface TargetGroup {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** Hosts as scrape targets: name, cluster and domain as labels, the rest for relabelling. */
export function prometheusTargets(
  hosts: readonly Host[],
  inventory: Pick<Inventory, 'services'>,
  port: number | undefined,
): readonly TargetGroup[] {
  const groups = groupsOf(inventory)
  return hosts.map(({ name, cluster, domain, tags, interfaces }) => {
    const { services = [], roles = [] } = groups.get(name) ?? {}
    const [address] = firstOfEachFamily(ipsOf(primaryInterface(interfaces)))
    const reached = address?.ip ?? name
    const bracketed = address?.family === 'ipv6' ? `[${reached}]` : reached
    return {
      targets: [port === undefined ? bracketed : `${bracketed}:${port}`],
      labels: {
        host: name,
        cluster,
        domain,
        // Prometheus' own way to put a list into a label: a comma on each side of every item.
        __meta_nixcluster_tags: commas(tags),
        __meta_nixcluster_services: commas(services),
        __meta_nixcluster_roles: commas(roles),
      },
    }
  })
}

const commas = (items: readonly string[]): string =>
  items.length === 0 ? '' : `,${items.join(',')},`
