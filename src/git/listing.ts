import type { TreeEntry } from '../model/ports.ts'
import { toGitError } from './git-error.ts'

/** What `git ls-tree -r -z` lists. */
export function readListing(text: string): readonly TreeEntry[] {
  return text
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const tab = line.indexOf('\t')
      const [mode = '', , id = ''] = line.slice(0, tab).split(' ')
      return { path: line.slice(tab + 1), mode, id }
    })
}

/** The texts that `git cat-file --batch` gives for these ids; throws GitError `missing`. */
export function readBatch(ids: readonly string[], bytes: Buffer): ReadonlyMap<string, string> {
  const blobs = new Map<string, string>()
  let at = 0
  for (const id of ids) {
    const end = bytes.indexOf('\n', at)
    const header = bytes.toString('utf8', at, end)
    const size = /^[0-9a-f]+ blob (\d+)$/.exec(header)?.[1]
    if (size === undefined) throw toGitError('reading files', new Error(header))
    blobs.set(id, bytes.toString('utf8', end + 1, end + 1 + Number(size)))
    at = end + 2 + Number(size)
  }
  return blobs
}
