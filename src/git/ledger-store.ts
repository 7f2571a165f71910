import { GitError } from '../model/errors.ts'
import type { Ledger } from '../model/ledger.ts'
import type { CommitInfo, Git, LedgerStore } from '../model/ports.ts'
import { emptyLedger, fromFiles, toFiles } from '../rollout/ledger-files.ts'
import type { Author } from './git.ts'
import { nixclusterAuthor } from './git.ts'

export interface LedgerStoreOptions {
  readonly git: Git
  /** Id of the ledger that begins where the branch does not exist yet. */
  readonly id: string
  readonly branch?: string
  /** Who writes our commits; a tip of anybody else stops everything. */
  readonly author?: Author
}

/** The ledger on its branch: read at its remote tip, written as one commit with a lease (R1). */
export function createLedgerStore({
  git,
  id,
  branch = 'nixcluster/state',
  author = nixclusterAuthor,
}: LedgerStoreOptions): LedgerStore {
  let last: { readonly commit: string; readonly ledger: Ledger } | undefined
  /** blob id -> text of the files last read: of ten thousand machines one changes at a time. */
  let texts: ReadonlyMap<string, string> = new Map()

  const readTip = async (tip: string): Promise<CommitInfo> => {
    try {
      return await git.readCommit(tip)
    } catch (error) {
      if (!(error instanceof GitError) || error.kind !== 'missing') throw error
      await git.fetch()
      return await git.readCommit(tip)
    }
  }

  const readLedger = async (tip: string): Promise<Ledger> => {
    const commit = await readTip(tip)
    if (!commit.author.endsWith(`<${author.email}>`)) {
      throw new GitError(
        'other',
        `${branch} is at ${tip.slice(0, 7)} of ${commit.author}, not of ${author.name}: only the ` +
          'controller may push there; put the branch back to its last commit of ours',
      )
    }
    const entries = await git.readTree(tip)
    const unread = entries.map((entry) => entry.id).filter((blob) => !texts.has(blob))
    const read = await git.readBlobs(unread)
    texts = new Map(
      entries.map((entry) => [entry.id, (read.get(entry.id) ?? texts.get(entry.id))!]),
    )
    try {
      const ledger = fromFiles(new Map(entries.map((entry) => [entry.path, texts.get(entry.id)!])))
      return ledger ?? emptyLedger(id)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new GitError('other', `reading the ledger at ${branch} ${tip.slice(0, 7)}: ${reason}`, {
        cause: error,
      })
    }
  }

  /** What was given does not become less: an older ledger would have it given again. */
  const refuseRewound = async (known: string | undefined, tip: string): Promise<void> => {
    if (known === undefined || (await git.isAncestor(known, tip).catch(() => false))) return
    throw new GitError(
      'other',
      `${branch} was set from ${known.slice(0, 7)} to ${tip.slice(0, 7)}, which does not go on from ` +
        `there: only the controller may push there; put ${known.slice(0, 7)} back, or delete the branch to begin anew`,
    )
  }

  return {
    async read() {
      const tip = await git.remoteTip(branch)
      if (tip === undefined) {
        last = undefined
        return { ledger: emptyLedger(id), commit: undefined }
      }
      if (last?.commit !== tip) {
        const ledger = await readLedger(tip)
        await refuseRewound(last?.commit, tip)
        last = { commit: tip, ledger }
      }
      return { ledger: last.ledger, commit: tip }
    },

    async write(ledger, expected, message) {
      const commit = await git.writeCommit({
        parents: expected === undefined ? [] : [expected],
        kept: [],
        files: toFiles(ledger),
        message,
      })
      const result = await git.push(branch, commit, expected)
      if (result === 'pushed') last = { commit, ledger }
      return result
    },
  }
}
