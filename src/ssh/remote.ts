import { CommandError } from '../model/errors.ts'
import type { Look, Remote, Target } from '../model/remote.ts'
import { parseLook } from './reading.ts'
import { drop, look, read, seat } from './scripts/read.ts'
import { take } from './scripts/take.ts'
import type { ScriptOptions, Ssh } from './ssh.ts'

/** How long a script may take beyond what it waits for the lock; seating builds and writes a boot entry. */
const before = { timeoutMs: 30_000, connection: 'shared' } as const
const seating = { timeoutMs: 180_000, connection: 'shared' } as const
/** Reading back proves that the machine can be reached with what it runs now. */
const after = { timeoutMs: 180_000, connection: 'new' } as const

/** What is done on machines, by scripts over ssh. */
export function createRemote({ ssh }: { readonly ssh: Ssh }): Remote {
  const ask = async (
    target: Target,
    script: string,
    args: readonly string[],
    how: ScriptOptions,
  ): Promise<Look> => {
    const { stdout, hostKey } = await ssh.script(target, script, args, how)
    const answer = parseLook(stdout)
    if (answer === undefined)
      throw new CommandError(`${target.name}: the answer is not whole`, {
        command: 'ssh',
        stderr: stdout,
      })
    return { ...answer, hostKey }
  }
  return {
    look: (target) => ask(target, look, [], before),
    take: (target, claim, over) =>
      ask(
        target,
        take,
        [
          ...[claim.ledger, String(claim.n), claim.run, claim.owner, claim.path],
          String(target.activationTimeout),
          ...(over === undefined ? ['', '', ''] : [String(over.n), over.run, over.stage]),
        ],
        before,
      ),
    seat: (target, run) => ask(target, seat, [run], seating),
    read: (target, run) => ask(target, read, [run], after),
    drop: (target, run) => ask(target, drop, [run], after),
  }
}
