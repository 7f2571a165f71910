import type { Forge, Git, Proposal } from '../model/ports.ts'

export interface PlainGitOptions {
  readonly git: Git
  /** The branch that is deployed; every other one is a proposal. */
  readonly branch: string
}

/** A bare repository without a forge: people see what we say on the terminal that they push from. */
export function createPlainGit({ git, branch: base }: PlainGitOptions): Forge {
  const toProposal = (branch: string, head: string): Proposal => ({
    id: branch,
    branch,
    head,
    base,
    // Whoever can push to the repository could as well push to the deployed branch.
    trusted: true,
  })
  const isOurs = (branch: string): boolean =>
    branch === 'nixcluster' || branch.startsWith('nixcluster/')

  return {
    kind: 'git',

    async proposals() {
      await git.fetch()
      const branches = await git.branches()
      const deployed = branches.get(base)
      return [...branches]
        .filter(([branch, head]) => branch !== base && !isOurs(branch) && head !== deployed)
        .map(([branch, head]) => toProposal(branch, head))
    },

    async proposal(id) {
      if (id === base || isOurs(id)) return undefined
      const head = await git.remoteTip(id)
      return head === undefined ? undefined : toProposal(id, head)
    },

    // The plan goes to the pusher by way of Progress, from the job that made it. A git note would
    // cost two more round trips to the remote with every plan, and nobody fetches notes by default.
    ensureComment: () => Promise.resolve(),
    ensureStatus: () => Promise.resolve(),
  }
}
