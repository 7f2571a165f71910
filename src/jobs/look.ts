import { besidePush } from '../log/trace.ts'
import type { Proposal } from '../model/forge.ts'
import type { Clock, Log, Metrics, Outcome, Queue } from '../model/ports.ts'
import type { Announce } from './announce.ts'
import { dropStaleSayings } from './comments.ts'
import { done } from './outcome.ts'
import { keyOf, stateOf } from './plan-job.ts'
import type { PlannedProposals } from './plan-job.ts'
import { removeProposalBranches } from './proposal-branch.ts'
import type { Repository } from './repository.ts'

export interface LookPorts {
  readonly clock: Clock
  readonly queue: Queue
  readonly announce: Announce
  readonly log: Log
  readonly metrics: Pick<Metrics, 'deliveriesMissed'>
}

/**
 * Looks at one branch, or at everything where none is named: the poll's tick sees for
 * itself what is due on the deployed branch; proposals get a plan where head, base or what people said
 * have moved.
 */
export async function look(
  repository: Repository,
  branch: string | undefined,
  planned: PlannedProposals,
  ports: LookPorts,
): Promise<Outcome> {
  const { queue, announce } = ports
  const { name, forge, git } = repository
  if (branch === repository.branch) {
    await queue.add({ kind: 'publish', repository: name })
    return done
  }
  if (branch === undefined) await queue.add({ kind: 'rollout', repository: name })
  await git.fetch()
  const branches = await git.branches()
  const base = branches.get(repository.branch)
  const listedAt = ports.clock.now()
  const proposals = await forge.proposals()
  const head = branch === undefined ? undefined : branches.get(branch)
  if (branch !== undefined && head !== undefined && !proposals.some((one) => one.branch === branch))
    await announce.nothingProposed(repository, branch, head)
  const { ledger } = await repository.ledger.read()
  for (const proposal of proposals) {
    const asked = branch === proposal.branch
    const known = planned.get(keyOf(repository, proposal.id))?.of
    if (!asked && known === stateOf(proposal, base, ledger)) continue
    if (branch !== undefined && !asked && forge.kind === 'git') continue
    // What is merged already proposes nothing.
    if (!asked && base && (await git.isAncestor(proposal.head, base))) continue
    const add = () => queue.add({ kind: 'plan', repository: name, proposal: proposal.id })
    await (asked ? add() : besidePush(add))
  }
  if (branch === undefined) await catchUp(repository, proposals, listedAt, ports)
  return done
}

/** What a webhook would have told, had it arrived, and what is left over of proposals that are closed. */
async function catchUp(
  repository: Repository,
  proposals: readonly Proposal[],
  listedAt: Date,
  ports: LookPorts,
): Promise<void> {
  const { queue, log, metrics } = ports
  const { name, forge } = repository
  for (const { id, kind } of proposals) {
    if (kind === 'pull-request')
      await queue.add({ kind: 'comments', repository: name, proposal: id })
  }
  await dropStaleSayings(repository, proposals, listedAt, ports)
  const open = new Set(proposals.map(({ id }) => id))
  await removeProposalBranches(
    repository,
    (id) => repository.proposalBranches === true && open.has(id),
    log,
  )
  const missed = await forge.redeliver()
  if (missed === 0) return
  metrics.deliveriesMissed(name, missed)
  log.warn({ repository: name, missed }, 'webhooks had not arrived: the forge sends them again')
}
