import type { Cluster, Domain } from '../model/inventory.ts'
import type { DeclaredCluster, DeclaredDomain } from '../schema/fleet.ts'
import { dataOf, levelOf } from './machines.ts'
import { nixosSettings, type SettingsContext } from './settings.ts'

/** A domain with what it gives to all below it. */
export function toDomain(domain: DeclaredDomain, context: SettingsContext): Domain {
  const { kind, name, label, at } = domain
  const settings = nixosSettings(domain.body, levelOf(domain), context)
  return { kind, name, label, at, settings, ...dataOf(domain, context) }
}

/** A cluster with what it gives to all in it. */
export function toCluster(cluster: DeclaredCluster, context: SettingsContext): Cluster {
  const { kind, name, label, at, parent } = cluster
  const settings = nixosSettings(cluster.body, levelOf(cluster), context)
  return { kind, name, label, at, domain: parent, settings, ...dataOf(cluster, context) }
}
