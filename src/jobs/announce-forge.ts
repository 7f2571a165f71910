import type { Rollout } from '../model/ledger.ts'
import type { CommitStatus, Proposal } from '../model/forge.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { Plan } from '../model/plan.ts'
import { conflictComment, planComment } from '../report/plan-comment.ts'
import { heldBack } from '../report/held-back.ts'
import { problemsComment } from '../report/problems-comment.ts'
import { rolloutEndLines } from '../report/rollout-text.ts'
import { headline, sentences } from '../report/summary.ts'
import { count, list } from '../report/wording.ts'
import { isSettled } from '../rollout/settled.ts'
import type { Announce } from './announce.ts'
import type { Planned } from './plan.ts'
import { plannedLines } from './planned-lines.ts'
import type { Repository } from './repository.ts'
import { createTeller } from './teller.ts'

export interface ForgePorts {
  readonly clock: Clock
  readonly log: Log
}

/** Tells the forge: comments on proposals, statuses and checks of commits. */
export function createForgeAnnounce({ clock, log }: ForgePorts): Announce {
  const teller = createTeller({ clock, log })

  /**
   * Not waited for: a forge that is away must not hold a deployment. What it could not be told is told
   * again by a later tick, what it was told is not.
   */
  const deployStatus = (
    { name, forge }: Repository,
    commit: string,
    state: CommitStatus['state'],
    description: string,
  ): void => {
    const status = { context: 'nixcluster/deploy', state, description }
    teller.tell({ repository: name, name: `status of ${commit}` }, `${state} ${description}`, () =>
      forge.ensureStatus(commit, status),
    )
  }

  return {
    async mistakes(repository, commit, { mistakes }) {
      const description = `${count(mistakes.length, 'mistake')} in the configuration; nothing is deployed`
      deployStatus(repository, commit, 'failure', description)
    },

    received() {},

    async planning(repository, proposal, soFar) {
      // Nobody waits for a note in git.
      if (soFar.kind !== 'plan' || repository.forge.kind === 'git') return
      const showing = await showingOf(repository, proposal)
      await comment(repository, proposal, soFar, planComment(lasting(soFar.plan), showing))
      await planStatus(repository, proposal, 'pending', 'Being evaluated.')
    },

    async outdated(repository, proposal, _last, now) {
      await planStatus(repository, proposal, 'pending', `${now.base} has moved: planned again.`)
    },

    async planned(repository, proposal, planned) {
      if (planned.kind === 'nothing') return
      const showing = await showingOf(repository, proposal)
      const { head, base } = proposal
      switch (planned.kind) {
        case 'plan': {
          const { plan } = planned
          await comment(repository, proposal, planned, planComment(lasting(plan), showing))
          const state = plan.failures.length > 0 ? 'failure' : 'success'
          return planStatus(repository, proposal, state, sentences(headline(plan)))
        }
        case 'mistakes': {
          const { diagnostics } = planned
          const markdown = problemsComment(diagnostics, { head, ...showing })
          await comment(repository, proposal, planned, markdown)
          const description = `${count(diagnostics.length, 'mistake')} in the configuration`
          return planStatus(repository, proposal, 'failure', description)
        }
        case 'conflict': {
          const { title, files } = planned
          await comment(repository, proposal, planned, conflictComment(title, files))
          const description = `cannot be merged into ${base}: conflict in ${list(files)}`
          return planStatus(repository, proposal, 'failure', description)
        }
      }
    },

    nothingProposed: () => Promise.resolve(),

    nothingWaits: () => Promise.resolve(),

    async ticked(repository, { before, decision }) {
      const { ledger, standing, waits } = decision
      const { wanted } = ledger
      for (const rollout of ledger.rollouts) {
        const was = before.rollouts.find(({ seq }) => seq === rollout.seq)
        if (rollout.state !== 'superseded' || was?.state === 'superseded') continue
        if (rollout.source === wanted?.source) continue
        const text = rolloutEndLines({ ledger, rollout, standings: {} }).join(' ')
        deployStatus(repository, rollout.source, 'error', text)
      }
      const held = heldBack(ledger)
      if (held !== undefined) return deployStatus(repository, held.commit, 'pending', held.text)
      if (wanted === undefined) return
      if (!isSettled(decision)) {
        return deployStatus(repository, wanted.source, 'pending', 'Being deployed.')
      }
      if (wanted.systems === undefined) return
      if (waits === 'adoption') {
        const text = 'The machines were read; nothing is deployed before: nixcluster deploy'
        return deployStatus(repository, wanted.source, 'pending', text)
      }
      const rollout = ledger.rollouts.find(({ seq }) => seq === wanted.seq)
      if (rollout === undefined) return
      const { parents } = await repository.git.readCommit(wanted.source)
      const end = { ledger, rollout, standings: standing, isMerge: parents.length > 1 }
      // Without its time, which would make another text of it after a restart.
      deployStatus(repository, wanted.source, stateOf(rollout), rolloutEndLines(end).join(' '))
    },

    machine() {},
  }
}

/** A machine that does not answer keeps its rollout running: it gets the commit when it is back. */
function stateOf({ state, reason }: Rollout): CommitStatus['state'] {
  if (state === 'running') return 'pending'
  return state === 'done' && reason === undefined ? 'success' : 'failure'
}

/** What a comment may show, and where it links to. */
interface Showing {
  readonly showContents: boolean
  readonly blob?: string
}

async function showingOf(
  { forge, showContents }: Repository,
  { head }: Proposal,
): Promise<Showing> {
  return {
    // What a comment says everybody can read who can read the repository.
    showContents: showContents ?? (await forge.isPrivate()),
    ...(forge.blob === undefined ? {} : { blob: forge.blob(head) }),
  }
}

/** A head of a merge queue has no page that could be commented on. */
async function comment(
  { forge }: Repository,
  proposal: Proposal,
  planned: Planned,
  markdown: string,
): Promise<void> {
  if (proposal.kind === 'queue') return
  const said = planned.kind === 'plan' ? { ...planned, plan: lasting(planned.plan) } : planned
  const text = plannedLines(proposal, said).join('\n')
  await forge.ensureComment(proposal, { markdown, text })
}

const planStatus = (
  { forge }: Repository,
  { head }: Proposal,
  state: CommitStatus['state'],
  description: string,
): Promise<void> => forge.ensureStatus(head, { context: 'nixcluster/plan', state, description })

/** Without its time, which would make another text of the same plan. */
function lasting({ tookMs: _, ...plan }: Plan): Plan {
  return plan
}
