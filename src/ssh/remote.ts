import { CommandError } from '../model/errors.ts'
import type { Look, Remote, Target } from '../model/remote.ts'
import { parseLook } from './reading.ts'
import { drop, look, read, seat } from './scripts/read.ts'
import { take } from './scripts/take.ts'
import type { Ssh } from './ssh.ts'

/** Seconds that a script may take beyond what it waits for the lock; seating builds and writes a boot entry. */
const patience = { reading: 30_000, changing: 180_000 }

/** What is done on machines, by scripts over ssh. */
export function createRemote({ ssh }: { readonly ssh: Ssh }): Remote {
  const ask = async (
    target: Target,
    script: string,
    args: readonly string[],
    timeoutMs: number,
  ): Promise<Look> => {
    const { stdout, hostKey } = await ssh.script(target, script, args, timeoutMs)
    const answer = parseLook(stdout)
    if (answer === undefined)
      throw new CommandError(`${target.name}: the answer is not whole`, {
        command: 'ssh',
        stderr: stdout,
      })
    return { ...answer, hostKey }
  }
  return {
    look: (target) => ask(target, look, [], patience.reading),
    take: (target, claim, over) =>
      ask(
        target,
        take,
        [
          ...[claim.ledger, String(claim.n), claim.run, claim.owner, claim.path],
          String(target.activationTimeout),
          ...(over === undefined ? ['', '', ''] : [String(over.n), over.run, over.stage]),
        ],
        patience.reading,
      ),
    seat: (target, run) => ask(target, seat, [run], patience.changing),
    read: (target, run) => ask(target, read, [run], patience.changing),
    drop: (target, run) => ask(target, drop, [run], patience.reading),
  }
}
