import { ipsOf, primaryInterface } from '../model/addresses.ts'
import type { Deployment, Interface } from '../model/inventory.ts'
import type { DeclaredCluster, DeclaredDomain, DeclaredMachine } from '../schema/fleet.ts'
import type * as body from '../schema/types.generated.ts'
import { at, type SettingsContext } from './settings.ts'
import { toValue } from './values.ts'

type DeclaredLevel = DeclaredMachine | DeclaredCluster | DeclaredDomain

const defaults = {
  port: 22,
  sshUser: 'root',
  user: 'root',
  buildOn: 'controller',
  fastConnection: true,
  magicRollback: true,
  autoRollback: true,
  confirmTimeout: 30,
  activationTimeout: 240,
} as const

/** How a machine is reached, from it and the levels around it, the nearest first. */
export type DeploymentOf = (
  lineage: readonly [DeclaredMachine, ...DeclaredLevel[]],
  interfaces: readonly Interface[],
) => Deployment

/** Gives the deployment of machines; what a level says is resolved, and complained about, once. */
export function createDeployments(context: SettingsContext): DeploymentOf {
  const said = new Map<string, Said>()
  const saidAt = (level: DeclaredLevel): Said => {
    const known = said.get(level.name)
    if (known) return known
    const resolved = readLevel(level, context)
    said.set(level.name, resolved)
    return resolved
  }
  return (lineage, interfaces) => {
    const levels = lineage.toReversed().map(saidAt)
    const merged: Said = Object.assign({}, ...levels)
    const sshOptions: Record<string, string> = Object.assign(
      {},
      ...levels.map((level) => level.sshOptions),
    )
    const [machine] = lineage
    const main = primaryInterface(interfaces)
    const primary = ipsOf(main)[0]?.ip
    const isSaid = levels.some(({ targetHost }) => targetHost !== undefined)
    if (primary === undefined && !isSaid && !wantsAddress(machine, main))
      context.complaints.warn(
        'compile/target-host',
        `${machine.name} has no static address and no targetHost: it is reached by its name`,
        machine.at,
        `deployment: { targetHost: ${machine.name} } says that this is meant`,
      )
    return {
      ...defaults,
      ...merged,
      sshOptions,
      targetHost: merged.targetHost ?? primary ?? machine.name,
    }
  }
}

/** Where addresses are written and none is its own, that was complained about. */
function wantsAddress({ body: own }: DeclaredMachine, main: Interface | undefined): boolean {
  return Object.entries(own.interfaces ?? {}).some(
    ([label, wire]) =>
      (main === undefined || main.label === label.toLowerCase()) && wire?.addresses?.length,
  )
}

type Said = Partial<Omit<Deployment, 'sshOptions'>> & {
  readonly sshOptions: Readonly<Record<string, string>>
}

/** What one level says, its selectors seen from there; what was wrong is left out. */
function readLevel(level: DeclaredLevel, context: SettingsContext): Said {
  const { targetHost, sshOptions = {}, ...rest } = level.body.deployment ?? {}
  const here = at({ tree: level.tree, place: level.place, scope: level.name }, 'deployment')
  const text = (written: unknown, ...steps: string[]): string | undefined => {
    if (typeof written === 'string') return written
    const { tree, place, scope } = steps.reduce(at, here)
    const value = tree && toValue(tree, place, scope, context)
    return value?.kind === 'text' ? value.value : undefined
  }
  const host = targetHost === undefined ? undefined : text(targetHost, 'targetHost')
  const options = Object.entries(sshOptions).flatMap(([key, value]) => {
    if (value === undefined) return []
    if (typeof value === 'boolean') return [[key, value ? 'yes' : 'no'] as const]
    const said = typeof value === 'number' ? String(value) : text(value, 'sshOptions', key)
    return said === undefined ? [] : [[key, said] as const]
  })
  const known = Object.entries(rest as body.Deployment).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(known),
    ...(host === undefined ? {} : { targetHost: host }),
    sshOptions: Object.fromEntries(options),
  }
}
