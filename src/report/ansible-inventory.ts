import type { Inventory, Machine } from '../model/inventory.ts'
import { groupsOf } from './groups.ts'

/** A static inventory of Ansible; JSON, which its YAML reader takes. */
export interface AnsibleInventory {
  readonly all: {
    readonly hosts: Readonly<Record<string, Readonly<Record<string, string | number>>>>
    readonly children: Readonly<
      Record<string, { readonly hosts: Readonly<Record<string, object>> }>
    >
  }
}

/** Hosts with how to reach them, in a group for each domain, cluster, service, role and tag. */
export function ansibleInventory(
  machines: readonly Machine[],
  inventory: Pick<Inventory, 'services'>,
): AnsibleInventory {
  const groups = groupsOf(inventory)
  const members = new Map<string, Record<string, object>>()
  const nameOf = createGroupNames()
  for (const { name, domain, cluster, tags } of machines) {
    const { services = [], roles = [] } = groups.get(name) ?? {}
    const places = [domain, cluster].filter((place) => place !== '')
    const names = [...places, ...services, ...roles, ...tags.map((tag) => `tag_${tag}`)]
    for (const group of new Set(names.map(nameOf))) {
      const known = members.get(group) ?? {}
      known[name] = {}
      members.set(group, known)
    }
  }
  const hosts = machines.map(({ name, deployment: { targetHost, port, sshUser } }) => [
    name,
    {
      ansible_host: targetHost.replaceAll(/^\[|\]$/g, ''),
      ansible_port: port,
      ansible_user: sshUser,
    },
  ])
  const children = [...members].map(([group, inside]) => [group, { hosts: inside }])
  return { all: { hosts: Object.fromEntries(hosts), children: Object.fromEntries(children) } }
}

/** Ansible wants letters, digits and underscores; two names of ours must not become one of its. */
function createGroupNames(): (name: string) => string {
  const known = new Map<string, string>()
  const taken = new Set<string>(['all', 'ungrouped'])
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const word = name.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_')
    let group = word
    for (let number = 2; taken.has(group); number++) group = `${word}_${number}`
    taken.add(group)
    known.set(name, group)
    return group
  }
}
