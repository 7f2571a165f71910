import type { Forge, Proposal } from '../model/forge.ts'
import type { Ledger } from '../model/ledger.ts'
import type { Log, Outcome, Queue } from '../model/ports.ts'
import { currentRollout } from '../rollout/record.ts'
import type { Announce } from './announce.ts'
import { done } from './outcome.ts'
import { draftPlan } from './plan.ts'
import type { Planned, PlannedMerge, PlanPorts } from './plan.ts'
import type { Repository } from './repository.ts'

/** What this process has planned: a proposal of a repository -> what it is of, and what came out. */
export type PlannedProposals = Map<string, { readonly of: string; readonly planned?: Planned }>

export interface PlanJobPorts extends PlanPorts {
  readonly log: Log
  readonly queue: Queue
  readonly announce: Announce
}

/** Plans with texts that this process keeps, so that one whose base moves can say so. */
const keptPlans = 50

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
  const key = keyOf(repository, id)
  const proposal = await forge.proposal(id)
  if (proposal === undefined) {
    planned.delete(key)
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
  remember(planned, key, { of, planned: result })
  if (repository.proposalBranches === true && draft.merged !== undefined) await showIt()
  return done

  // Whoever plans pushes nothing.
  function showIt(): Promise<void> {
    return queue.add({ kind: 'show', repository: repository.name, proposal: id })
  }

  async function tellDraft(soFar: Planned): Promise<void> {
    const last = planned.get(key)?.planned
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

function remember(
  planned: PlannedProposals,
  key: string,
  result: { readonly of: string; readonly planned: Planned },
): void {
  planned.delete(key)
  planned.set(key, result)
  const withPlan = [...planned].filter(([, known]) => known.planned !== undefined)
  for (const [old, { of }] of withPlan.slice(0, -keptPlans)) planned.set(old, { of })
}

export const keyOf = ({ name }: Repository, proposal: string): string => `${name} ${proposal}`

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
