import type { Clock, Outcome } from '../model/ports.ts'
import { statusText } from '../report/status-text.ts'
import { pausesOf } from '../rollout/pause.ts'
import { standings } from '../rollout/standing.ts'
import type { Announce } from './announce.ts'
import { done } from './outcome.ts'
import type { Repository } from './repository.ts'
import { inventoryOf } from './source.ts'
import { fleetOf, meantBy } from './tick.ts'

/** The `status` job: what `nixcluster status` shows, as data and as text, told to whoever asked. */
export async function tellStatus(
  repository: Repository,
  id: string,
  { announce, clock }: { readonly announce: Announce; readonly clock: Clock },
): Promise<Outcome> {
  await announce.status(repository, id, await statusOf(repository, clock))
  return done
}

async function statusOf(repository: Repository, clock: Clock): Promise<object> {
  const { branch } = repository
  const { ledger } = await repository.ledger.read()
  const inventory = await inventoryOf(repository, ledger.wanted?.source)
  const meant = inventory ? meantBy(ledger, inventory) : {}
  const paused = pausesOf(ledger, meant, clock.now().toISOString())
  const now = standings(ledger, inventory ? fleetOf(inventory) : [], paused)
  const mistaken = await mistakenTip(repository)
  const status = {
    branch,
    ledger,
    standings: now,
    meant,
    ...(mistaken === undefined ? {} : { mistaken }),
  }
  return { ...status, text: statusText(status) }
}

async function mistakenTip({ branch, git, source }: Repository) {
  const tip = (await git.branches()).get(branch)
  if (tip === undefined) return undefined
  const { mistakes } = await source(tip)
  return mistakes.length === 0 ? undefined : { tip, mistakes: mistakes.length }
}
