import { GitError } from '../model/errors.ts'
import type { Proposal } from '../model/forge.ts'
import type { Log } from '../model/ports.ts'
import { writeGenerated } from './publish.ts'
import type { PublishSettings } from './publish.ts'
import type { Repository } from './repository.ts'
import type { CompiledSource } from './source.ts'

/** Below these are the renderings of proposals; nothing is ever deployed from there. */
const folder = 'nixcluster/pr/'

/**
 * Keeps the rendering of a planned merge on a branch of its own, for people who want to look at it or
 * build it. A remote that does not take it is a warning: nothing depends on it.
 */
export async function ensureProposalBranch(
  repository: Repository,
  { id, head }: Proposal,
  merged: CompiledSource,
  settings: PublishSettings,
  log: Log,
): Promise<void> {
  const { git } = repository
  const branch = folder + id
  await orWarn(repository, branch, log, async () => {
    const old = await git.remoteTip(branch)
    const generated = await writeGenerated(repository, head, merged, old, settings)
    if (generated !== old) await git.push(branch, generated, old)
  })
}

/** Whether there are any; as last fetched. */
export async function hasProposalBranches({ git }: Pick<Repository, 'git'>): Promise<boolean> {
  return [...(await git.branches()).keys()].some((branch) => branch.startsWith(folder))
}

/** Removes the branches of the proposals that are not open, by their ids. */
export async function removeProposalBranches(
  repository: Repository,
  isOpen: (id: string) => boolean,
  log: Log,
): Promise<void> {
  for (const [branch, tip] of await repository.git.branches()) {
    if (!branch.startsWith(folder) || isOpen(branch.slice(folder.length))) continue
    await orWarn(repository, branch, log, () => repository.git.remove(branch, tip))
  }
}

async function orWarn(
  { name }: Repository,
  branch: string,
  log: Log,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    log.warn({ repository: name, branch, err: error }, `${branch} is not as it should be`)
  }
}
