import type { Forge, Proposal } from '../model/forge.ts'

/** Whether a branch is one that only the controller writes. */
export const isOwnBranch = (branch: string): boolean =>
  branch === 'nixcluster' || branch.startsWith('nixcluster/')

/** A forge in which nobody proposes a branch of ours, nor a change to one. */
export function withoutOwnBranches(forge: Forge, generatedBranch: string): Forge {
  const isOurs = (branch: string): boolean => isOwnBranch(branch) || branch === generatedBranch
  const isProper = ({ branch, base }: Proposal): boolean => !isOurs(branch) && !isOurs(base)
  return {
    ...forge,
    proposals: async () => (await forge.proposals()).filter(isProper),
    proposal: async (id) => {
      const proposal = await forge.proposal(id)
      return proposal !== undefined && isProper(proposal) ? proposal : undefined
    },
  }
}
