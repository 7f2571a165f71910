import { GitError } from '../model/errors.ts'
import type { Forge, Proposal } from '../model/forge.ts'
import type { Git, Log } from '../model/ports.ts'
import { examineHooks } from './plain-git-hooks.ts'
import { isOwnBranch } from './own-branches.ts'

export interface PlainGitOptions {
  readonly git: Git
  /** The branch that is deployed; every other one is a proposal. */
  readonly branch: string
  readonly log: Log
  /** The repository, where it is a folder of this machine. */
  readonly folder?: string
}

/** Where plans are kept for whoever asks later: `git notes --ref=nixcluster show COMMIT`. */
const notes = 'refs/notes/nixcluster'

/** How often a note is tried while others write notes too. */
const attempts = 5

/** A bare repository without a forge: people see what we say on the terminal that they push from. */
export function createPlainGit({ git, branch: base, log, folder }: PlainGitOptions): Forge {
  const toProposal = (branch: string, head: string): Proposal => ({
    id: branch,
    kind: 'branch',
    branch,
    head,
    base,
    // Whoever can push to the repository could as well push to the deployed branch.
    trusted: true,
  })
  return {
    kind: 'git',

    async proposals() {
      await git.fetch()
      const branches = await git.branches()
      const deployed = branches.get(base)
      return [...branches]
        .filter(([branch, head]) => branch !== base && !isOwnBranch(branch) && head !== deployed)
        .map(([branch, head]) => toProposal(branch, head))
    },

    async proposal(id) {
      if (id === base || isOwnBranch(id)) return undefined
      const head = await git.remoteTip(id)
      return head === undefined ? undefined : toProposal(id, head)
    },

    mergedBy: () => Promise.resolve(undefined),
    // The pusher was told by way of Progress, before this; nobody waits for the note.
    async ensureComment({ branch, head }, { text }) {
      try {
        for (let attempt = 1; attempt <= attempts; attempt++) {
          if ((await git.note(notes, head, `${text.trimEnd()}\n`)) !== 'stale') return
        }
        log.warn({ branch, head }, `the plan is not in ${notes}: others write there all the time`)
      } catch (error) {
        if (!(error instanceof GitError)) throw error
        log.warn({ branch, head, err: error }, `the plan is not in ${notes}`)
      }
    },
    ensureStatus: () => Promise.resolve(),
    ensureCheck: () => Promise.resolve(),
    ensureDeployment: () => Promise.resolve(),
    commands: () => Promise.resolve([]),
    answer: () => Promise.resolve(),
    // Nobody is known here by a name that could be checked.
    mayPush: () => Promise.resolve(false),
    // What is said goes to those who could read the repository anyway.
    isPrivate: () => Promise.resolve(true),
    redeliver: () => Promise.resolve(0),
    examine: ({ branches }) => examineHooks(folder, branches),
  }
}
