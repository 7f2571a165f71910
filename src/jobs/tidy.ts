import type { Log, Metrics, Outcome } from '../model/ports.ts'
import type { CommandPorts } from './comments.ts'
import { dropStaleSayings } from './comments.ts'
import { done } from './outcome.ts'
import { hasProposalBranches, removeProposalBranches } from './proposal-branch.ts'
import type { Repository } from './repository.ts'

export interface TidyPorts extends CommandPorts {
  readonly log: Log
  readonly metrics: Pick<Metrics, 'deliveriesMissed'>
}

/**
 * The `tidy` job of each poll: drops what was said of heads that are gone and branches of proposals that
 * are closed, and has the forge send again what had not arrived.
 */
export async function tidy(repository: Repository, ports: TidyPorts): Promise<Outcome> {
  const { name, forge, ledger: store } = repository
  const { log, metrics, clock } = ports
  const { ledger } = await store.read()
  const isSaid = ledger.approvals !== undefined || ledger.allowances !== undefined
  if (isSaid || (await hasProposalBranches(repository))) {
    const listedAt = clock.now()
    const proposals = await forge.proposals()
    await dropStaleSayings(repository, proposals, listedAt, ports)
    const open = new Set(proposals.map(({ id }) => id))
    const isShown = (id: string): boolean => repository.proposalBranches === true && open.has(id)
    await removeProposalBranches(repository, isShown, log)
  }
  const missed = await forge.redeliver()
  if (missed === 0) return done
  metrics.deliveriesMissed(name, missed)
  log.warn({ repository: name, missed }, 'webhooks had not arrived: the forge sends them again')
  return done
}
