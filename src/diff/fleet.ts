import type { RenderedTree } from '../model/compilation.ts'
import type { Inventory } from '../model/inventory.ts'
import { sortByName } from '../model/names.ts'
import { reasons, type ConfigurationChange } from './reasons.ts'

/** A compiled source tree, as far as it is compared. */
export interface FleetSide {
  readonly inventory: Inventory
  readonly rendered: Pick<RenderedTree, 'files' | 'dependencies' | 'groups' | 'common'>
}

export interface MachineDiff {
  /** Full name. */
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed'
  /** Lines of the YAML, and files of the repository, that have to do with it. */
  readonly reasons: readonly ConfigurationChange[]
}

/** What a change may do to machines; whether their systems differ is seen by evaluating them. */
export interface FleetDiff {
  /** In natural order. */
  readonly machines: readonly MachineDiff[]
  /** Full names of those that nothing concerns. */
  readonly unaffected: readonly string[]
}

/**
 * Compares two fleets without Nix; `changedFiles` are those of the repository that are not the same,
 * `resolvers` the machines whose Nix may ask for any host.
 */
export function diffFleet(
  before: FleetSide,
  after: FleetSide,
  changedFiles: ReadonlySet<string>,
  resolvers: ReadonlySet<string>,
): FleetDiff {
  const changes = reasons(before.inventory, after.inventory, changedFiles, resolvers)
  const reasonsOf = new Map<string, ConfigurationChange[]>()
  for (const change of changes)
    for (const machine of change.machines) append(reasonsOf, machine, change)
  const differs = createDiffers(before.rendered, after.rendered)
  const old = new Set(before.inventory.machines.map(({ name }) => name))
  const now = new Set(after.inventory.machines.map(({ name }) => name))
  const machines: MachineDiff[] = []
  const unaffected: string[] = []
  for (const name of sortByName(new Set([...old, ...now]), (each) => each)) {
    const own = reasonsOf.get(name) ?? []
    // What follows from its coming or going for the others says nothing of itself.
    const alone = own.filter((change) => change.machines.length === 1)
    if (!old.has(name)) machines.push({ name, change: 'added', reasons: alone })
    else if (!now.has(name)) machines.push({ name, change: 'removed', reasons: alone })
    else if (own.length > 0 || differs(name))
      machines.push({ name, change: 'changed', reasons: own })
    else unaffected.push(name)
  }
  return { machines, unaffected }
}

/** Whether a machine's generated files differ; what machines share is compared once. */
function createDiffers(
  before: FleetSide['rendered'],
  after: FleetSide['rendered'],
): (machine: string) => boolean {
  const isSameFile = (path: string): boolean => before.files.get(path) === after.files.get(path)
  const isSameList = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
    a.length === b.length && a.every((each, index) => each === b[index])
  const sameGroups = new Set(
    [...after.groups]
      .filter(([name, files]) => isSameList(before.groups.get(name), files))
      .filter(([, files]) => files.every(isSameFile))
      .map(([name]) => name),
  )
  return (machine) => {
    const old = before.dependencies.get(machine)
    const now = after.dependencies.get(machine)
    if (old === undefined || now === undefined || before.common !== after.common) return true
    const isSame =
      isSameList(old.files, now.files) &&
      isSameList(old.groups, now.groups) &&
      now.files.every(isSameFile) &&
      now.groups.every((group) => sameGroups.has(group))
    return !isSame
  }
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
