import { ForgeError } from '../model/errors.ts'
import type { CommandComment, Forge, Proposal } from '../model/forge.ts'
import {
  answerComment,
  findAnswer,
  findCommands,
  findPlanComment,
  planComment,
  type ListedComment,
} from './comment.ts'
import { cutCharacters } from './cut.ts'
import { createGiteaApi, type GiteaApiOptions } from './gitea-api.ts'
import { createGiteaExamine } from './gitea-examine.ts'

export interface GiteaOptions extends GiteaApiOptions {
  /** `owner/name` */
  readonly project: string
  /** The branch that is deployed. */
  readonly branch: string
  /** Login whose comments are ours as well. */
  readonly planAccount?: string
}

/** What we read of a pull request, as Gitea 1.26 and Forgejo give it. */
interface PullRequest {
  readonly number: number
  readonly state: 'open' | 'closed'
  readonly user: { readonly login: string } | null
  readonly head: Branch
  readonly base: Branch
}

interface Branch {
  readonly ref: string
  readonly sha: string
  readonly repo: { readonly full_name: string } | null
}

/** Times have whole seconds. */
interface Comment {
  readonly id: number
  readonly body: string
  readonly html_url: string
  readonly user: { readonly login: string } | null
  readonly created_at: string
  readonly updated_at: string
}

interface SetStatus {
  readonly context: string
  readonly status: string
  readonly description: string
  readonly target_url: string
}

/** Gitea has no limit of its own, in bytes; but whoever reads has one. */
const longestComment = 65_536

/** As much of a status as a page shows, in characters. */
const longestDescription = 255

/** How an answer looks as a reaction; all three are among those that Gitea allows by default. */
const reactions = { done: '+1', refused: '-1', unknown: 'confused' } as const

/** The port over the REST API of Gitea and Forgejo; throws ForgeError, or NotReadyError. */
export function createGitea({ project, branch, planAccount, ...options }: GiteaOptions): Forge {
  const api = createGiteaApi(options)
  const { ask, all } = api
  const root = `/repos/${project}`
  let login: Promise<string> | undefined
  /** Comments that are known to have our reaction; else each of them costs a request. */
  const marked = new Set<string>()

  const ownLogin = (): Promise<string> =>
    (login ??= ask<{ login: string }>('asking whose the token is', 'GET', '/user').then(
      (user) => user.login,
      (error: unknown) => {
        login = undefined
        throw error
      },
    ))

  async function commentsOf(id: string): Promise<readonly ListedComment[]> {
    const path = `${root}/issues/${id}/comments`
    const found = await ask<readonly Comment[]>(`reading the comments of ${id}`, 'GET', path)
    const us = await ownLogin()
    return found.map(({ id, body, user, html_url, created_at, updated_at }) => ({
      ...{ id: String(id), body: body.replaceAll('\r\n', '\n'), author: user?.login ?? 'Ghost' },
      // Whoever gives us a token of their own tells us something as well.
      isOurs:
        (user?.login === us || (user !== null && user.login === planAccount)) &&
        body.startsWith('<!-- nixcluster:'),
      isBot: false,
      ...{ createdAt: created_at, updatedAt: updated_at, url: html_url },
    }))
  }

  const comment = (id: string, body: string): Promise<unknown> =>
    ask(`commenting on ${id}`, 'POST', `${root}/issues/${id}/comments`, { body })

  const edit = (id: string, body: string): Promise<unknown> =>
    ask(`editing comment ${id}`, 'PATCH', `${root}/issues/comments/${id}`, { body })

  async function reply(id: string, listed: ListedComment, text: string): Promise<void> {
    const body = answerComment(listed, text)
    const said = findAnswer(await commentsOf(id), listed.id)
    if (said === undefined) await comment(id, body)
    else if (said.body !== body) await edit(said.id, body)
  }

  async function mayPush(name: string): Promise<boolean> {
    const path = `${root}/collaborators/${encodeURIComponent(name)}/permission`
    const doing = `asking whether ${name} may push`
    const found = await ask<{ permission: string }>(doing, 'GET', path).catch((error: unknown) => {
      if (isStatus(error, 404)) return undefined
      if (!isStatus(error, 403)) throw error
      const hint = "the token's owner has to be an administrator of the repository to ask that"
      throw new ForgeError(403, `${doing}: ${hint}`, { cause: error })
    })
    return ['write', 'admin', 'owner'].includes(found?.permission ?? '')
  }

  /** Where it cannot be told, the author is a stranger. */
  const authorMayPush = (name: string): Promise<boolean> =>
    mayPush(name).catch((error: unknown) => {
      if (isStatus(error, 403)) return false
      throw error
    })

  async function toProposal(
    { number, head, base, user }: PullRequest,
    isTrusted = authorMayPush,
  ): Promise<Proposal> {
    return {
      id: String(number),
      kind: 'pull-request',
      branch: head.ref,
      head: head.sha,
      base: base.ref,
      trusted:
        isBranchHere(head, base) ||
        (user !== null && isOwn(head, base, user.login) && (await isTrusted(user.login))),
      ...(user === null ? {} : { author: user.login }),
    }
  }

  async function isMarked({ id }: CommandComment): Promise<boolean> {
    if (marked.has(id)) return true
    const path = `${root}/issues/comments/${id}/reactions`
    // Gitea says null where there are none.
    const doing = `reading the reactions to comment ${id}`
    const found = (await ask<readonly Reaction[] | null>(doing, 'GET', path)) ?? []
    const us = await ownLogin()
    const marks: readonly string[] = Object.values(reactions)
    const ours = found.some(({ user, content }) => user?.login === us && marks.includes(content))
    if (ours) marked.add(id)
    return ours
  }

  return {
    kind: 'gitea',
    blob: (commit) => `${options.apiUrl.replace(/\/api\/v1$/, '')}/${project}/src/commit/${commit}`,

    async proposals() {
      const query = { state: 'open', base_branch: branch }
      const pulls = await all<PullRequest>('listing pull requests', `${root}/pulls`, query)
      const authors = new Map<string, Promise<boolean>>()
      const isTrusted = (name: string): Promise<boolean> => {
        const known = authors.get(name) ?? authorMayPush(name)
        authors.set(name, known)
        return known
      }
      // Before 1.24, Gitea gives those against every branch.
      const asked = pulls.filter(({ base }) => base.ref === branch)
      return Promise.all(asked.map((pull) => toProposal(pull, isTrusted)))
    },

    async proposal(id) {
      const doing = `reading pull request ${id}`
      const pull = await ask<PullRequest>(doing, 'GET', `${root}/pulls/${id}`).catch(missing)
      if (pull === undefined || pull.state !== 'open' || pull.base.ref !== branch) return undefined
      return toProposal(pull)
    },

    async mergedBy(commit) {
      const doing = `asking what brought ${commit}`
      const path = `${root}/commits/${commit}/pull`
      const pull = await ask<PullRequest>(doing, 'GET', path).catch(missing)
      return pull === undefined || pull.base.ref !== branch ? undefined : toProposal(pull)
    },

    async ensureComment({ id, head }, { markdown }) {
      const body = planComment(markdown, head, longestComment)
      const own = findPlanComment(await commentsOf(id))
      if (own === undefined) await comment(id, body)
      else if (own.body !== body) await edit(own.id, body)
    },

    async ensureStatus(commit, { context, state, description: whole, url }) {
      const description = cutCharacters(whole, longestDescription)
      const statuses = await latestStatuses(commit)
      const same = statuses.some(
        (one) =>
          one.context === context &&
          one.status === state &&
          one.description === description &&
          one.target_url === (url ?? ''),
      )
      if (same) return
      await ask(`setting a status of ${commit}`, 'POST', `${root}/statuses/${commit}`, {
        ...{ context, state, description },
        ...(url === undefined ? {} : { target_url: url }),
      })
    },

    // Gitea has neither check runs nor deployments.
    ensureCheck: () => Promise.resolve(),
    ensureDeployment: () => Promise.resolve(),

    async commands({ id }) {
      // Gitea does not say who edited a comment, and more people may than may push.
      const comments = (await commentsOf(id)).filter(
        ({ isOurs, createdAt, updatedAt }) => isOurs || createdAt === updatedAt,
      )
      const open: CommandComment[] = []
      for (const command of findCommands(comments)) {
        const isReplied = findAnswer(comments, command.id) !== undefined
        if (!isReplied && !(await isMarked(command))) open.push(command)
      }
      return open
    },

    // The reply first: it is found again by its marker, so that an answer which breaks off in between is
    // not said twice.
    async answer({ id }, command, { kind, text }) {
      const listed = (await commentsOf(id)).find((one) => one.id === command.id)
      // Whoever took the question back gets no answer.
      if (listed === undefined) return
      if (text !== undefined) await reply(id, listed, text)
      const path = `${root}/issues/comments/${command.id}/reactions`
      try {
        const content = reactions[kind]
        await ask(`marking comment ${command.id}`, 'POST', path, { content })
      } catch (error) {
        // An administrator may allow other reactions than the usual ones.
        if (!isStatus(error, 403)) throw error
        if (text === undefined) await reply(id, listed, `${kind}.`)
      }
    },

    mayPush,
    ...createGiteaExamine(api, project, options.apiUrl),

    async isPrivate() {
      const found = await ask<{ private: boolean; internal?: boolean }>(
        'reading the repository',
        'GET',
        root,
      )
      // Internal: its owner is hidden from all but its own members.
      return found.private || found.internal === true
    },

    // The API of Gitea has no list of deliveries; what did not arrive is found by the poll.
    redeliver: () => Promise.resolve(0),
  }

  async function latestStatuses(commit: string): Promise<readonly SetStatus[]> {
    const statuses: SetStatus[] = []
    for (let page = 1; ; page++) {
      const { statuses: found, total_count: total } = await ask<{
        statuses: readonly SetStatus[] | null
        total_count: number
      }>(
        `reading the statuses of ${commit}`,
        'GET',
        `${root}/commits/${commit}/status?page=${page}&limit=50`,
      )
      statuses.push(...(found ?? []))
      if (!found?.length || statuses.length >= total) return statuses
    }
  }
}

interface Reaction {
  readonly user: { readonly login: string } | null
  readonly content: string
}

/**
 * Whether only people who may push can have made it. Not so with a push to `refs/for/`, which is open to
 * whoever can read: Gitea shows this repository as its head's, and a ref instead of a branch.
 */
const isBranchHere = (head: Branch, base: Branch): boolean =>
  head.repo?.full_name === base.repo?.full_name &&
  head.repo !== null &&
  !head.ref.startsWith('refs/')

/** Whether its author alone decides what is in it; anybody's fork may be named by whoever opens one. */
const isOwn = ({ repo }: Branch, base: Branch, author: string): boolean =>
  repo !== null &&
  (repo.full_name === base.repo?.full_name || repo.full_name.startsWith(`${author}/`))

const isStatus = (error: unknown, status: number): boolean =>
  error instanceof ForgeError && error.status === status

function missing(error: unknown): undefined {
  if (!isStatus(error, 404)) throw error
}
