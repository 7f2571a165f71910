import type { Rollout } from '../model/ledger.ts'
import type { Check, CommitStatus, Proposal } from '../model/forge.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { Plan } from '../model/plan.ts'
import { toAnnotations } from '../report/annotations.ts'
import { escapeText } from '../report/markdown.ts'
import { conflictComment, planComment, staleComment } from '../report/plan-comment.ts'
import { heldBack } from '../report/held-back.ts'
import { problemsComment } from '../report/problems-comment.ts'
import { rolloutEndLines } from '../report/rollout-text.ts'
import { mistakesStatusLine, planStatusLine, statusLine } from '../report/status-line.ts'
import { count, list } from '../report/wording.ts'
import { isSettled } from '../rollout/settled.ts'
import type { Announce } from './announce.ts'
import { createRolloutTelling } from './announce-rollout.ts'
import type { RolloutPorts } from './announce-rollout.ts'
import type { Planned } from './plan.ts'
import { plannedLines } from './planned-lines.ts'
import type { Repository } from './repository.ts'
import { createTeller } from './teller.ts'

export interface ForgePorts {
  readonly clock: Clock
  readonly log: Log
  readonly logUrl?: RolloutPorts['logUrl']
}

/** Tells the forge: comments on proposals, statuses and checks of commits. */
export function createForgeAnnounce({ clock, log, logUrl }: ForgePorts): Announce {
  const teller = createTeller({ clock, log })
  const tellRollout = createRolloutTelling({ teller, ...(logUrl === undefined ? {} : { logUrl }) })

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
      const showing = { ...(await showingOf(repository, proposal)), evaluating: true }
      const markdown = planComment(lasting(soFar.plan), showing)
      await comment(repository, proposal, soFar, markdown)
      await planStatus(repository, proposal, { state: 'pending', description: evaluating })
      if (soFar.warnings.length === 0) return
      // A check that is not over would hold nobody up: the status does.
      await check(repository, proposal, soFar, { state: 'neutral', title: evaluating, markdown })
    },

    async outdated(repository, proposal, last, now) {
      if (repository.forge.kind === 'git') return
      const was = planComment(lasting(last.plan), await showingOf(repository, proposal))
      await comment(repository, proposal, last, staleComment(was, now))
      const description = statusLine(`${now.base} has moved: this plan is being made again.`)
      await planStatus(repository, proposal, { state: 'pending', description })
    },

    async planned(repository, proposal, planned) {
      if (planned.kind === 'nothing') return
      const markdown = bodyOf(proposal, planned, await showingOf(repository, proposal))
      const { state, title } = verdictOf(proposal, planned)
      await comment(repository, proposal, planned, markdown)
      await check(repository, proposal, planned, {
        state: state === 'pending' ? 'neutral' : state,
        ...{ title, markdown },
      })
      await planStatus(repository, proposal, { state, description: title })
    },

    nothingProposed: () => Promise.resolve(),

    answered: () => Promise.resolve(),

    status: () => Promise.resolve(),

    nothingWaits: () => Promise.resolve(),

    async ticked(repository, { before, decision }) {
      tellRollout(repository, { before, decision })
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
  status: Pick<CommitStatus, 'state' | 'description'>,
): Promise<void> => forge.ensureStatus(head, { context: 'nixcluster/plan', ...status })

const evaluating = 'Being evaluated.'

type Told = Exclude<Planned, { readonly kind: 'nothing' }>

/** What a merge would mean for whoever has to let it through. */
function verdictOf(
  { base }: Proposal,
  planned: Told,
): { readonly state: 'success' | 'failure' | 'pending'; readonly title: string } {
  switch (planned.kind) {
    case 'plan': {
      const { plan } = planned
      const title = planStatusLine(plan)
      const isRefused = plan.failures.length > 0 || plan.removals !== undefined
      if (isRefused) return { state: 'failure', title }
      // Somebody has to approve it first.
      return { state: plan.kind === 'static' ? 'pending' : 'success', title }
    }
    case 'mistakes':
      return { state: 'failure', title: mistakesStatusLine(planned.diagnostics) }
    case 'conflict': {
      const text = `Cannot be merged into ${base}: conflict in ${list(planned.files)}`
      return { state: 'failure', title: statusLine(text) }
    }
  }
}

function bodyOf({ head }: Proposal, planned: Told, showing: Showing): string {
  switch (planned.kind) {
    case 'plan':
      return planComment(lasting(planned.plan), showing)
    case 'mistakes':
      return problemsComment(planned.diagnostics, { head, ...showing })
    case 'conflict':
      return conflictComment(planned.title, planned.files)
  }
}

/** One check of ours beside the statuses: it has what is wrong beside its lines. */
async function check(
  { forge }: Repository,
  { kind, head }: Proposal,
  planned: Told,
  {
    markdown,
    ...verdict
  }: Pick<Check, 'state' | 'title'> & {
    readonly markdown: string
  },
): Promise<void> {
  const diagnostics =
    planned.kind === 'conflict'
      ? []
      : planned.kind === 'plan'
        ? planned.warnings
        : planned.diagnostics
  const files = planned.kind === 'conflict' ? new Set<string>() : planned.changedFiles
  await forge.ensureCheck(head, {
    ...{ name: 'nixcluster', ...verdict },
    // The comment has it all, where there is one.
    summary: kind === 'queue' ? markdown : escapeText(verdict.title),
    annotations: toAnnotations(diagnostics, files),
  })
}

/** Without its time, which would make another text of the same plan. */
function lasting({ tookMs: _, ...plan }: Plan): Plan {
  return plan
}
