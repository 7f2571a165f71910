import type { Outcome, Queue } from '../model/ports.ts'
import type { Announce } from './announce.ts'
import { done } from './outcome.ts'
import { keyOf, stateOf } from './plan-job.ts'
import type { PlannedProposals } from './plan-job.ts'
import type { Repository } from './repository.ts'

/**
 * Looks at one branch, or at everything where none is named: the poll's tick sees for
 * itself what is due on the deployed branch; proposals get a plan where head or base have moved.
 */
export async function look(
  repository: Repository,
  branch: string | undefined,
  queue: Queue,
  planned: PlannedProposals,
  announce: Announce,
): Promise<Outcome> {
  if (branch === repository.branch) {
    await queue.add({ kind: 'publish', repository: repository.name })
    return done
  }
  if (branch === undefined) await queue.add({ kind: 'rollout', repository: repository.name })
  await repository.git.fetch()
  const branches = await repository.git.branches()
  const base = branches.get(repository.branch)
  const proposals = await repository.forge.proposals()
  const head = branch === undefined ? undefined : branches.get(branch)
  if (branch !== undefined && head !== undefined && !proposals.some((one) => one.branch === branch))
    await announce.nothingProposed(repository, branch, head)
  const { ledger } = await repository.ledger.read()
  for (const proposal of proposals) {
    const asked = branch === proposal.branch
    const known = planned.get(keyOf(repository, proposal.id))?.of
    if (!asked && known === stateOf(proposal, base, ledger)) continue
    if (branch !== undefined && !asked && repository.forge.kind === 'git') continue
    // What is merged already proposes nothing.
    if (!asked && base && (await repository.git.isAncestor(proposal.head, base))) continue
    await queue.add({ kind: 'plan', repository: repository.name, proposal: proposal.id })
  }
  return done
}
