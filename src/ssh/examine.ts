import { CommandError } from '../model/errors.ts'
import type { Target } from '../model/remote.ts'
import type { MachineFacts } from '../model/surroundings.ts'
import { examine } from './scripts/examine.ts'
import type { Ssh } from './ssh.ts'

/** Reads what a deployment needs of a machine; throws as `Ssh.script` does. */
export async function examineMachine(
  ssh: Ssh,
  target: Target,
  timeoutMs: number,
): Promise<MachineFacts> {
  const before = Date.now()
  const { stdout } = await ssh.script(target, examine, [target.sshUser], {
    timeoutMs,
    connection: 'new',
  })
  const lines = stdout.split('\n')
  const from = lines.indexOf('nixcluster-answer')
  const to = lines.indexOf('nixcluster-end', from)
  if (from === -1 || to === -1) {
    throw new CommandError(`${target.name}: the answer is not whole`, { command: 'ssh' })
  }
  const answer = lines.slice(from + 1, to)
  const all = (key: string): string[] =>
    answer
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => line.slice(key.length + 1).trim())
  const text = (key: string): string => all(key).at(-1) ?? ''
  // A second is as exact as it tells; what the way there took is not its clock's fault.
  const [low, high] = [Number(text('seconds')) * 1000, Number(text('seconds')) * 1000 + 999]
  return {
    nix: text('nix'),
    architecture: text('architecture'),
    freeBytes: Number(text('freeKib')) * 1024,
    aheadMs: low > Date.now() ? low - Date.now() : Math.min(0, high - before),
    systemd: text('systemd'),
    failedUnits: all('failedUnit'),
    missing: all('missing'),
    trusted: all('trusted'),
    groups: all('group'),
    locked: text('locked') === 'true',
    lease: text('lease'),
    owner: text('owner'),
  }
}
