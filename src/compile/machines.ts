import type { Install, Machine, UnmanagedMachine } from '../model/inventory.ts'
import type { Value } from '../model/value.ts'
import { didYouMean } from '../model/suggestion.ts'
import type {
  DeclaredCluster,
  DeclaredDomain,
  DeclaredMachine,
  DeclaredVirtualHost,
} from '../schema/fleet.ts'
import { below, byKey } from './complaints.ts'
import type { DeploymentOf } from './deployment.ts'
import { findPath } from './paths.ts'
import { at, checkAudience, nixosSettings, type Level, type SettingsContext } from './settings.ts'
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
  const settings = nixosSettings(own, levelOf(machine), context)
  checkAudience(settings.modules, 'machine', context)
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
    managed: true,
    name,
    label,
    at: place,
    cluster: cluster.name,
    domain: domain.name,
    system,
    ...(stateVersion === undefined ? {} : { stateVersion }),
    nixpkgs: nixpkgs ?? 'nixpkgs',
    interfaces,
    ...tagsAndData(machine, context),
    settings,
    services,
    ...installOf(machine, context),
    render: { hostName: own.render?.hostName ?? true, domain: own.render?.domain ?? true },
    deployment: deploymentOf(lineage, interfaces),
  }
}

/** Whether a machine is ours to configure and deploy. */
export function isManaged({ body: { managed } }: DeclaredMachine): boolean {
  return managed !== false
}

/** A machine that is only known; what it says of NixOS is a mistake. */
export function toUnmanaged(
  machine: DeclaredMachine,
  domain: string,
  context: SettingsContext,
): UnmanagedMachine {
  const { body: own, name, label, at: place, parent } = machine
  for (const key of ofManaged)
    if (own[key] !== undefined)
      context.complaints.error(
        'compile/unmanaged',
        `'${key}' means nothing at ${name}, which is not managed`,
        byKey(below(machine.place, key)),
        'remove it, or managed: false',
      )
  const { hostKey, port = 22 } = own.deployment ?? {}
  return {
    kind: 'machine',
    managed: false,
    name,
    label,
    at: place,
    cluster: parent,
    domain,
    interfaces: context.interfaces.get(name) ?? [],
    ...tagsAndData(machine, context),
    settings: { modules: [], config: [], users: [] },
    services: [],
    deployment: { port, ...(hostKey === undefined ? {} : { hostKey }) },
  }
}

const ofManaged = ['modules', 'config', 'users', 'install', 'virtualHosts'] as const

/** What selectors and services see of a host besides its addresses. */
export function tagsAndData(
  host: DeclaredMachine | DeclaredVirtualHost,
  context: SettingsContext,
): Pick<Machine, 'tags' | 'data'> {
  const tags = (host.body.tags ?? []).filter((tag) => typeof tag === 'string')
  return { tags: [...new Set(tags)], ...dataOf(host, context) }
}

/** The free data of an element. */
export function dataOf(
  element: DeclaredVirtualHost | DeclaredMachine | DeclaredCluster | DeclaredDomain,
  context: SettingsContext,
): { readonly data?: Value } {
  if (element.body.data === undefined) return {}
  const { tree, place } = at(levelOf(element), 'data')
  const value = tree && toValue(tree, place, element.name, context)
  return value ? { data: value } : {}
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
export function levelOf(
  element: Pick<
    DeclaredVirtualHost | DeclaredMachine | DeclaredCluster | DeclaredDomain,
    'tree' | 'place' | 'name'
  >,
): Level {
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
