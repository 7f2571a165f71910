import type { Outcome } from '../model/ports.ts'
import { done } from './outcome.ts'
import { draftPlan } from './plan.ts'
import type { PlanJobPorts } from './plan-job.ts'
import { ensureProposalBranch, removeProposalBranches } from './proposal-branch.ts'
import type { Repository } from './repository.ts'

/**
 * The `show` job: keeps what a proposal that may be evaluated is rendered to on a branch, and takes that
 * branch away when the proposal is closed. No Nix is run for it.
 */
export async function showProposal(
  repository: Repository,
  id: string,
  ports: PlanJobPorts,
): Promise<Outcome> {
  const proposal = await repository.forge.proposal(id)
  // After it was asked for, so that its head is there.
  await repository.git.fetch()
  if (proposal === undefined) {
    await removeProposalBranches(repository, (other) => other !== id, ports.log)
    return done
  }
  if (repository.proposalBranches !== true || proposal.kind === 'queue') return done
  const { merged } = await draftPlan(repository, proposal, ports)
  if (merged === undefined) return done
  await ensureProposalBranch(repository, proposal, merged, ports.settings, ports.log)
  return done
}
