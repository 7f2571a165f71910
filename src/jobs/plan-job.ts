import type { Forge, Proposal } from '../model/forge.ts'
import type { Ledger } from '../model/ledger.ts'
import type { Log, Outcome, Queue } from '../model/ports.ts'
import { currentRollout } from '../rollout/record.ts'
import type { Announce } from './announce.ts'
import { done } from './outcome.ts'
import { draftPlan } from './plan.ts'
import type { Planned, PlannedMerge, PlanPorts } from './plan.ts'
import type { PlannedProposals } from './planned-proposals.ts'
import type { Repository } from './repository.ts'

export interface PlanJobPorts extends PlanPorts {
  readonly log: Log
  readonly queue: Queue
  readonly announce: Announce
}

/**
 * The `plan` job: tells what is known without Nix before Nix is asked, and the whole plan after it. What
 * is planned is the newest head; where it moves meanwhile nothing is told of the old one.
 */
export async function planProposal(
  repository: Repository,
  id: string,
  planned: PlannedProposals,
  ports: PlanJobPorts,
): Promise<Outcome> {
  const { queue, announce, log } = ports
  const { forge, git } = repository
  const proposal = await forge.proposal(id)
  if (proposal === undefined) {
    planned.drop(repository, id)
    if (repository.proposalBranches === true) await showIt()
    return done
  }
  // After it was asked for, so that its head is there.
  await git.fetch()
  const base = (await git.branches()).get(proposal.base)
  const of = stateOf(proposal, base, (await repository.ledger.read()).ledger)
  const draft = await draftPlan(repository, proposal, ports)
  const result =
    (await draft.evaluate?.('remembered')) ??
    (draft.evaluate === undefined
      ? draft.planned
      : (await Promise.all([draft.evaluate('with Nix'), tellDraft(draft.planned)]))[0])
  if (await isOvertaken(forge, proposal)) {
    await queue.add({ kind: 'plan', repository: repository.name, proposal: id })
    return done
  }
  await announce.planned(repository, proposal, result)
  await planned.keep(repository, id, of, result)
  if (repository.proposalBranches === true && draft.merged !== undefined) await showIt()
  return done

  // Whoever plans pushes nothing.
  function showIt(): Promise<void> {
    return queue.add({ kind: 'show', repository: repository.name, proposal: id })
  }

  async function tellDraft(soFar: Planned): Promise<void> {
    const last = planned.last(repository, id)
    const isStale = soFar.kind === 'plan' && last?.kind === 'plan' && isOfHead(last, proposal!)
    await (
      isStale
        ? announce.outdated(repository, proposal!, last, soFar.plan.title)
        : announce.planning(repository, proposal!, soFar)
    ).catch((error: unknown) =>
      // The plan itself is told again and again until it is heard.
      log.warn({ repository: repository.name, proposal: id, err: error }, 'nobody was told'),
    )
  }
}

const isOfHead = ({ plan }: PlannedMerge, { head, base }: Proposal): boolean =>
  plan.kind === 'evaluated' && plan.title.head === head && plan.title.base === base

/** Closed, or with another head. */
async function isOvertaken(forge: Forge, { id, head, base }: Proposal): Promise<boolean> {
  const now = await forge.proposal(id)
  return now?.head !== head || now.base !== base
}

/**
 * Everything that makes another plan of a proposal, but for what Nix is given. Machines are not looked at
 * one by one: a plan is made anew when their rollout has ended.
 */
export function stateOf(proposal: Proposal, base: string | undefined, ledger: Ledger): string {
  const ofThis = (said: { readonly proposal: string }): boolean => said.proposal === proposal.id
  const { seq, state } = currentRollout(ledger) ?? {}
  return JSON.stringify([
    ...[proposal.head, proposal.base, proposal.trusted, base],
    ...[seq, state, ledger.adopted !== undefined],
    ledger.approvals?.filter(ofThis) ?? [],
    ledger.allowances?.filter(ofThis) ?? [],
    ledger.pauses ?? [],
  ])
}
