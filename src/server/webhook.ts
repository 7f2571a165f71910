import type { Job } from '../model/ports.ts'

/** What we look at in the payloads of GitHub and Gitea; all of it is a hint that is read again from the forge. */
export interface ForgePayload {
  readonly action?: unknown
  readonly ref?: unknown
  readonly number?: unknown
}

/** What of a pull request changes its plan; `edited` may change the base, Gitea says `synchronized`. */
const planned = [
  ...['opened', 'synchronize', 'synchronized', 'reopened', 'closed', 'edited', 'ready_for_review'],
]

/** Gives the jobs that an event of GitHub or Gitea asks for; none for what does not concern us. */
export function toJobs(
  event: string,
  { action, ref, number }: ForgePayload,
  repository: string,
): readonly Job[] {
  if (event === 'push') return typeof ref === 'string' ? lookAt(ref, repository) : []
  if (event !== 'pull_request' || !planned.includes(String(action))) return []
  if (typeof number !== 'number') return []
  return [{ kind: 'plan', repository, proposal: String(number) }]
}

/** A branch that is not ours; tags deploy nothing. */
export function lookAt(ref: string, repository: string): readonly Job[] {
  const branch = branchOf(ref)
  return branch === undefined ? [] : [{ kind: 'look', repository, ref: branch }]
}

/** `refs/heads/main` -> `main`; undefined for what is no branch, and for branches that we write. */
export function branchOf(ref: string): string | undefined {
  const branch = /^refs\/heads\/(.+)$/s.exec(ref)?.[1]
  return branch?.startsWith('nixcluster/') ? undefined : branch
}
