import { Octokit } from '@octokit/core'
import { ForgeError, NotReadyError } from '../model/errors.ts'
import type { CommandComment, Forge, Proposal } from '../model/forge.ts'
import {
  answerComment,
  findAnswer,
  findCommands,
  findPlanComment,
  planComment,
  type ListedComment,
} from './comment.ts'

export interface GithubOptions {
  /** `owner/name` */
  readonly project: string
  /** The branch that is deployed. */
  readonly branch: string
  readonly token: string
  /** Without a slash at the end. */
  readonly apiUrl: string
}

const perPage = 100

/** How an answer is marked. */
const reactions = { done: '+1', refused: '-1', unknown: 'confused' } as const

interface GithubComment extends ListedComment {
  readonly hasReactions: boolean
}

/**
 * GitHub speaks of 65,536 characters. Where it was measured, that were bytes of UTF-8 in one place and
 * code points in another, so the fewest are taken: bytes.
 * https://github.com/dead-claudia/github-limits/pull/13
 */
const longestComment = 65_536

/** A GitHub that says nothing for so long is away, in milliseconds. */
const silenceMs = 15_000

/** The port over GitHub's REST API; throws ForgeError, or NotReadyError when it asks us to wait. */
export function createGithub({ project, branch, token, apiUrl }: GithubOptions): Forge {
  const [owner = '', repo = ''] = project.split('/')
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  const octokit = new Octokit({
    auth: token,
    baseUrl: apiUrl,
    userAgent: 'nixcluster',
    log: silent,
    request: {
      fetch: (url: string, init: RequestInit) =>
        fetch(url, { ...init, signal: AbortSignal.timeout(silenceMs) }),
    },
  })
  let login: Promise<string | undefined> | undefined

  /** Undefined for an app's token, which is nobody's: its comments are a bot's. */
  const ownLogin = (): Promise<string | undefined> =>
    (login ??= ask('asking who we are', () => octokit.request('GET /user')).then(
      ({ data }) => data.login,
      (error: unknown) => {
        login = undefined
        if (error instanceof ForgeError && error.status === 403) return undefined
        throw error
      },
    ))

  function toProposal(pull: {
    readonly number: number
    readonly head: {
      readonly ref: string
      readonly sha: string
      readonly repo: { readonly full_name: string } | null
    }
    readonly base: { readonly ref: string; readonly repo: { readonly full_name: string } }
  }): Proposal {
    return {
      id: String(pull.number),
      kind: 'pull-request',
      branch: pull.head.ref,
      head: pull.head.sha,
      base: pull.base.ref,
      // Only people who may push can have a branch here; a deleted fork has no repository.
      trusted: pull.head.repo?.full_name === pull.base.repo.full_name,
    }
  }

  async function commentsOf(id: string): Promise<readonly GithubComment[]> {
    const comments = await all((page) =>
      ask(`reading the comments of ${id}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...{ owner, repo, issue_number: Number(id), per_page: perPage, page },
        }),
      ),
    )
    const us = await ownLogin()
    return comments.map((comment) => {
      const isBot = comment.user?.type === 'Bot'
      const author = comment.user?.login ?? 'ghost'
      return {
        ...{ id: String(comment.id), author, isBot, url: comment.html_url },
        hasReactions: (comment.reactions?.total_count ?? 0) > 0,
        isOurs: us === undefined ? isBot : author === us,
        // GitHub gives line breaks back as it got them from whom it got them.
        body: (comment.body ?? '').replaceAll('\r\n', '\n'),
        ...{ createdAt: comment.created_at, updatedAt: comment.updated_at },
      }
    })
  }

  /** Whether we have reacted to a comment in one of the ways that mean an answer. */
  async function isMarked({ id }: CommandComment): Promise<boolean> {
    const given = await all((page) =>
      ask(`reading the reactions to comment ${id}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
          ...{ owner, repo, comment_id: Number(id), per_page: perPage, page },
        }),
      ),
    )
    const us = await ownLogin()
    const marks: readonly string[] = Object.values(reactions)
    return given.some(
      ({ user, content }) =>
        marks.includes(content) && (us === undefined ? user?.type === 'Bot' : user?.login === us),
    )
  }

  async function reply(proposal: Proposal, listed: GithubComment, text: string): Promise<void> {
    const body = answerComment(listed, text)
    const said = findAnswer(await commentsOf(proposal.id), listed.id)
    if (said === undefined) {
      await ask(`answering comment ${listed.id}`, () =>
        octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...{ owner, repo, issue_number: Number(proposal.id), body },
        }),
      )
    } else if (said.body !== body) {
      await ask(`answering comment ${listed.id} otherwise`, () =>
        octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
          ...{ owner, repo, comment_id: Number(said.id), body },
        }),
      )
    }
  }

  async function mayPush(username: string): Promise<boolean> {
    const answer = await ask(`asking what ${username} may do`, () =>
      octokit.request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
        ...{ owner, repo, username },
      }),
    ).catch(undefinedIfMissing)
    // `maintain`, and what a role of one's own allows, are told here as the nearest of these.
    return answer !== undefined && ['admin', 'maintain', 'write'].includes(answer.data.permission)
  }

  return {
    kind: 'github',
    blob: (commit) => `${webUrl(apiUrl)}/${project}/blob/${commit}`,
    async proposals() {
      const pulls = await all((page) =>
        ask('listing pull requests', () =>
          octokit.request('GET /repos/{owner}/{repo}/pulls', {
            ...{ owner, repo, state: 'open', base: branch, per_page: perPage, page },
          }),
        ),
      )
      return pulls.map(toProposal)
    },
    async proposal(id) {
      const pull = await ask(`reading pull request ${id}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
          ...{ owner, repo, pull_number: Number(id) },
        }),
      ).catch(undefinedIfMissing)
      if (pull === undefined || pull.data.state !== 'open') return undefined
      return pull.data.base.ref === branch ? toProposal(pull.data) : undefined
    },
    async ensureComment({ id, kind, head }, { markdown }) {
      if (kind === 'queue') return
      const text = planComment(markdown, head, longestComment)
      const own = findPlanComment(await commentsOf(id))
      if (own === undefined) {
        await ask(`commenting on ${id}`, () =>
          octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
            ...{ owner, repo, issue_number: Number(id), body: text },
          }),
        )
      } else if (own.body !== text) {
        await ask(`editing the comment on ${id}`, () =>
          octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
            ...{ owner, repo, comment_id: Number(own.id), body: text },
          }),
        )
      }
    },
    mergedBy: () => Promise.resolve(undefined),
    ensureCheck: () => Promise.resolve(),
    ensureDeployment: () => Promise.resolve(),
    async commands({ id, kind }) {
      if (kind === 'queue') return []
      const comments = await commentsOf(id)
      const open: CommandComment[] = []
      for (const command of findCommands(comments)) {
        const listed = comments.find((comment) => comment.id === command.id)
        const isAnswered = listed?.hasReactions === true && (await isMarked(command))
        if (!isAnswered) open.push(command)
      }
      return open
    },
    // The reply first: it is found again by its marker, so that an answer which breaks off in between is
    // finished by the next one instead of being lost or said twice.
    async answer(proposal, command, { kind, text }) {
      const listed = (await commentsOf(proposal.id)).find(({ id }) => id === command.id)
      // Whoever took the question back gets no answer.
      if (listed === undefined) return
      if (text !== undefined) await reply(proposal, listed, text)
      await ask(`marking comment ${command.id}`, () =>
        octokit.request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
          ...{ owner, repo, comment_id: Number(command.id), content: reactions[kind] },
        }),
      )
    },
    mayPush,
    async isPrivate() {
      const { data } = await ask(`reading the repository ${project}`, () =>
        octokit.request('GET /repos/{owner}/{repo}', { owner, repo }),
      )
      return data.private || data.visibility === 'internal'
    },
    redeliver: () => Promise.resolve(0),
    async ensureStatus(commit, status) {
      const { context, state, url: target_url = null } = status
      const wanted = { context, state, description: shorten(status.description), target_url }
      const statuses = await all(async (page) => {
        const combined = await ask(`reading the statuses of ${commit}`, () =>
          octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/status', {
            ...{ owner, repo, ref: commit, per_page: perPage, page },
          }),
        )
        return { data: combined.data.statuses }
      })
      if (statuses.some((one) => isSame(one, wanted))) return
      await ask(`setting a status of ${commit}`, () =>
        octokit.request('POST /repos/{owner}/{repo}/statuses/{sha}', {
          ...{ owner, repo, sha: commit, ...wanted },
        }),
      )
    },
  }
}

/** `https://api.github.com` -> `https://github.com`; an Enterprise Server's API is below its pages. */
const webUrl = (apiUrl: string): string =>
  apiUrl.replace(/\/api\/v3$/, '').replace('://api.', '://')

/** Reads pages until one is not full. */
async function all<Item>(
  read: (page: number) => Promise<{ readonly data: readonly Item[] }>,
): Promise<readonly Item[]> {
  const items: Item[] = []
  for (let page = 1; ; page++) {
    const { data } = await read(page)
    items.push(...data)
    if (data.length < perPage) return items
  }
}

/** Asks GitHub and says what was being asked when it refuses. */
async function ask<Answer>(doing: string, request: () => Promise<Answer>): Promise<Answer> {
  try {
    return await request()
  } catch (error) {
    throw toForgeError(doing, error)
  }
}

function toForgeError(doing: string, cause: unknown): Error {
  const { status, response } = cause as {
    readonly status?: number
    readonly response?: { readonly headers: Readonly<Record<string, string | undefined>> }
  }
  const text = `${doing}: ${cause instanceof Error ? cause.message : String(cause)}`
  const waitMs = status === 403 || status === 429 ? waitAsked(response?.headers ?? {}) : undefined
  if (waitMs !== undefined) return new NotReadyError(text, waitMs, { cause })
  // Without a response the network failed, whatever the number says.
  return new ForgeError(response === undefined ? 0 : (status ?? 0), text, { cause })
}

/** Milliseconds that GitHub asks us to wait, undefined when it refuses for another reason. */
function waitAsked(headers: Readonly<Record<string, string | undefined>>): number | undefined {
  const seconds = Number(headers['retry-after'])
  if (seconds > 0) return seconds * 1000
  if (headers['x-ratelimit-remaining'] !== '0') return undefined
  // The reset is told by GitHub's clock, so its own date is what it is measured from.
  const reset = Number(headers['x-ratelimit-reset']) * 1000 - Date.parse(headers['date'] ?? '')
  return reset > 0 ? reset : 60_000
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof ForgeError && error.status === 404) return undefined
  throw error
}

interface GithubStatus {
  readonly context: string
  readonly state: string
  readonly description: string | null
  readonly target_url: string | null
}

const isSame = (one: GithubStatus, wanted: GithubStatus): boolean =>
  one.context === wanted.context &&
  one.state === wanted.state &&
  one.description === wanted.description &&
  (one.target_url ?? '') === (wanted.target_url ?? '')

/** GitHub refuses more than 140 characters. */
const shorten = (text: string): string =>
  [...text].length <= 140 ? text : `${[...text].slice(0, 139).join('')}…`
