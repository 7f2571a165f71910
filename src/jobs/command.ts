import type { Ledger } from '../model/ledger.ts'
import type { CommandResult, GivenCommand } from '../model/command.ts'
import type { Job, Outcome, SignedCommand } from '../model/ports.ts'
import { carryOut } from './carry-out.ts'
import { selectorOf, type CommandPorts } from './comments.ts'
import { done } from './outcome.ts'
import type { Repository } from './repository.ts'
import { toIso } from '../rollout/parse-command.ts'
import { tick } from './tick.ts'

export interface LineCommandPorts extends CommandPorts {
  readonly readCommand: (repository: string, signed: SignedCommand) => GivenCommand | undefined
}

/** Does what somebody with the repository's secret says, and answers to whoever waits for it. */
export async function doCommand(
  repository: Repository,
  { id, signed }: Extract<Job, { readonly kind: 'command' }>,
  ports: LineCommandPorts,
): Promise<Outcome> {
  const { announce, clock } = ports
  const given = ports.readCommand(repository.name, signed)
  if (given === undefined) {
    await announce.answered(repository, id, tooLate)
    return { kind: 'stop', reason: 'the command is not signed, or was given too long ago' }
  }
  const { by, command } = given
  let result: CommandResult = { kind: 'done' }
  const ticked = await tick(repository, ports, async (ledger) => {
    const select = await selectorOf(repository, ledger)
    const carried = carryOut(ledger, command, { by, at: toIso(clock.now()), select })
    result = carried.result
    return carried
  })
  const follow = command.kind === 'deploy' ? deployedTip(ticked.before) : undefined
  await announce.answered(repository, id, result, follow)
  if (command.kind === 'deploy' && result.kind === 'refused') {
    await announce.nothingWaits(repository, ticked)
  }
  await announce.ticked(repository, ticked)
  return done
}

const tooLate: CommandResult = {
  kind: 'refused',
  text: 'it was given too long ago, or signed by nobody who may; say it again',
}

/** The commit whose deployment a person lets go on. */
const deployedTip = ({ rewound, removal, published }: Ledger): string | undefined =>
  rewound?.tip ?? removal?.source ?? published?.source
