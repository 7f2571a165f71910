import type { Complaint } from '../model/diagnostic.ts'
import type { Inventory, Service } from '../model/inventory.ts'

/** More than this part of a fleet is not taken away by one change without somebody saying so. */
const share = 1 / 3

/**
 * Complains about a change that takes away much at once, or a role's last member: one wrong line in a
 * selector can do both. `allowed` is how many machines, members or roles may go nevertheless.
 */
export function checkRemovals(
  before: Inventory,
  after: Inventory,
  allowed = 0,
): readonly Complaint[] {
  return losses(before, after).flatMap(({ count, complaints }) =>
    count > allowed ? complaints : [],
  )
}

/** How many have to be allowed for `checkRemovals` to be silent; 0 where it is. */
export function removalsToAllow(before: Inventory, after: Inventory): number {
  return Math.max(0, ...losses(before, after).map(({ count }) => count))
}

/** What goes beyond what any change may, and the complaints about it. */
interface Loss {
  readonly count: number
  readonly complaints: readonly Complaint[]
}

const losses = (before: Inventory, after: Inventory): readonly Loss[] => [
  emptiedRoles(before, after),
  fewerMachines(before, after),
  fewerMembers(before, after),
]

const noLoss: Loss = { count: 0, complaints: [] }

function emptiedRoles(before: Inventory, after: Inventory): Loss {
  const services = new Map(after.services.map((service) => [service.name, service]))
  const emptied = before.services.flatMap((was) => {
    const service = services.get(was.name)
    if (!service) return []
    const members = new Map(service.roles.map((role) => [role.name, role]))
    return was.roles
      .filter(({ name, hosts }) => hosts.length > 0 && !members.get(name)?.hosts.length)
      .map((role): Complaint => ({
        severity: 'error',
        code: 'diff/role-emptied',
        message: `the role '${role.label}' of ${was.name} loses its last member`,
        at: members.get(role.name)?.at ?? service.at,
        hint: `it had ${role.hosts.join(', ')}`,
      }))
  })
  return { count: emptied.length, complaints: emptied }
}

function fewerMachines(before: Inventory, after: Inventory): Loss {
  const left = new Set(after.machines.map(({ name }) => name))
  const gone = before.machines.filter(({ name }) => !left.has(name))
  const total = before.machines.length
  if (gone.length <= total * share) return noLoss
  const [first] = gone
  const place = after.clusters.find(({ name }) => name === first!.cluster) ?? after.domains[0]
  const complaint: Complaint = {
    severity: 'error',
    code: 'diff/machines-removed',
    message: `${gone.length} of ${total} machines are removed by one change`,
    ...(place ? { at: place.at } : {}),
    hint: `${named(gone.map(({ name }) => name))}; if that is meant, allow it, or remove them in smaller steps`,
  }
  return { count: gone.length, complaints: [complaint] }
}

function fewerMembers(before: Inventory, after: Inventory): Loss {
  const left = new Map(after.services.map((service) => [service.name, service]))
  const hostsLeft = new Set([...after.machines, ...after.virtualHosts].map(({ name }) => name))
  const parted = before.services.map((was) => {
    const hosts = new Set(left.get(was.name)?.hosts)
    // Hosts that are gone are counted as machines.
    const lost = was.hosts.filter((host) => !hosts.has(host) && hostsLeft.has(host))
    return { was, service: left.get(was.name), lost }
  })
  const total = before.services.reduce((sum, { hosts }) => sum + hosts.length, 0)
  const gone = parted.reduce((sum, { lost }) => sum + lost.length, 0)
  if (gone <= total * share) return noLoss
  const [most] = parted.toSorted((a, b) => b.lost.length - a.lost.length)
  const at = placeOf(most!.service, after)
  const complaint: Complaint = {
    severity: 'error',
    code: 'diff/members-removed',
    message: `${gone} of ${total} times a service is taken away from a host that stays`,
    ...(at ? { at } : {}),
    hint: `${most!.was.name} leaves ${named(most!.lost)}; if that is meant, allow it, or do it in smaller steps`,
  }
  return { count: gone, complaints: [complaint] }
}

const placeOf = (service: Service | undefined, { clusters, domains }: Inventory) =>
  (service ?? clusters[0] ?? domains[0])?.at

const named = (names: readonly string[]): string =>
  names.length > 5
    ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more`
    : names.join(', ')
