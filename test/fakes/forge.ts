import type {
  Answer,
  Check,
  CommandComment,
  CommitStatus,
  EnvironmentDeployment,
  Forge,
  Proposal,
  Report,
} from '../../src/model/forge.ts'
import { ForgeError } from '../../src/model/errors.ts'

/** An answer of ours, and what it is to. */
export interface GivenAnswer extends Answer {
  readonly proposal: string
  readonly comment: string
}

interface Thread {
  proposal: Proposal
  state: 'open' | 'closed'
  /** Our one comment, and the head that it was about. */
  own?: { readonly report: Report; readonly head: string }
  readonly comments: CommandComment[]
}

/**
 * A forge in memory that behaves as the port says: a twin with pull requests, comments, statuses, checks
 * and deployments, of which each write is counted, and with verbs for what people do there.
 */
export function createMemoryForge(
  options: {
    readonly kind?: Forge['kind']
    readonly base?: string
    readonly private?: boolean
  } = {},
) {
  const { kind = 'github', base = 'main' } = options
  const threads = new Map<string, Thread>()
  const merged = new Map<string, string>()
  const pushers = new Set<string>()
  const statuses = new Map<string, Map<string, CommitStatus>>()
  const checks = new Map<string, Map<string, Check>>()
  const deployments = new Map<string, EnvironmentDeployment>()
  const answers: GivenAnswer[] = []
  let writes = 0
  let comments = 0
  let away = false
  let missed = 0

  /** Everything of the forge is away at once. */
  const reach = (): void => {
    if (away) throw new ForgeError(0, 'the forge is away')
  }
  const ask = async <T>(answer: () => T): Promise<T> => {
    reach()
    return answer()
  }
  const threadOf = (id: string): Thread => {
    const thread = threads.get(id)
    if (thread === undefined) throw new ForgeError(404, `there is no pull request ${id}`)
    return thread
  }
  /** One write where it says something new. */
  const ensure = <T>(map: Map<string, T>, key: string, value: T): void => {
    if (JSON.stringify(map.get(key)) === JSON.stringify(value)) return
    map.set(key, value)
    writes += 1
  }
  const inner = <T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> => {
    const known = map.get(key) ?? new Map<string, T>()
    map.set(key, known)
    return known
  }

  const forge: Forge = {
    kind,
    proposals: () =>
      ask(() =>
        [...threads.values()]
          .filter(({ state }) => state === 'open')
          .map(({ proposal }) => proposal),
      ),
    proposal: (id) =>
      ask(() => {
        const thread = threads.get(id)
        return thread?.state === 'open' ? thread.proposal : undefined
      }),
    mergedBy: (commit) =>
      ask(() => {
        const id = merged.get(commit)
        return id === undefined ? undefined : threadOf(id).proposal
      }),
    ensureComment: ({ id, head }, report) =>
      ask(() => {
        const thread = threadOf(id)
        if (JSON.stringify(thread.own?.report) !== JSON.stringify(report)) writes += 1
        thread.own = { report, head }
      }),
    ensureStatus: (commit, status) =>
      ask(() => ensure(inner(statuses, commit), status.context, status)),
    ensureCheck: (commit, check) => ask(() => ensure(inner(checks, commit), check.name, check)),
    ensureDeployment: (deployment) =>
      ask(() => ensure(deployments, `${deployment.commit} ${deployment.environment}`, deployment)),
    commands: ({ id }) =>
      ask(() =>
        threadOf(id).comments.filter(
          (comment) => !answers.some((answer) => answer.comment === comment.id),
        ),
      ),
    answer: ({ id }, comment, answer) =>
      ask(() => {
        if (!threadOf(id).comments.includes(comment)) {
          throw new ForgeError(404, `there is no comment ${comment.id} on ${id}`)
        }
        if (answers.some((given) => given.comment === comment.id)) return
        answers.push({ ...answer, proposal: id, comment: comment.id })
        writes += 1
      }),
    mayPush: (login) => ask(() => pushers.has(login)),
    isPrivate: () => ask(() => options.private ?? true),
    examine: () => Promise.resolve([]),
    redeliver: () =>
      ask(() => {
        const sent = missed
        missed = 0
        return sent
      }),
  }

  return {
    ...forge,
    answers,
    statuses,
    checks,
    deployments,
    /** How many writes said something new. */
    get writes() {
      return writes
    },
    /** Our comment on a pull request. */
    commentOn: (id: string): Report | undefined => threadOf(id).own?.report,
    /** A pull request is opened. */
    open(proposal: Pick<Proposal, 'id' | 'head'> & Partial<Proposal>): Proposal {
      const whole: Proposal = {
        kind: 'pull-request',
        branch: `branch-${proposal.id}`,
        base,
        trusted: true,
        ...proposal,
      }
      threads.set(proposal.id, { proposal: whole, state: 'open', comments: [] })
      return whole
    },
    /** Its branch gets another head. */
    push(id: string, head: string): void {
      const thread = threadOf(id)
      thread.proposal = { ...thread.proposal, head }
    },
    close(id: string): void {
      threadOf(id).state = 'closed'
    },
    /** It is merged by this commit on the base. */
    merge(id: string, commit: string): void {
      threadOf(id).state = 'closed'
      merged.set(commit, id)
    },
    /** Somebody comments; `planned` is what our comment is about at that moment. */
    write(id: string, author: string, body: string): CommandComment {
      const thread = threadOf(id)
      const planned = thread.own === undefined ? {} : { planned: thread.own.head }
      const comment = { id: String(++comments), author, body, ...planned }
      if (/^\/nixcluster\b/i.test(body)) thread.comments.push(comment)
      return comment
    },
    letPush: (...logins: readonly string[]): void => logins.forEach((login) => pushers.add(login)),
    takePush: (...logins: readonly string[]): void =>
      logins.forEach((login) => pushers.delete(login)),
    /** So many deliveries did not arrive. */
    miss: (deliveries: number): void => void (missed += deliveries),
    get away(): boolean {
      return away
    },
    set away(isAway: boolean) {
      away = isAway
    },
  }
}
