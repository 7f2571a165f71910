import type { Outcome } from '../model/ports.ts'
import { setPublished } from '../rollout/wanted.ts'
import type { Announce } from './announce.ts'
import { done } from './outcome.ts'
import { publish } from './publish.ts'
import type { PublishSettings } from './publish.ts'
import type { Repository } from './repository.ts'
import type { FindSystems } from './systems.ts'
import { tick } from './tick.ts'
import type { TickPorts } from './tick.ts'

/** Compiles the deployed branch's tip, publishes its rendering and lets a tick want it. */
export async function publishTip(
  repository: Repository,
  ports: TickPorts,
  settings: PublishSettings,
  systems: FindSystems,
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
  announce.received(repository, tip)
  const generated = await publish(repository, tip, source, settings)
  // A tip that moved meanwhile is published by the job that its own tick asks for.
  let isKnown = false
  const ticked = await tick(
    repository,
    ports,
    (ledger, now) => (now === tip ? setPublished(ledger, { source: tip, generated }) : undefined),
    async (ledger) => {
      if (ledger.wanted?.source !== tip) return undefined
      // A planned merge or a revert starts at once; only the unknown waits for Nix.
      const known = await systems({
        repository: repository.name,
        mirror: repository.mirror,
        source,
        ledger,
      })
      isKnown = known !== undefined
      return known?.systems
    },
  )
  await announce.ticked(repository, ticked, isKnown ? 0 : undefined)
  return done
}
