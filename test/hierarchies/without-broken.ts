import type { Hierarchy, ServiceOf } from './hierarchy.ts'
import { createReference, type El, type Reference } from './reference.ts'

/** The services and roles of a hierarchy. */
export const owners = (reference: Reference): readonly El[] =>
  reference.elements.filter(({ kind }) => kind === 'service' || kind === 'role')

/** Selectors of a role that are the first to give hosts which its service does not have. */
export function outside(owner: El, reference: Reference): readonly number[] {
  const service = owner.parent!
  if (owner.kind !== 'role' || !owner.role!.runs || !service.service!.selectors) return []
  if (reference.isBroken(owner) || reference.isBroken(service)) return []
  const allowed = reference.membersOf(service)
  const wrong = reference.membersOf(owner).filter((host) => !allowed.includes(host))
  const list = owner.role!.selectors
  const gives = list.map((_, index) =>
    isExclusion(list[index]!) ? [] : reference.mean([list[index]!], service).reached,
  )
  const first = wrong.map((host) => gives.findIndex((all) => all.some((one) => one.host === host)))
  return [...new Set(first)]
}

const isExclusion = (written: ServiceOf['roles'][0]['selectors'][0]): boolean =>
  (typeof written === 'string' ? written : written.select).startsWith('-')

/** The same hierarchy without the services that are wrong, until none is. */
export function withoutBroken(hierarchy: Hierarchy): Hierarchy {
  const reference = createReference(hierarchy)
  const isWrong = (owner: El): boolean =>
    reference.isBroken(owner) || outside(owner, reference).length > 0
  const wrong = new Set(
    owners(reference)
      .filter(isWrong)
      .map((owner) => owner.service ?? owner.parent!.service!),
  )
  if (wrong.size === 0) return hierarchy
  const keep = (services: readonly ServiceOf[]): readonly ServiceOf[] =>
    services.filter((service) => !wrong.has(service))
  return withoutBroken({
    domains: hierarchy.domains.map((domain) => ({
      ...domain,
      services: keep(domain.services),
      clusters: domain.clusters.map((one) => ({ ...one, services: keep(one.services) })),
    })),
  })
}
