import type { Target } from '../model/remote.ts'

/** An ssh_config for one machine alone; `knownHosts` names the file that has its key under the machine's name. */
export function sshConfig(
  target: Target,
  files: { readonly identity: string; readonly knownHosts: string },
  hostKeyChecking: 'yes' | 'accept-new',
): string {
  const settings = {
    HostName: only(/^[\w.:%-]+$/, target.targetHost, 'address'),
    HostKeyAlias: only(/^[\w.-]+$/, target.name, 'name'),
    Port: String(target.port),
    User: only(/^[\w.-]+\$?$/, target.sshUser, 'SSH user'),
    // Without one, ssh tries the keys that it finds in its user's home.
    ...(files.identity === ''
      ? {}
      : {
          IdentityFile: only(/^[^\s"%]+$/, files.identity, 'identity file'),
          IdentitiesOnly: 'yes',
        }),
    BatchMode: 'yes',
    StrictHostKeyChecking: hostKeyChecking,
    UserKnownHostsFile: only(/^[^\s"%]+$/, files.knownHosts, 'known_hosts file'),
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
  return [
    'Host *',
    ...Object.entries(settings).map(([key, value]) => `  ${key} ${value}`),
    '',
  ].join('\n')
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
