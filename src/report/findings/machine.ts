import { fine, warning, wrong, type Finding } from '../../model/finding.ts'
import { UnreachableError } from '../../model/errors.ts'
import type { Target } from '../../model/remote.ts'
import type { MachineFacts } from '../../model/surroundings.ts'
import { byteSize, duration, list } from '../wording.ts'
import { isFrom, versionIn } from './version.ts'

const leastFree = 16 * 2 ** 20
const littleFree = 2 ** 30
const littleAheadMs = 30_000

/** A line for a machine, and one for each thing that is not as it should be. */
export function machineFindings(
  name: string,
  { target, system, ledger }: ExaminedMachine,
  facts: MachineFacts,
): readonly Finding[] {
  const { nix, freeBytes, aheadMs, systemd, failedUnits, missing, locked, lease, owner } = facts
  const troubles: Finding[] = []
  if (nix === '') {
    const advice = 'install Nix there: what is deployed is copied by it'
    troubles.push(wrong(`${name} nix`, 'there is no Nix', advice))
  } else if (isFrom(nix, '2.4') === false) {
    troubles.push(wrong(`${name} nix`, `${versionIn(nix)} is too old`, 'update Nix there'))
  }
  if (missing.length > 0) {
    const advice = 'install coreutils, sed, grep and util-linux there'
    troubles.push(wrong(`${name} programs`, `it has no ${list(missing)}`, advice))
  }
  if (!isOfSystem(facts.architecture, system)) {
    const found = `it is ${facts.architecture}, and is configured as ${system}`
    troubles.push(wrong(`${name} system`, found, 'correct its system in the YAML'))
  }
  if (freeBytes < littleFree) {
    const say = freeBytes < leastFree ? wrong : warning
    const advice = 'make room: nix-collect-garbage --delete-older-than 30d'
    troubles.push(say(`${name} disk`, `${byteSize(freeBytes)} free below /nix`, advice))
  }
  if (Math.abs(aheadMs) > littleAheadMs) {
    const off = `its clock is ${duration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead' : 'behind'}`
    troubles.push(warning(`${name} clock`, off, 'let it follow a time server: timesyncd, chrony'))
  }
  if (!isTrusted(target, facts)) {
    troubles.push(
      wrong(
        `${name} trust`,
        `Nix there does not trust ${target.sshUser}: what is copied is not signed, and is refused`,
        `nix.settings.trusted-users = [ "${target.sshUser}" ]`,
      ),
    )
  }
  if (!['running', 'starting', 'initializing'].includes(systemd)) {
    const why = failedUnits.length > 0 ? `${list(failedUnits)} failed` : ''
    const found = ['systemd is ', systemd || 'not there', why && `: `, why].join('')
    const advice =
      'see systemctl --failed there; a unit that fails after a deployment is told apart'
    troubles.push(warning(`${name} systemd`, found, advice))
  }
  if (locked) {
    const advice = 'wait until it is over'
    troubles.push(warning(`${name} activation`, 'one is under way', advice))
  } else if (lease !== '' && lease !== ledger) {
    troubles.push(
      wrong(
        `${name} lease`,
        `another controller has taken it (${owner}), so attempts of this one are refused`,
        'let one controller alone deploy it; if the other is gone: rm /nix/var/nixcluster/lease there',
      ),
    )
  }
  const line = [
    `${target.sshUser}@${target.targetHost}`,
    ...(nix === '' ? [] : [`Nix ${versionIn(nix)}`]),
    `${byteSize(freeBytes)} free`,
    ...(systemd === '' ? [] : [systemd]),
  ].join(', ')
  return [fine(name, line), ...troubles]
}

/** A machine of the fleet, and what of it is configured. */
export interface ExaminedMachine {
  readonly target: Target
  readonly system: string
  /** Id of the ledger that its lease should name. */
  readonly ledger: string
}

/** What came instead of a login, or of root's shell. */
export function machineFailure(name: string, { target }: ExaminedMachine, error: unknown): Finding {
  const said = error instanceof Error ? error.message : String(error)
  const { sshUser, targetHost, port } = target
  const short = said
    .replace(`${target.name} cannot be reached: `, '')
    .replace(/^\S+: /, (start) => (start === `${target.name}: ` ? '' : start))
  if (error instanceof UnreachableError) {
    if (error.isStranger) {
      return wrong(
        name,
        `${targetHost} has another host key than the known one`,
        `was it installed anew? Then put its key into the YAML as deployment.hostKey: ssh-keyscan -p ${port} ${targetHost}; if not, somebody else answers there`,
      )
    }
    return /permission denied|too many authentication/i.test(said)
      ? wrong(
          name,
          `${sshUser}@${targetHost} refuses the key`,
          `add the public half of ssh.identityFile to ${sshUser}'s authorized keys there`,
        )
      : wrong(
          name,
          short,
          `is it on, and is ${targetHost}, port ${port}, right (deployment.targetHost)?`,
        )
  }
  if (
    /password is required|a terminal is required|not in the sudoers|not allowed to|(sudo|doas): .*not found/i.test(
      said,
    )
  ) {
    return wrong(
      `${name} sudo`,
      `${sshUser} cannot become root without a password`,
      'security.sudo.wheelNeedsPassword = false there, or let us in as root (deployment.sshUser)',
    )
  }
  return wrong(name, short, `log in by hand: ssh ${sshUser}@${targetHost}`)
}

/** Machines that run what was built for another kind as well. */
const alsoRuns: Readonly<Record<string, readonly string[]>> = {
  x86_64: ['i686'],
  aarch64: ['armv7l', 'armv6l'],
}

function isOfSystem(architecture: string, system: string): boolean {
  const [wanted = ''] = system.split('-')
  return architecture === '' || [architecture, ...(alsoRuns[architecture] ?? [])].includes(wanted)
}

const isTrusted = ({ sshUser }: Target, { nix, trusted, groups }: MachineFacts): boolean =>
  sshUser === 'root' ||
  nix === '' ||
  trusted.some(
    (one) =>
      one === '*' ||
      one === sshUser ||
      (one.startsWith('@') && groups.includes(one.slice('@'.length))),
  )
