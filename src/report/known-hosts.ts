import { ipsOf } from '../model/addresses.ts'
import type { Machine, UnmanagedMachine } from '../model/inventory.ts'
import { shortHostNames } from './hosts-file.ts'

/** Lines for ssh's known_hosts: every name and address of each machine whose host key is written down. */
export function knownHosts(machines: readonly (Machine | UnmanagedMachine)[]): string {
  const short = shortHostNames(machines.map(({ name }) => name))
  return machines
    .filter(({ deployment }) => deployment.hostKey !== undefined)
    .map((machine) => {
      const { hostKey, port } = machine.deployment
      const target = machine.managed ? [machine.deployment.targetHost] : []
      const names = new Set([
        machine.name,
        ...(short.get(machine.name) ?? []),
        ...machine.interfaces.flatMap((wire) => [wire.name, ...ipsOf(wire).map(({ ip }) => ip)]),
        ...target.map((host) => host.replaceAll(/^\[|\]$/g, '')),
      ])
      const patterns = [...names].map((name) => (port === 22 ? name : `[${name}]:${port}`))
      // Without the comment: it says who made the key, which is nobody's business here.
      const [type, key] = hostKey!.split(' ')
      return `${patterns.join(',')} ${type} ${key}\n`
    })
    .join('')
}
