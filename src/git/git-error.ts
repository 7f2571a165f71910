import { CommandError, GitError } from '../model/errors.ts'

const kinds: readonly (readonly [GitError['kind'], RegExp])[] = [
  ['rejected', /\[rejected\]|\[remote rejected\]|pre-receive hook declined|protected branch/],
  [
    'unreachable',
    /could not read from remote|does not appear to be a git repository|unable to access|could not resolve|connection (refused|timed out|reset)|block timeout reached|host key verification failed|permission denied \(|no such file or directory/i,
  ],
  [
    'missing',
    /bad object|bad revision|unknown revision|not a valid object|invalid object|invalid upstream|not something we can merge|not a tree object|object file .* is (missing|empty)|^[0-9a-f]+ missing$|not a valid commit|couldn't find remote ref|is not a commit|not found/im,
  ],
]

/** What git or simple-git threw, as GitError with what was being done and git's own words. */
export function toGitError(doing: string, error: unknown): GitError {
  const words = wordsOf(error)
  const kind = kinds.find(([, pattern]) => pattern.test(words))?.[0] ?? 'other'
  return new GitError(kind, `${doing}: ${summary(words)}`, { cause: error })
}

const wordsOf = (error: unknown): string => {
  if (error instanceof CommandError) return error.stderr.trim() || error.message
  return error instanceof Error ? error.message.trim() : String(error)
}

/** What the remote or git complains about, without its advice. */
function summary(words: string): string {
  const lines = words
    .split('\n')
    .map((line) => line.trim())
    .filter(
      (line) => line !== '' && !line.startsWith('hint:') && !/^(To |Done$|Pushing to )/.test(line),
    )
  const telling = lines.filter((line) => /^(remote:|fatal:|error:|!)/.test(line))
  const said = (telling.length > 0 ? telling : lines).map((line) =>
    line.replace(/^(fatal|error|remote): ?/, '').replace(/^!\t\S+\t/, ''),
  )
  return (
    said
      .filter((line) => line !== '')
      .slice(0, 8)
      .join('; ') || 'git ended badly'
  )
}
