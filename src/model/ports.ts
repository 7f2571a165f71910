import type { Ledger } from './ledger.ts'
import type { Packages, SystemContents } from './system-contents.ts'

/** Time; `sleep` ends early when the signal aborts. */
export interface Clock {
  now(): Date
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** One line each, data beside the text; pino's shape. */
export interface Log {
  debug(data: object, text: string): void
  info(data: object, text: string): void
  warn(data: object, text: string): void
  error(data: object, text: string): void
}

export interface TreeEntry {
  readonly path: string
  /** git's mode: 100644, 100755, 120000, 160000 */
  readonly mode: string
  /** blob id */
  readonly id: string
}

/** One repository: a bare mirror that is fetched from and pushed to its remote. */
export interface Git {
  /** Fetches every branch; throws GitError `unreachable`. */
  fetch(): Promise<void>
  /** The remote's branches as last fetched or pushed: branch -> commit. */
  branches(): Promise<ReadonlyMap<string, string>>
  /** A branch's tip as the remote has it now (one round trip), undefined where there is none. */
  remoteTip(branch: string): Promise<string | undefined>
  /** The branch that the remote's HEAD names; throws GitError `missing`. */
  defaultBranch(): Promise<string>
  isAncestor(ancestor: string, descendant: string): Promise<boolean>
  mergeBase(a: string, b: string): Promise<string | undefined>
  /** What was pushed or merged after `older` up to `newer`, newest first, by first parents. */
  commitsSince(older: string | undefined, newer: string, limit: number): Promise<readonly string[]>
  /** The tree of a commit, or of a tree itself. */
  treeOf(id: string): Promise<string>
  /** Every file of a commit or tree. */
  readTree(commit: string): Promise<readonly TreeEntry[]>
  /** Texts of blobs by id; one process however many. */
  readBlobs(ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Sizes of blobs by id, in bytes. */
  sizesOf(ids: readonly string[]): Promise<ReadonlyMap<string, number>>
  readCommit(commit: string): Promise<CommitInfo>
  /** The tree that merging `head` into `base` gives, or the files in conflict; changes no ref. */
  mergeTree(
    base: string,
    head: string,
  ): Promise<
    | { readonly kind: 'merged'; readonly tree: string }
    | { readonly kind: 'conflict'; readonly files: readonly string[] }
  >
  /** Writes a commit of exactly these entries (kept blobs by id, new ones by text); moves no ref. */
  writeCommit(commit: NewCommit): Promise<string>
  /** Pushes with a lease: `stale` when the remote is not at `expected` (undefined: must not exist). */
  push(branch: string, commit: string, expected: string | undefined): Promise<'pushed' | 'stale'>
  /**
   * Asks whether a branch, which is at `expected`, could be pushed, and pushes nothing; throws GitError. What
   * hooks and a forge's rules for branches say is said only to a real push.
   */
  tryPush(branch: string, commit: string, expected: string | undefined): Promise<void>
  /** Removes a branch of the remote with a lease: `stale` when it is not at `expected`. */
  remove(branch: string, expected: string): Promise<'pushed' | 'stale'>
  /** Makes a text the note of a commit in the remote's `refs/notes/...`; `stale`: somebody was faster. */
  note(ref: string, commit: string, text: string): Promise<'pushed' | 'same' | 'stale'>
}

export interface CommitInfo {
  readonly id: string
  readonly tree: string
  readonly parents: readonly string[]
  readonly subject: string
  readonly message: string
  readonly author: string
  /** ISO 8601 */
  readonly date: string
  /** `Source-Commit:` and the like; keys as written. */
  readonly trailers: Readonly<Record<string, string>>
}

export interface NewCommit {
  readonly parents: readonly string[]
  /** Entries taken over as they are. */
  readonly kept: readonly TreeEntry[]
  /** path -> text, mode 100644; wins over `kept`. */
  readonly files: ReadonlyMap<string, string>
  readonly message: string
}

/** The ledger on its branch; every change is one push with a lease (R1). */
export interface LedgerStore {
  /** Fetches and reads; `commit` is undefined while the branch does not exist. */
  read(): Promise<{ readonly ledger: Ledger; readonly commit: string | undefined }>
  /** `stale` when somebody was faster: read again, decide again. */
  write(ledger: Ledger, expected: string | undefined, message: string): Promise<'pushed' | 'stale'>
}

export type Evaluation =
  | {
      readonly kind: 'system'
      readonly path: string
      readonly drv: string
      readonly system: string
      readonly unused?: readonly UnusedValue[]
    }
  | { readonly kind: 'failed'; readonly message: string }

/** A level's value that has no effect on a machine. */
export interface UnusedValue {
  /** Full name of the level. */
  readonly name: string
  readonly option: readonly string[]
  /** The files of the modules that say more strongly something else. */
  readonly by: readonly string[]
}

/** Why a derivation has no result: its builders' words, or only that the time was over. */
export type Unbuilt =
  { readonly kind: 'failed'; readonly message: string } | { readonly kind: 'unfinished' }

export interface EvaluateOptions {
  /** What is not done when it is over has failed. */
  readonly limitMs?: number
  /** `flake.lock` of the commit: its inputs are fetched beforehand. */
  readonly lock?: string
  /** Its author may not push: nothing is fetched that this lock, the base's, does not know. */
  readonly foreign?: { readonly baseLock: string | undefined }
}

/** The controller's Nix. */
export interface Nix {
  /**
   * Evaluates `deploy.nodes.<machine>` of a commit in a mirror, purely and without credentials; a
   * machine's error is its own.
   */
  evaluate(
    mirror: string,
    commit: string,
    machines: readonly string[],
    options?: EvaluateOptions,
  ): Promise<ReadonlyMap<string, Evaluation>>
  /**
   * Builds and roots (the `.drv` too) below a folder named by `root`; drv -> why it is not there. When
   * `limitMs` is over, building ends with all its processes.
   */
  build(
    systems: readonly { readonly drv: string; readonly path: string }[],
    root: string,
    limitMs?: number,
  ): Promise<ReadonlyMap<string, Unbuilt>>
  /** Whether all of these are valid in the store. */
  has(paths: readonly string[]): Promise<boolean>
  /** What is in these systems; left out are those that are not in the store. */
  describe(systems: readonly string[]): Promise<ReadonlyMap<string, SystemContents>>
  /** The packages that derivations need, building included; left out are those that are not in the store. */
  describeDerivations(drvs: readonly string[]): Promise<ReadonlyMap<string, Packages>>
}

/** Lines for whoever pushed, kept for a while so that a late follower sees all. */
export interface Progress {
  /** Never throws: a line that nobody can keep is no reason for a job to fail. */
  say(topic: Topic, line: string): Promise<void>
  /** The last word; followers end. What is said afterwards begins anew. */
  end(topic: Topic, line?: string): Promise<void>
  /** The last word until a person says go: followers end, except those of the person who said it. */
  wait(topic: Topic, line: string): Promise<void>
  /** Yields the lines, and returns why no more of them come. */
  follow(
    topic: Topic,
    signal: AbortSignal,
    options: FollowOptions,
  ): AsyncGenerator<string, 'end' | 'limit' | 'aborted', undefined>
  /** Somebody is about to follow, within half a minute: they count as awaiting it. */
  expect(topic: Topic, follower: Pick<FollowOptions, 'saidGo'>): Promise<void>
  /** Commits of a branch that somebody follows, anywhere, and whose last word was not said yet. */
  awaited(branch: Omit<Topic, 'commit'>): Promise<readonly string[]>
}

/** Of what state a proposal was planned last, by whichever process; it may be lost at any time. Never throws. */
export interface PlanMemory {
  /** The mark that was written; undefined where none is known. */
  read(repository: string, proposal: string): Promise<string | undefined>
  write(repository: string, proposal: string, mark: string): Promise<void>
}

export interface FollowOptions {
  /** How long it waits for a line. */
  readonly limitMs: number
  /** Leaves out what was said before that time; else the lines come from the first on. */
  readonly since?: Date
  /** For whoever said go: a wait that was decided before that is neither a line nor the end. */
  readonly saidGo?: boolean
}

export interface Topic {
  readonly repository: string
  /** Branch name, without `refs/heads/`. */
  readonly ref: string
  readonly commit: string
}

/**
 * Adds jobs; all are deduplicated by what they name, and name no commit. One that is added while its
 * twin runs is run once more after it. Throws within a second when the queue is away.
 */
export interface Queue {
  /** With a delay: joins a twin that waits already; without: lets such a twin run at once. */
  add(job: Job, options?: { readonly delayMs?: number }): Promise<void>
}

/** A command as it came in: the queue may be written by others, a signature may not. */
export interface SignedCommand {
  readonly method: string
  /** Path and query, from the controller's root. */
  readonly path: string
  readonly body: string
  /** Unix time in seconds, as text. */
  readonly timestamp: string
  readonly signature: string
}

/** `ref` is a branch name without `refs/heads/`; absent: every branch. */
export type Job =
  | { readonly kind: 'look'; readonly repository: string; readonly ref?: string }
  | { readonly kind: 'publish'; readonly repository: string }
  | { readonly kind: 'plan'; readonly repository: string; readonly proposal: string }
  | { readonly kind: 'evaluate'; readonly repository: string }
  | { readonly kind: 'rollout'; readonly repository: string }
  | { readonly kind: 'machine'; readonly repository: string; readonly machine: string }
  | { readonly kind: 'contact'; readonly repository: string; readonly machine: string }
  /** Reads the comments of a proposal and does what they say. */
  | { readonly kind: 'comments'; readonly repository: string; readonly proposal: string }
  /** `id`: of the request, by which its answer is told. Whoever carries it out checks who signed it. */
  | {
      readonly kind: 'command'
      readonly repository: string
      readonly id: string
      readonly signed: SignedCommand
    }
  /** Tells where everything stands; `id` as of a command. */
  | { readonly kind: 'status'; readonly repository: string; readonly id: string }
  /** Drops what is left over of proposals that are gone, and has lost webhooks sent again. */
  | { readonly kind: 'tidy'; readonly repository: string }
  /** Keeps the rendering of a proposal on a branch of its own while it is open. */
  | { readonly kind: 'show'; readonly repository: string; readonly proposal: string }

/** How a job ended: decided in `jobs/outcome.ts`, acted on by the queue's worker. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly afterMs: number; readonly reason: string }
  | { readonly kind: 'stop'; readonly reason: string }

/** Numbers for those who run the controller. */
export interface Metrics {
  jobEnded(kind: Job['kind'], outcome: Outcome['kind'] | 'thrown', seconds: number): void
  /** One machine's attempt came to its end: `done`, `rolled-back`, `failed`, ... */
  deploymentEnded(repository: string, result: string): void
  /** Webhooks that had not arrived, and that the forge was asked to send again. */
  deliveriesMissed(repository: string, count: number): void
  /** Seconds from hearing of a push until its plan was told. */
  planTold(repository: string, seconds: number): void
  /** Seconds from hearing of a push until a machine was confirmed. */
  machineReached(repository: string, seconds: number): void
  /** Everything of a repository was looked at. */
  polled(repository: string, at: Date): void
  rolloutsSeen(
    repository: string,
    counts: { readonly running: number; readonly waiting: number },
  ): void
  /** How many machines of a repository are in each state; states left out are none. */
  machinesSeen(repository: string, states: Readonly<Record<string, number>>): void
}
