import { asRoot, type Target } from '../model/remote.ts'

export interface TinyFlake {
  readonly target: Target
  /** The run's nonce. */
  readonly run: string
  /** Profile to activate: a literal store path, so nothing of the fleet is evaluated. */
  readonly path: string
  /** An ssh_config; deploy-rs joins its options by spaces, so the path has none. */
  readonly sshConfig: string
}

/** A flake for one machine and one attempt, in which deploy-rs goes through the machine's gate (R12, R15). */
export function tinyFlake({ target, run, path, sshConfig }: TinyFlake): string {
  const gate = `/nix/var/nixcluster/gate ${run}`
  const settings: readonly [string, string][] = [
    ['path', text(path)],
    ['profilePath', text('/nix/var/nix/profiles/system')],
    ['sshUser', text(target.sshUser)],
    // Only for another user than the one of ssh does deploy-rs use `sudo`; the gate takes no notice of the name.
    ['user', text(target.sshUser === 'root' ? 'nixcluster' : 'root')],
    ['sudo', text(`${asRoot(target)}${gate}`)],
    ['sshOpts', `[ "-F" ${text(sshConfig)} ]`],
    ['tempPath', text(`/run/nixcluster/${run}`)],
    ['magicRollback', String(target.magicRollback)],
    ['autoRollback', String(target.autoRollback)],
    ['confirmTimeout', String(target.confirmTimeout)],
    ['activationTimeout', String(target.activationTimeout)],
    // What is copied is there already.
    ['fastConnection', 'true'],
  ]
  return `{
  outputs = _: {
    deploy.nodes.${text(target.name)} = {
      hostname = ${text(target.name)};
      profiles.system = {
${settings.map(([name, value]) => `        ${name} = ${value};`).join('\n')}
      };
    };
  };
}
`
}

/** How deploy-rs is told this one machine: a name with dots needs the quotes and the profile. */
export const flakeTarget = (folder: string, name: string): string =>
  `path:${folder}#"${name}".system`

/** A string of Nix, whatever stands in it. */
const text = (value: string): string =>
  `"${value.replaceAll(/["\\]|\$(?=\{)/g, '\\$&').replaceAll('\n', '\\n')}"`
