import type { Examination, Finding } from './finding.ts'

/** A branch or pull request that is to be planned. */
export interface Proposal {
  /** Stable: branch name, or the pull request's number as text. */
  readonly id: string
  /** `queue`: a head of a merge queue; it gets statuses and no comment. */
  readonly kind: 'branch' | 'pull-request' | 'queue'
  readonly branch: string
  /** The commit at its head. */
  readonly head: string
  /** The branch that it wants into. */
  readonly base: string
  /** False: its author may not push, so only data is looked at, until somebody who may says so. */
  readonly trusted: boolean
  /** Login at the forge; absent where there are no logins. */
  readonly author?: string
}

/** What is said of a proposal: for a page that shows Markdown, and for a terminal or a note. */
export interface Report {
  readonly markdown: string
  readonly text: string
}

/** Where people see what we say: a forge or the pusher's terminal. All verbs may be repeated. */
export interface Forge {
  readonly kind: 'git' | 'github' | 'gitea'
  /** Open proposals against the deployed branch; plain git: every other branch that is not ours. */
  proposals(): Promise<readonly Proposal[]>
  /** Undefined once it is closed or merged. */
  proposal(id: string): Promise<Proposal | undefined>
  /** The pull request whose merge brought a commit to the deployed branch, head and all. */
  mergedBy(commit: string): Promise<Proposal | undefined>
  /** The one comment of a proposal, found by a hidden marker; the same body again: no write. */
  ensureComment(proposal: Proposal, report: Report): Promise<void>
  ensureStatus(commit: string, status: CommitStatus): Promise<void>
  /** Lines of the change with what is wrong in them; nothing where the forge or its token has no such thing. */
  ensureCheck(commit: string, check: Check): Promise<void>
  /** The forge's own record of who got what; nothing where it keeps none. */
  ensureDeployment(deployment: EnvironmentDeployment): Promise<void>
  /** Comments of a proposal that begin with `/nixcluster` and have no answer of ours, oldest first. */
  commands(proposal: Proposal): Promise<readonly CommandComment[]>
  /** Answers one; it is not given by `commands` again. */
  answer(proposal: Proposal, comment: CommandComment, answer: Answer): Promise<void>
  /** Whether a login may push to the repository, as the forge says now. */
  mayPush(login: string): Promise<boolean>
  /** Whether strangers cannot read the repository, and so its comments. */
  isPrivate(): Promise<boolean>
  /** Has the forge send again what did not arrive since the last call; how many deliveries that were. */
  redeliver(): Promise<number>
  /** What serves us and what does not, as far as our credential may see; changes nothing. */
  examine(asked: Examination): Promise<readonly Finding[]>
  /** Address of a commit's files, up to their path; absent where nobody shows them. */
  readonly blob?: (commit: string) => string
}

export interface CommitStatus {
  /** `nixcluster/plan`, `nixcluster/deploy` */
  readonly context: string
  readonly state: 'pending' | 'success' | 'failure' | 'error'
  /** One line; the forge cuts what is too long for it. */
  readonly description: string
  /** A page that tells more. */
  readonly url?: string
}

/** What a forge shows beside the lines of a change. */
export interface Check {
  readonly name: string
  readonly state: 'success' | 'failure' | 'neutral'
  readonly title: string
  /** Markdown */
  readonly summary: string
  readonly annotations: readonly Annotation[]
}

export interface Annotation {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly endLine: number
  readonly severity: 'error' | 'warning' | 'notice'
  readonly title: string
  readonly message: string
}

/** How the rollout of a commit goes in one environment: a cluster. */
export interface EnvironmentDeployment {
  readonly commit: string
  /** Full name of the cluster. */
  readonly environment: string
  readonly state: 'pending' | 'in_progress' | 'success' | 'failure'
  readonly description: string
  readonly url?: string
}

/** A comment in which somebody tells us something. */
export interface CommandComment {
  readonly id: string
  readonly author: string
  readonly body: string
  /** The head that our comment was about when this was written; undefined where that cannot be told. */
  readonly planned?: string
}

/** `done` and `refused` are reactions where the forge has them; a text is a reply. */
export interface Answer {
  readonly kind: 'done' | 'refused' | 'unknown'
  readonly text?: string
}
