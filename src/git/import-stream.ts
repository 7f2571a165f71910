import type { NewCommit, TreeEntry } from '../model/ports.ts'
import type { Author } from './git.ts'

interface ImportInput {
  readonly commit: NewCommit
  /** Entries of the first parent. */
  readonly before: readonly TreeEntry[]
  readonly ref: string
  readonly author: Author
  readonly date: Date
  readonly blobId: (text: string, algorithm: 'sha1' | 'sha256') => string
}

/**
 * The commit in fast-import's words, as changes to its first parent, so that ten thousand files of
 * which one changed cost one blob; it answers with the commit's id.
 */
export function importStream({ commit, before, ref, author, date, blobId }: ImportInput): string {
  const known = commit.parents[0] ?? commit.kept[0]?.id ?? ''
  const algorithm = known.length === 64 ? 'sha256' : 'sha1'
  const old = new Map(before.map((entry) => [entry.path, entry]))
  const removed = new Set(old.keys())
  const changes: string[] = []

  for (const { path, mode, id } of commit.kept) {
    if (commit.files.has(path)) continue
    removed.delete(path)
    const was = old.get(path)
    if (was?.id !== id || was.mode !== mode) changes.push(`M ${mode} ${id} ${pathWord(path)}\n`)
  }
  for (const [path, text] of commit.files) {
    removed.delete(path)
    const was = old.get(path)
    if (was?.mode === '100644' && was.id === blobId(text, algorithm)) continue
    changes.push(`M 100644 inline ${pathWord(path)}\n${data(text)}`)
  }
  // Before the rest: a file may stand where a folder was.
  const removals = [...removed].map((path) => `D ${pathWord(path)}\n`)

  const [parent, ...others] = commit.parents
  const who = `${author.name} <${author.email}> ${Math.floor(date.getTime() / 1000)} +0000\n`
  return [
    `commit ${ref}\nmark :1\nauthor ${who}committer ${who}${data(commit.message)}`,
    ...(parent === undefined ? [] : [`from ${parent}\n`]),
    ...others.map((other) => `merge ${other}\n`),
    ...removals,
    ...changes,
    // Back to nothing before the end, when refs are written: so none ever is.
    `\nget-mark :1\nreset ${ref}\nfrom ${'0'.repeat(algorithm === 'sha1' ? 40 : 64)}\n\ndone\n`,
  ].join('')
}

const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`

const pathWord = (path: string): string =>
  /^"|\n/.test(path)
    ? `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
    : path
