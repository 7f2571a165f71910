import { isCommand } from '../forge/comment.ts'
import type { Job } from '../model/ports.ts'
import { isObject } from './body.ts'

/** What we look at in the payloads of GitHub and Gitea; all of it is a hint that is read again from the forge. */
export interface ForgePayload {
  readonly action?: unknown
  readonly ref?: unknown
  readonly number?: unknown
  readonly issue?: unknown
  readonly comment?: unknown
  readonly merge_group?: unknown
  readonly check_run?: unknown
  readonly check_suite?: unknown
}

/** What of a pull request changes its plan; `edited` may change the base, Gitea says `synchronized`. */
const planned = [
  ...['opened', 'synchronize', 'synchronized', 'reopened', 'closed', 'edited', 'ready_for_review'],
]

/** The repository that something happened in; `branch`: the deployed one, where that is known. */
export interface Concerned {
  readonly name: string
  readonly branch?: string
}

/** Gives the jobs that an event of GitHub or Gitea asks for; none for what does not concern us. */
export function toJobs(event: string, payload: ForgePayload, concerned: Concerned): readonly Job[] {
  const repository = concerned.name
  const action = String(payload.action)
  const plan = (proposal: string): Job => ({ kind: 'plan', repository, proposal })
  switch (event) {
    case 'push':
      return pushed(payload.ref, concerned)
    case 'pull_request':
      return planned.includes(action) ? numberIn(payload).map(plan) : []
    case 'issue_comment':
      if (!['created', 'edited'].includes(action)) return []
      return commandedIn(payload).map((proposal) => ({ kind: 'comments', repository, proposal }))
    case 'merge_group':
      return action === 'checks_requested' ? queuedIn(payload.merge_group).map(plan) : []
    case 'check_run':
    case 'check_suite':
      return action === 'rerequested' ? pullsIn(payload[event]).map(plan) : []
    default:
      return []
  }
}

/** Heads of the merge queue are branches, too, which GitHub tells by an event of their own. */
function pushed(ref: unknown, concerned: Concerned): readonly Job[] {
  if (typeof ref !== 'string' || ref.startsWith(queueHeads)) return []
  return jobsOfPush(ref, concerned)
}

const queueHeads = 'refs/heads/gh-readonly-queue/'

const numberIn = (owner: unknown): readonly string[] =>
  isObject(owner) && typeof owner['number'] === 'number' ? [String(owner['number'])] : []

/** The pull request below which somebody tells us something. */
function commandedIn({ issue, comment }: ForgePayload): readonly string[] {
  const body = isObject(comment) ? comment['body'] : undefined
  if (typeof body !== 'string' || !isCommand(body)) return []
  return isObject(issue) && isObject(issue['pull_request']) ? numberIn(issue) : []
}

/** As the forge calls it: `refs/heads/gh-readonly-queue/main/pr-7-…` of `refs/heads/main` is `queue/pr-7-…`. */
function queuedIn(group: unknown): readonly string[] {
  if (!isObject(group)) return []
  const { head_ref: head, base_ref: base } = group
  if (typeof head !== 'string' || typeof base !== 'string') return []
  const prefix = `${queueHeads}${base.replace('refs/heads/', '')}/`
  return head.startsWith(prefix) ? [`queue/${head.slice(prefix.length)}`] : []
}

/** Somebody pressed the button that has checks done again. */
function pullsIn(checks: unknown): readonly string[] {
  const pulls = isObject(checks) ? checks['pull_requests'] : undefined
  return Array.isArray(pulls) ? pulls.flatMap(numberIn) : []
}

/**
 * What a push to a branch that is not ours asks for; tags deploy nothing. Where nobody says which branch is
 * deployed, it may be this one or not.
 */
export function jobsOfPush(ref: string, { name, branch: deployed }: Concerned): readonly Job[] {
  const branch = branchOf(ref)
  if (branch === undefined) return []
  const look: Job = { kind: 'look', repository: name, ref: branch }
  const publish: Job = { kind: 'publish', repository: name }
  if (deployed === undefined) return [look, publish]
  return branch === deployed ? [publish] : [look]
}

/** `refs/heads/main` -> `main`; undefined for what is no branch, and for branches that we write. */
export function branchOf(ref: string): string | undefined {
  const branch = /^refs\/heads\/(.+)$/s.exec(ref)?.[1]
  return branch?.startsWith('nixcluster/') ? undefined : branch
}
