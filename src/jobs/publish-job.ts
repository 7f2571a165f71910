import type { Outcome } from '../model/ports.ts'
import { setPublished } from '../rollout/wanted.ts'
import type { Announce } from './announce.ts'
import { done } from './outcome.ts'
import { publish } from './publish.ts'
import type { PublishSettings } from './publish.ts'
import type { Repository } from './repository.ts'
import { tick } from './tick.ts'
import type { TickPorts } from './tick.ts'

/** Compiles the deployed branch's tip, publishes its rendering and lets a tick want it. */
export async function publishTip(
  repository: Repository,
  ports: TickPorts,
  settings: PublishSettings,
  announce: Announce,
): Promise<Outcome> {
  await repository.git.fetch()
  const tip = (await repository.git.branches()).get(repository.branch)
  if (tip === undefined) return { kind: 'stop', reason: `there is no branch ${repository.branch}` }
  const source = await repository.source(tip)
  if (source.mistakes.length > 0) {
    await announce.mistakes(repository, tip, source)
    return done
  }
  await announce.received(repository, tip, source)
  const generated = await publish(repository, tip, source, settings)
  // A tip that moved meanwhile is published by the job that its own tick asks for.
  const ticked = await tick(repository, ports, (ledger, now) =>
    now === tip ? setPublished(ledger, { source: tip, generated }) : undefined,
  )
  await announce.ticked(repository, ticked)
  return done
}
