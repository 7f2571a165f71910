import { removalsToAllow } from '../diff/removals.ts'
import type { Allowance, Ledger } from '../model/ledger.ts'
import type { Git } from '../model/ports.ts'
import { allowedRemovals } from '../rollout/consent.ts'
import type { Repository } from './repository.ts'
import { inventoryOf } from './source.ts'

/**
 * (R26) How much what is published removes of what is wanted beyond what a change may; 0 where somebody
 * allowed it for a proposal that brought it, and where that very tree was deployed before.
 */
export async function openRemovals(repository: Repository, ledger: Ledger): Promise<number> {
  const { published, wanted, adopted } = ledger
  if (!published || !wanted || !adopted || published.source === wanted.source) return 0
  const before = await inventoryOf(repository, wanted.source)
  const after = await inventoryOf(repository, published.source)
  const count = before && after ? removalsToAllow(before, after) : 0
  if (count === 0) return 0
  if (await wasDeployed(repository.git, ledger, published.source)) return 0
  return (await allowedByMerges(repository, ledger, published.source)) >= count ? 0 : count
}

/** Whether a commit or tree holds what some rollout had: a revert is no accident. */
export async function wasDeployed(
  git: Git,
  { rollouts }: Ledger,
  commit: string,
): Promise<boolean> {
  // A commit that was rewound away may be gone.
  const treeOf = (of: string) => git.treeOf(of).catch(() => undefined)
  const [tree, ...trees] = await Promise.all(
    [commit, ...rollouts.map((one) => one.source)].map(treeOf),
  )
  return tree !== undefined && trees.includes(tree)
}

/** What was allowed for the proposals that were merged since what is wanted. */
async function allowedByMerges(
  { git, forge }: Repository,
  ledger: Ledger,
  source: string,
): Promise<number> {
  const { allowances = [], wanted } = ledger
  if (allowances.length === 0) return 0
  const isIn = (commit: string, of: string) => git.isAncestor(commit, of).catch(() => false)
  const isMerged = async ({ commit }: Allowance): Promise<boolean> =>
    (await isIn(commit, source)) && !(wanted && (await isIn(commit, wanted.source)))
  // A squashed head is no ancestor. Where the forge is away the next tick asks again.
  const squashed = await forge.mergedBy(source).catch(() => undefined)
  let allowed = 0
  for (const allowance of allowances) {
    const { proposal, removals } = allowance
    const isHead = squashed?.id === proposal && allowedRemovals(ledger, squashed) > 0
    if (isHead || (await isMerged(allowance))) allowed += removals
  }
  return allowed
}
