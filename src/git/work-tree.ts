import { cp, mkdtemp, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../exec/run.ts'
import type { WorkTree } from '../model/work-tree.ts'
import { nixclusterAuthor } from './git.ts'
import { toGitError } from './git-error.ts'

/** A person's clone with the files that they work on; `env` is git's whole environment. */
export function openWorkTree(folder: string, env: Readonly<Record<string, string>>): WorkTree {
  const git = async (
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
    accept: readonly number[] = [0],
  ): Promise<string> => {
    try {
      const options = { cwd: folder, env: { ...env, LANG: 'C.UTF-8', ...more }, accept }
      return (await run('git', args, options)).stdout.trim()
    } catch (error) {
      throw toGitError(`git ${args[0]}`, error)
    }
  }
  const commitOf = async (revision: string): Promise<string | undefined> => {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]
    return (await git(args, {}, [0, 1])) || undefined
  }
  const symbolic = async (ref: string): Promise<string | undefined> =>
    (await git(['symbolic-ref', '--quiet', '--short', ref], {}, [0, 1])) || undefined

  return {
    commitOf,

    branch: () => symbolic('HEAD'),

    async deployed() {
      const remote = await symbolic('refs/remotes/origin/HEAD')
      const names =
        remote === undefined ? ['origin/main', 'origin/master', 'main', 'master'] : [remote]
      for (const revision of names) {
        const commit = await commitOf(revision)
        if (commit !== undefined) return { branch: revision.replace(/^origin\//, ''), commit }
      }
      return undefined
    },

    async ledgerTip() {
      const name = 'nixcluster/state'
      return (
        (await commitOf(`refs/remotes/origin/${name}`)) ?? (await commitOf(`refs/heads/${name}`))
      )
    },

    async snapshot() {
      const head = await commitOf('HEAD')
      const work = await mkdtemp(join(tmpdir(), 'nixcluster-index-'))
      try {
        // An index of its own: what the person has staged stays as it is.
        const index = { GIT_INDEX_FILE: join(work, 'index') }
        const own = await git(['rev-parse', '--path-format=absolute', '--git-path', 'index'])
        // With its time: git takes a file for unchanged that is older than the index.
        if (existsSync(own)) await cp(own, index.GIT_INDEX_FILE, { preserveTimestamps: true })
        await git(['add', '--all', '--', ':/'], index)
        const tree = await git(['write-tree'], index)
        if (head !== undefined && tree === (await git(['rev-parse', `${head}^{tree}`]))) return head
        const parents = head === undefined ? [] : ['-p', head]
        const { name, email } = nixclusterAuthor
        return await git(['commit-tree', tree, ...parents, '-m', 'The files as they are now'], {
          ...{ GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email },
          ...{ GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email },
        })
      } finally {
        await rm(work, { recursive: true, force: true })
      }
    },
  }
}
