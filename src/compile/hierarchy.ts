import type { ElementKind } from '../model/inventory.ts'
import { kindText } from '../model/names.ts'
import { didYouMean } from '../model/suggestion.ts'
import type { Declared, Fleet } from '../schema/fleet.ts'
import type * as body from '../schema/types.generated.ts'
import type { NamedElement } from '../selectors/names.ts'
import type { Complaints } from './complaints.ts'

type WrittenHost = Partial<Pick<body.Machine, 'tags' | 'managed'> & Pick<body.VirtualHost, 'type'>>
type AnyDeclared = Declared<ElementKind, unknown>

const parents: Readonly<Record<ElementKind, readonly ElementKind[]>> = {
  domain: [],
  cluster: ['domain'],
  service: ['cluster', 'domain'],
  role: ['service'],
  machine: ['cluster'],
  vhost: ['machine'],
  interface: ['machine', 'vhost'],
}

/** The fleet without elements whose name is taken or whose parent is not there; both are errors. */
export function uniqueFleet(
  fleet: Fleet,
  complaints: Complaints,
): { fleet: Fleet; elements: readonly NamedElement[] } {
  const taken = new Map<string, AnyDeclared>()
  // Places before what stands in them, so that a parent is known when its children come.
  const all: readonly AnyDeclared[] = [
    ...fleet.domains,
    ...fleet.clusters,
    ...fleet.services,
    ...fleet.machines,
    ...fleet.roles,
    ...fleet.virtualHosts,
    ...fleet.interfaces,
  ]
  const byKind = Map.groupBy(all, ({ kind }) => kind)
  const kept = new Set<AnyDeclared>()
  const reported = new Set<AnyDeclared>()
  for (const element of all) {
    const other = taken.get(element.name)
    if (other) {
      complaints.add({
        severity: 'error',
        code: 'names/duplicate',
        message: `${element.name} is the name of a ${kindText(other.kind)} already`,
        at: element.at,
        related: other.at,
      })
      reported.add(element)
      continue
    }
    taken.set(element.name, element)
  }
  for (const element of all) {
    if (reported.has(element)) continue
    if (element.kind === 'domain') {
      kept.add(element)
      continue
    }
    const parent = taken.get(element.parent)
    if (parent && parents[element.kind].includes(parent.kind)) {
      if (kept.has(parent)) kept.add(element)
      continue
    }
    reportOrphan(element, parent, byKind, complaints)
  }
  const only = <T extends AnyDeclared>(elements: readonly T[]): readonly T[] =>
    elements.filter((element) => kept.has(element))
  const elements = [...kept].map(({ kind, name, label, parent, at, body }): NamedElement => {
    const { tags, managed, type } =
      kind === 'machine' || kind === 'vhost' ? (body as WrittenHost) : ({} as WrittenHost)
    const moduleless: NamedElement['moduleless'] =
      managed === false ? 'unmanaged' : type === 'oci-container' ? 'image' : undefined
    const about = { ...(tags ? { tags } : {}), ...(moduleless ? { moduleless } : {}) }
    return { kind, name, label, parent, at, ...about }
  })
  return {
    fleet: {
      ...fleet,
      domains: only(fleet.domains),
      clusters: only(fleet.clusters),
      services: only(fleet.services),
      roles: only(fleet.roles),
      machines: only(fleet.machines),
      virtualHosts: only(fleet.virtualHosts),
      interfaces: only(fleet.interfaces),
    },
    elements,
  }
}

function reportOrphan(
  element: AnyDeclared,
  parent: AnyDeclared | undefined,
  byKind: ReadonlyMap<ElementKind, readonly AnyDeclared[]>,
  complaints: Complaints,
): void {
  // What is nested has the right parent, unless that was rejected: then all was said with it.
  if (element.at.atKey) return
  const wanted = parents[element.kind]
  const known = wanted.flatMap((kind) => byKind.get(kind) ?? []).map(({ name }) => name)
  const guess = didYouMean(element.parent, known)
  if (parent)
    complaints.error(
      'names/parent',
      `${element.parent} is a ${kindText(parent.kind)}, and a ${kindText(element.kind)} stands in a ${wanted.map(kindText).join(' or ')}`,
      element.at,
    )
  else
    complaints.error(
      'names/parent',
      `no ${wanted.join(' or ')} is called '${element.parent}'${guess}`,
      element.at,
      guess === '' ? `declare it in a document of kind ${titles(wanted)}` : undefined,
    )
}

function titles(kinds: readonly ElementKind[]): string {
  return kinds.map((kind) => kind.charAt(0).toUpperCase() + kind.slice(1)).join(' or ')
}
