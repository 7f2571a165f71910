import type { Rollout } from '../model/ledger.ts'
import type { CommitStatus } from '../model/forge.ts'
import type { Log } from '../model/ports.ts'
import { conflictComment, planComment } from '../report/plan-comment.ts'
import { problemsComment } from '../report/problems-comment.ts'
import { rolloutEndLines } from '../report/rollout-text.ts'
import { headline, sentences } from '../report/summary.ts'
import { count, list } from '../report/wording.ts'
import { isSettled } from '../rollout/settled.ts'
import type { Announce } from './announce.ts'
import { plannedLines } from './planned-lines.ts'
import type { Repository } from './repository.ts'

/** Tells the forge: comments on proposals and statuses of commits, each thing once in this process. */
export function createForgeAnnounce({ log }: { readonly log: Log }): Announce {
  /** What the forge was told of a commit's deployment, and what is being told. */
  const told = new Map<string, string>()
  const telling = new Map<string, Promise<void>>()

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
    const key = `${name} ${commit}`
    const text = `${state} ${description}`
    if (told.get(key) === text) return
    told.set(key, text)
    const status = { context: 'nixcluster/deploy', state, description }
    const before = telling.get(name) ?? Promise.resolve()
    const now = before
      .then(() => forge.ensureStatus(commit, status))
      .catch((error: unknown) => {
        if (told.get(key) === text) told.delete(key)
        log.warn({ repository: name, commit, err: error }, 'the forge could not be told')
      })
    telling.set(name, now)
  }

  return {
    async mistakes(repository, commit, { mistakes }) {
      const description = `${count(mistakes.length, 'mistake')} in the configuration; nothing is deployed`
      deployStatus(repository, commit, 'failure', description)
    },

    received() {},

    async planned(repository, proposal, planned) {
      const { forge } = repository
      const { head } = proposal
      const tell = async (
        comment: string,
        state: CommitStatus['state'],
        description: string,
      ): Promise<void> => {
        const text = plannedLines(proposal, planned).join('\n')
        await forge.ensureComment(proposal, { markdown: comment, text })
        await forge.ensureStatus(head, { context: 'nixcluster/plan', state, description })
      }
      const links = forge.blob === undefined ? {} : { blob: forge.blob(head) }
      switch (planned.kind) {
        case 'plan': {
          const { tookMs: _, ...lasting } = planned.plan
          return tell(
            planComment(lasting, { showContents: false, ...links }),
            lasting.failures.length > 0 ? 'failure' : 'success',
            sentences(headline(lasting)),
          )
        }
        case 'mistakes': {
          const { diagnostics } = planned
          return tell(
            problemsComment(diagnostics, { head, ...links }),
            'failure',
            `${count(diagnostics.length, 'mistake')} in the configuration`,
          )
        }
        case 'conflict':
          return tell(
            conflictComment(planned.title, planned.files),
            'failure',
            `cannot be merged into ${proposal.base}: conflict in ${list(planned.files)}`,
          )
        case 'nothing':
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
      if (waits === 'rewound' && ledger.rewound) {
        const text = 'The branch was rewound; nothing is deployed before: nixcluster deploy'
        return deployStatus(repository, ledger.rewound.tip, 'pending', text)
      }
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
