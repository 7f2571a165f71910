import { UnreachableError } from '../model/errors.ts'
import type { Clock, LedgerStore, Outcome, Queue } from '../model/ports.ts'
import type { MachineEvent, Remote, Target } from '../model/remote.ts'
import { found } from '../rollout/contact.ts'
import { done } from './outcome.ts'
import { writeChange } from './write-change.ts'

export interface ContactJobPorts {
  readonly repository: string
  readonly ledger: LedgerStore
  readonly remote: Remote
  /** The machine and its cluster; undefined where the configuration does not have it any more. */
  readonly targetOf: (
    machine: string,
  ) => Promise<{ readonly target: Target; readonly cluster: string } | undefined>
  readonly clock: Clock
  readonly report: (event: MachineEvent) => void
  readonly queue: Queue
}

/** The `contact` job: writes down what a machine without record runs, and which host key it has; changes nothing there. */
export function createContactJob(ports: ContactJobPorts): (machine: string) => Promise<Outcome> {
  const { ledger: store, remote, clock, queue } = ports
  return async (machine) => {
    // Every tick asks again until the machine was read.
    if ((await store.read()).ledger.machines[machine]?.given !== undefined) return done
    const configured = await ports.targetOf(machine)
    if (configured === undefined) return { kind: 'stop', reason: `${machine} is not configured` }
    const { target, cluster } = configured
    const began = clock.now().getTime()
    const report = (event: MachineEvent['event'], text: string) =>
      ports.report({
        machine,
        event,
        n: 0,
        seq: 0,
        text,
        durationMs: clock.now().getTime() - began,
      })
    try {
      const { reading, hostKey } = await remote.look(target)
      if (reading.locked)
        return { kind: 'retry', afterMs: 5_000, reason: `an activation is under way on ${machine}` }
      const at = clock.now().toISOString()
      await writeChange(store, (ledger) =>
        found(
          ledger,
          { name: machine, cluster },
          // A key that the configuration gives is not recorded: there it may be changed.
          { reading, at, ...(target.hostKey === undefined ? { hostKey } : {}) },
        ),
      )
      report('found', reading.running === '' ? 'nothing of Nix runs' : `runs ${reading.running}`)
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
      report('lost', error.message)
      return { kind: 'retry', afterMs: 30_000, reason: error.message }
    }
    await queue.add({ kind: 'rollout', repository: ports.repository })
    return done
  }
}
