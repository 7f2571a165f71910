import type { Outcome } from '../model/ports.ts'
import { setSystems } from '../rollout/wanted.ts'
import type { Announce } from './announce.ts'
import { done } from './outcome.ts'
import type { Repository } from './repository.ts'
import type { FindSystems } from './systems.ts'
import { tick } from './tick.ts'
import type { TickPorts } from './tick.ts'

/** Gives what is wanted its systems, evaluated and built, and lets a tick start with them. */
export async function evaluateWanted(
  repository: Repository,
  ports: TickPorts,
  systems: FindSystems,
  announce: Announce,
): Promise<Outcome> {
  const { ledger } = await repository.ledger.read()
  const { wanted } = ledger
  if (wanted === undefined || wanted.systems !== undefined) return done
  const result = await systems({
    repository: repository.name,
    mirror: repository.mirror,
    source: await repository.source(wanted.source),
    generated: () => Promise.resolve(wanted.generated),
    ledger,
  })
  const ticked = await tick(repository, ports, (now) => setSystems(now, wanted.seq, result.systems))
  // Something newer may be wanted by now: what was evaluated says nothing about that.
  const isCurrent = ticked.decision.ledger.wanted?.seq === wanted.seq
  await announce.ticked(repository, ticked, isCurrent ? result.evaluated : undefined)
  return done
}
