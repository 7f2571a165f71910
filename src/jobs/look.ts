import { besidePush } from '../log/trace.ts'
import type { Outcome, Queue } from '../model/ports.ts'
import type { Announce } from './announce.ts'
import { done } from './outcome.ts'
import { stateOf } from './plan-job.ts'
import type { PlannedProposals } from './planned-proposals.ts'
import type { Repository } from './repository.ts'

export interface LookPorts {
  readonly queue: Queue
  readonly announce: Announce
}

/**
 * Looks at one branch, or at everything where none is named: proposals get a plan where head, base or what
 * people said have moved. The deployed branch is seen to by `publish` and `rollout`.
 */
export async function look(
  repository: Repository,
  branch: string | undefined,
  planned: PlannedProposals,
  { queue, announce }: LookPorts,
): Promise<Outcome> {
  const { name, forge, git } = repository
  if (branch === repository.branch) return done
  await git.fetch()
  const branches = await git.branches()
  const base = branches.get(repository.branch)
  const proposals = await forge.proposals()
  const head = branch === undefined ? undefined : branches.get(branch)
  if (branch !== undefined && head !== undefined && !proposals.some((one) => one.branch === branch))
    await announce.nothingProposed(repository, branch, head)
  const { ledger } = await repository.ledger.read()
  for (const proposal of proposals) {
    const asked = branch === proposal.branch
    const state = stateOf(proposal, base, ledger)
    if (!asked && (await planned.has(repository, proposal.id, state))) continue
    if (branch !== undefined && !asked && forge.kind === 'git') continue
    // What is merged already proposes nothing.
    if (!asked && base && (await git.isAncestor(proposal.head, base))) continue
    const add = () => queue.add({ kind: 'plan', repository: name, proposal: proposal.id })
    await (asked ? add() : besidePush(add))
  }
  if (branch !== undefined) return done
  for (const { id, kind } of proposals) {
    if (kind === 'pull-request')
      await queue.add({ kind: 'comments', repository: name, proposal: id })
  }
  return done
}
