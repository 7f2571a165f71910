import type { Target } from '../model/remote.ts'
import { definitions } from '../schema/schemas.generated.ts'

/** Files that an ssh_config names. */
export interface SshFiles {
  readonly identity: string
  /** Has the machine's key under the machine's name. */
  readonly knownHosts: string
  /** Where the keys of jump hosts are remembered. */
  readonly jumpHosts: string
}

/** An ssh_config for one machine alone, and for the jump hosts in front of it. */
export function sshConfig(
  target: Target,
  files: SshFiles,
  hostKeyChecking: 'yes' | 'accept-new',
): string {
  const machine = {
    HostName: only(/^[\w.:%-]+$/, target.targetHost, 'address'),
    HostKeyAlias: only(/^[\w.-]+$/, target.name, 'name'),
    Port: String(target.port),
    User: only(/^[\w.-]+\$?$/, target.sshUser, 'SSH user'),
    StrictHostKeyChecking: hostKeyChecking,
    UserKnownHostsFile: only(/^[^\s"%]+$/, files.knownHosts, 'known_hosts file'),
    ...machineOptions(target),
  }
  const everywhere = {
    // Without one, ssh tries the keys that it finds in its user's home.
    ...(files.identity === ''
      ? {}
      : {
          IdentityFile: only(/^[^\s"%]+$/, files.identity, 'identity file'),
          IdentitiesOnly: 'yes',
        }),
    BatchMode: 'yes',
    // Of a jump host: what goes through it is encrypted for the machine, whose key is strict.
    StrictHostKeyChecking: 'accept-new',
    UserKnownHostsFile: only(/^[^\s"%]+$/, files.jumpHosts, 'file of jump hosts'),
    GlobalKnownHostsFile: '/dev/null',
    UpdateHostKeys: 'no',
    ConnectTimeout: '10',
    ServerAliveInterval: '5',
    ServerAliveCountMax: '3',
    ControlMaster: 'no',
    ControlPath: 'none',
    ForwardAgent: 'no',
    LogLevel: 'ERROR',
  }
  // Of each setting ssh takes the first that it finds.
  return [...block(target.name, machine), ...block('*', everywhere), ''].join('\n')
}

function block(host: string, settings: Readonly<Record<string, string>>): readonly string[] {
  return [`Host ${host}`, ...Object.entries(settings).map(([key, value]) => `  ${key} ${value}`)]
}

/** What a machine may set: nothing that runs a program here or weakens the check of keys. */
const settable = new Set(Object.keys(definitions.deployment.properties.sshOptions.properties))

function machineOptions({ sshOptions }: Target): Readonly<Record<string, string>> {
  const settings = Object.entries(sshOptions).map(([key, value]) => {
    if (!settable.has(key)) throw new TypeError(`the SSH option ${key} is not for machines to set`)
    return [key, only(/^[\w.:,@+^*%/[\]-]+$/, value, `SSH option ${key}`)] as const
  })
  return Object.fromEntries(settings.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The line of known_hosts for a machine's key; empty without one. */
export function knownHostsLine(target: Target): string {
  if (target.hostKey === undefined) return ''
  return `${target.name} ${only(/^[\w@.-]+ [A-Za-z0-9+/=]+( [^\n]*)?$/, target.hostKey, 'host key')}\n`
}

/** The key in a line of known_hosts: `ssh-ed25519 AAAA…`. */
export function keyOf(knownHosts: string): string | undefined {
  return /^\S+ (\S+ \S+)/m.exec(knownHosts)?.[1]
}

/** ssh has no quoting that holds for every value: what could be read as something else is refused. */
function only(pattern: RegExp, value: string, what: string): string {
  if (!pattern.test(value)) throw new TypeError(`the ${what} cannot stand in ssh_config: ${value}`)
  return value
}
