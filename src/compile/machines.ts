import type { Install, Machine } from '../model/inventory.ts'
import { didYouMean } from '../model/suggestion.ts'
import type { DeclaredCluster, DeclaredDomain, DeclaredMachine } from '../schema/fleet.ts'
import { below } from './complaints.ts'
import type { DeploymentOf } from './deployment.ts'
import { findPath } from './paths.ts'
import { at, nixosSettings, type Level, type SettingsContext } from './settings.ts'
import { toValue } from './values.ts'

/** A machine and what it inherits from, the nearest first. */
export type Lineage = readonly [DeclaredMachine, DeclaredCluster, DeclaredDomain]

/** A machine with everything that it inherits; undefined when something is missing. */
export function toMachine(
  lineage: Lineage,
  services: readonly string[],
  deploymentOf: DeploymentOf,
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
  if (system === undefined) {
    context.complaints.error(
      'compile/system',
      `${name} has no system, nor has its cluster or domain`,
      place,
      'for example system: x86_64-linux',
    )
    return undefined
  }
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
    ...installOf(machine, context),
    render: { hostName: own.render?.hostName ?? true, domain: own.render?.domain ?? true },
    deployment: deploymentOf(lineage, interfaces),
  }
}

function installOf(
  { body: { install }, place }: DeclaredMachine,
  { paths, complaints }: SettingsContext,
): { install?: Install } {
  const format = install?.format
  if (format === undefined || typeof format === 'string')
    return format === undefined ? {} : { install: { format } }
  if (format.path === undefined) return {}
  const found = findPath(format.path, place.file, paths, 'text')
  if ('path' in found) return { install: { format: { path: found.path } } }
  complaints.error(found.code, found.message, below(place, 'install', 'format', 'path'))
  return {}
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
