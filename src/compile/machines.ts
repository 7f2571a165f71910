import { ipsOf, primaryInterface } from '../model/addresses.ts'
import type { Deployment, Machine } from '../model/inventory.ts'
import { didYouMean } from '../model/suggestion.ts'
import type { DeclaredCluster, DeclaredDomain, DeclaredMachine } from '../schema/fleet.ts'
import type * as body from '../schema/types.generated.ts'
import { below } from './complaints.ts'
import { at, nixosSettings, type Level, type SettingsContext } from './settings.ts'
import { toValue } from './values.ts'

/** A machine and what it inherits from, the nearest first. */
export type Lineage = readonly [DeclaredMachine, DeclaredCluster, DeclaredDomain]

const defaults = {
  port: 22,
  sshUser: 'root',
  user: 'root',
  magicRollback: true,
  autoRollback: true,
  confirmTimeout: 30,
  activationTimeout: 240,
} as const

/** A machine with everything that it inherits; undefined when something is missing. */
export function toMachine(
  lineage: Lineage,
  services: readonly string[],
  context: SettingsContext,
): Machine | undefined {
  const [machine, cluster, domain] = lineage
  const { body: own, name, label, at: place } = machine
  const interfaces = context.interfaces.get(name) ?? []
  const level = levelOf(machine)
  const settings = nixosSettings(own, level, context)
  const data = own.data === undefined ? undefined : at(level, 'data')
  const dataValue = data?.tree && toValue(data.tree, data.place, name, context)
  const system = nearest(lineage, 'system')
  const nixpkgs = nearest(lineage, 'nixpkgs')
  const stateVersion = nearest(lineage, 'stateVersion')
  const targetHost = targetHostOf(lineage, context)
  if (system === undefined) {
    context.complaints.error(
      'compile/system',
      `${name} has no system, nor has its cluster or domain`,
      place,
      'for example system: x86_64-linux',
    )
    return undefined
  }
  const primary = ipsOf(primaryInterface(interfaces))[0]?.ip
  return {
    kind: 'machine',
    name,
    label,
    at: place,
    cluster: cluster.name,
    domain: domain.name,
    system,
    ...(stateVersion === undefined ? {} : { stateVersion }),
    nixpkgs: nixpkgs ?? 'nixpkgs',
    tags: [...new Set((own.tags ?? []).filter((tag) => typeof tag === 'string'))],
    interfaces,
    ...(dataValue ? { data: dataValue } : {}),
    settings,
    services,
    render: { hostName: own.render?.hostName ?? true, domain: own.render?.domain ?? true },
    deployment: { ...deploymentOf(lineage), targetHost: targetHost ?? primary ?? name },
  }
}

/** Where an element's own settings stand. */
export function levelOf(element: DeclaredMachine | DeclaredCluster | DeclaredDomain): Level {
  return { tree: element.tree, place: element.place, scope: element.name }
}

/** Complains once, where it is written, about an input that is not there. */
export function checkNixpkgs(
  element: DeclaredMachine | DeclaredCluster | DeclaredDomain,
  { inputs, complaints }: SettingsContext,
): void {
  const { nixpkgs } = element.body
  if (nixpkgs === undefined || inputs.has(nixpkgs)) return
  complaints.error(
    'compile/unknown-input',
    `no flake input is called '${nixpkgs}'${didYouMean(nixpkgs, inputs)}`,
    below(element.place, 'nixpkgs'),
    'add it to the inputs of the Project document',
  )
}

function nearest<K extends 'system' | 'nixpkgs' | 'stateVersion'>(
  lineage: Lineage,
  key: K,
): string | undefined {
  for (const { body: written } of lineage) if (written[key] !== undefined) return written[key]
  return undefined
}

function deploymentOf(lineage: Lineage): Omit<Deployment, 'targetHost'> {
  const merged: body.Deployment = {}
  for (const { body: written } of lineage.toReversed())
    for (const [key, value] of Object.entries(written.deployment ?? {}))
      if (value !== undefined) Object.assign(merged, { [key]: value })
  const { targetHost: _, ...rest } = merged
  return { ...defaults, ...rest }
}

/** Text, or what a selector gives, seen from the level that says it. */
function targetHostOf(lineage: Lineage, context: SettingsContext): string | undefined {
  const owner = lineage.find(({ body: written }) => written.deployment?.targetHost !== undefined)
  if (!owner) return undefined
  const written = owner.body.deployment!.targetHost
  if (typeof written === 'string') return written
  const { tree, place } = at(at(levelOf(owner), 'deployment'), 'targetHost')
  const value = tree && toValue(tree, place, owner.name, context)
  return value?.kind === 'text' ? value.value : undefined
}
