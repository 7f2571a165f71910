import type { Complaint, Position } from '../model/diagnostic.ts'
import type { ElementKind } from '../model/inventory.ts'
import type {
  Declared,
  DeclaredCluster,
  DeclaredDomain,
  DeclaredMachine,
  DeclaredVirtualHost,
  Fleet,
} from '../schema/fleet.ts'
import { isSameTree } from '../schema/same-tree.ts'
import { child, type Tree } from '../schema/tree.ts'

/** A file of the configuration on its own. */
export interface DecodedFile {
  readonly documents: readonly (Tree | undefined)[]
  readonly fleet: Fleet
  readonly complaints: readonly Complaint[]
}

type Hosts = Pick<Fleet, 'machines' | 'virtualHosts' | 'interfaces'>

/** What changed between two versions of some files, where no other element can see it but by addresses. */
export interface Changes {
  readonly levels: readonly (DeclaredDomain | DeclaredCluster)[]
  readonly machines: readonly DeclaredMachine[]
  /** The machines that changed, with what stands in them. */
  readonly before: Hosts
  readonly now: Hosts
  readonly haveOtherModules: boolean
}

/** What a domain or cluster says to NixOS and to definitions: nothing of ours follows from it elsewhere. */
export const privateKeys: ReadonlySet<string> = new Set(['modules', 'config', 'users', 'data'])

const nested = ['services', 'clusters', 'machines']
const nestedOrPrivate = new Set([...nested, ...privateKeys])

/** Compares files before and now; undefined where what others see of an element changed. */
export function changesOf(
  pairs: readonly (readonly [before: DecodedFile, now: DecodedFile])[],
): Changes | undefined {
  const levels: (DeclaredDomain | DeclaredCluster)[] = []
  const changed: [DeclaredMachine, DeclaredMachine][] = []
  let haveOtherModules = false
  const compareModules = (one: AnyDeclared, other: AnyDeclared): void => {
    haveOtherModules ||= !isSameTree(child(one.tree, 'modules'), child(other.tree, 'modules'))
  }
  for (const [before, now] of pairs) {
    if (!isSameProject(before, now)) return undefined
    const old = before.fleet
    const { fleet } = now
    for (const list of lists) if (!areSameElements(old[list], fleet[list])) return undefined
    for (const [index, { tree }] of fleet.services.entries())
      if (!isSameTree(old.services[index]!.tree, tree)) return undefined
    for (const list of ['domains', 'clusters'] as const)
      for (const [index, level] of fleet[list].entries()) {
        const other = old[list][index]!
        if (!isSameTree(other.tree, level.tree, nestedOrPrivate)) return undefined
        if (isSameTree(other.tree, level.tree, new Set(nested))) continue
        levels.push(level)
        compareModules(other, level)
      }
    for (const [index, vhost] of fleet.virtualHosts.entries()) {
      const other = old.virtualHosts[index]!
      if (!isSeenAs(other, vhost)) return undefined
      compareModules(other, vhost)
    }
    for (const [index, machine] of fleet.machines.entries()) {
      const other = old.machines[index]!
      if (isSameTree(other.tree, machine.tree)) continue
      if (!isSeenAs(other, machine)) return undefined
      changed.push([other, machine])
      compareModules(other, machine)
    }
  }
  const machines = changed.map(([, machine]) => machine)
  const fleets = pairs.map(([before, now]) => [before.fleet, now.fleet] as const)
  return {
    levels,
    machines,
    before: hostsIn(
      changed.map(([machine]) => machine),
      fleets.map(([fleet]) => fleet),
    ),
    now: hostsIn(
      machines,
      fleets.map(([, fleet]) => fleet),
    ),
    haveOtherModules,
  }
}

type AnyDeclared = Declared<ElementKind, unknown>

const lists = [
  'domains',
  'clusters',
  'services',
  'roles',
  'machines',
  'virtualHosts',
  'interfaces',
] as const

function isSameProject(before: DecodedFile, now: DecodedFile): boolean {
  const [one, other] = [before, now].map(({ fleet, documents }) =>
    fleet.project ? documents[fleet.project.place.document] : undefined,
  )
  const isSamePlace = before.fleet.project?.place.document === now.fleet.project?.place.document
  return isSamePlace && isSameTree(one, other)
}

/** Whether the same elements stand in the same places. */
function areSameElements(old: readonly AnyDeclared[], now: readonly AnyDeclared[]): boolean {
  return (
    old.length === now.length &&
    now.every(({ name, written, at, place }, index) => {
      const other = old[index]!
      return (
        other.name === name &&
        other.written === written &&
        isSamePosition(other.at, at) &&
        isSamePosition(other.place, place)
      )
    })
  )
}

function isSamePosition(one: Position, other: Position): boolean {
  return (
    one.document === other.document &&
    one.path.length === other.path.length &&
    one.path.every((step, index) => step === other.path[index])
  )
}

/** Whether selectors and services see the same in a host, its addresses aside. */
function isSeenAs<Host extends DeclaredMachine | DeclaredVirtualHost>(
  old: Host,
  now: Host,
): boolean {
  return seen(old) === seen(now)
}

function seen(host: DeclaredMachine | DeclaredVirtualHost): string {
  const { tags = [] } = host.body
  const isModuleless =
    host.kind === 'machine' ? host.body.managed === false : host.body.type === 'oci-container'
  return JSON.stringify([isModuleless, tags])
}

/** Machines with what stands in them. */
function hostsIn(machines: readonly DeclaredMachine[], fleets: readonly Fleet[]): Hosts {
  const own = new Set(machines.map(({ name }) => name))
  const virtualHosts = fleets.flatMap((fleet) =>
    fleet.virtualHosts.filter(({ parent }) => own.has(parent)),
  )
  for (const { name } of virtualHosts) own.add(name)
  const interfaces = fleets.flatMap((fleet) =>
    fleet.interfaces.filter(({ parent }) => own.has(parent)),
  )
  return { machines, virtualHosts, interfaces }
}
