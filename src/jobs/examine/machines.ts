import type { Finding } from '../../model/finding.ts'
import type { Surroundings } from '../../model/surroundings.ts'
import {
  machineFailure,
  machineFindings,
  type ExaminedMachine,
} from '../../report/findings/machine.ts'
import { shortNames } from '../../report/wording.ts'
import type { Perform } from './check.ts'

/** ssh's own limit for a connection, and what a slow machine takes to answer. */
const limitMs = 15_000
/** So many machines are asked at a time. */
const parallel = 16

/** Logs in to every machine; they are told of in the order of the fleet. */
export async function examineMachines(
  machines: readonly ExaminedMachine[],
  { machine: see }: Pick<Surroundings, 'machine'>,
  perform: Perform,
): Promise<readonly Finding[]> {
  const short = shortNames(machines.map(({ target }) => target.name))
  const found: (readonly Finding[])[] = []
  const left = machines.entries()
  const work = async (): Promise<void> => {
    for (const [index, machine] of left) {
      const name = short(machine.target.name)
      found[index] = await perform({
        name,
        limitMs: limitMs + 1000,
        advice: `log in by hand: ssh ${machine.target.sshUser}@${machine.target.targetHost}`,
        look: () =>
          see(machine.target, limitMs).then(
            (facts) => machineFindings(name, machine, facts),
            (error: unknown) => [machineFailure(name, machine, error)],
          ),
      })
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return found.flat()
}
