import type { CommandResult } from '../model/command.ts'
import type { Job, Outcome } from '../model/ports.ts'
import { carryOut } from './carry-out.ts'
import { selectorOf, type CommandPorts } from './comments.ts'
import { done } from './outcome.ts'
import type { Repository } from './repository.ts'
import { toIso } from '../rollout/parse-command.ts'
import { tick } from './tick.ts'

/** Does what somebody with the repository's secret says, and answers to whoever waits for it. */
export async function doCommand(
  repository: Repository,
  { id, by, command }: Extract<Job, { readonly kind: 'command' }>,
  ports: CommandPorts,
): Promise<Outcome> {
  const { announce, clock } = ports
  let result: CommandResult = { kind: 'done' }
  const ticked = await tick(repository, ports, async (ledger) => {
    const select = await selectorOf(repository, ledger)
    const carried = carryOut(ledger, command, { by, at: toIso(clock.now()), select })
    result = carried.result
    return carried
  })
  await announce.answered(repository, id, result)
  if (command.kind === 'deploy' && result.kind === 'refused') {
    await announce.nothingWaits(repository, ticked)
  }
  await announce.ticked(repository, ticked)
  return done
}
