import { ask } from '../exec/ask.ts'
import type { Git } from '../model/ports.ts'
import { toGitError } from './git-error.ts'
import { readBatch, readListing } from './listing.ts'

/**
 * Reads revisions of the repository that a folder lies in, without a mirror: the files below that
 * folder, by their paths in it. Throws GitError.
 */
export function readRevisions(
  folder: string,
  env: Readonly<Record<string, string>>,
): Pick<Git, 'readTree' | 'readBlobs'> {
  const git = async (doing: string, args: readonly string[], input?: string): Promise<Buffer> => {
    try {
      const words = { LANG: 'C.UTF-8', GIT_TERMINAL_PROMPT: '0' }
      const options = { env: { ...env, ...words }, cwd: folder }
      return await ask('git', args, { ...options, ...(input === undefined ? {} : { input }) })
    } catch (error) {
      throw toGitError(doing, error)
    }
  }
  return {
    async readTree(revision) {
      const args = ['ls-tree', '-r', '-z', '--end-of-options', revision]
      return readListing((await git(`reading ${revision}`, args)).toString())
    },
    async readBlobs(ids) {
      if (ids.length === 0) return new Map()
      const input = ids.map((id) => `${id}\n`).join('')
      return readBatch(ids, await git('reading files', ['cat-file', '--batch'], input))
    },
  }
}
