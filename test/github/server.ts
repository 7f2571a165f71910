import { createServer, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  checkAnswer,
  checkRequest,
  exampleOf,
  findOperation,
  type Exchange,
} from './description.ts'

/** A pull request of the stand-in. */
export interface Pull {
  readonly number: number
  /** Branch and commit at its head. */
  readonly branch: string
  readonly head: string
  readonly base: string
  /** `owner/name` of a fork, null for one that is gone; default: the repository itself. */
  readonly from?: string | null
  readonly state?: 'open' | 'closed'
}

export interface Comment {
  readonly id: number
  readonly issue: number
  readonly login: string
  readonly type: 'User' | 'Bot'
  body: string
}

export interface Status {
  readonly sha: string
  readonly context: string
  readonly state: string
  readonly description: string
}

/** GitHub as far as we use it: real HTTP, and every request and answer is held against GitHub's own description. */
export interface GithubStandIn {
  readonly url: string
  readonly pulls: Pull[]
  readonly comments: Comment[]
  /** In the order in which they were set. */
  readonly statuses: Status[]
  /** `GET /repos/example/fleet/pulls`, ... */
  readonly requests: string[]
  /** What GitHub's description says against a request or an answer; must stay empty. */
  readonly problems: string[]
  /** The next request gets this instead. */
  failNext(status: number, headers?: Readonly<Record<string, string>>): void
  /** Every request gets this instead, or no answer, until it is called without one. */
  failAll(how?: number | 'silence'): void
  close(): Promise<void>
}

export interface GithubOptions {
  readonly project: string
  readonly token: string
  /** Whose the token is; undefined for an app's, which is nobody's. */
  readonly login?: string
}

type Fields = Record<string, unknown>
interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Starts a stand-in for one repository. */
export async function startGithub({
  project,
  token,
  login,
}: GithubOptions): Promise<GithubStandIn> {
  const pulls: Pull[] = []
  const comments: Comment[] = []
  const statuses: Status[] = []
  const requests: string[] = []
  const problems: string[] = []
  let failure: Answer | undefined
  let outage: number | 'silence' | undefined
  const root = `/repos/${project}`

  function answer({ method, path, query, body }: Exchange): Answer {
    const fields = (body ?? {}) as Fields
    const part = path.startsWith(root) ? path.slice(root.length) : undefined
    const [, number = ''] = /^\/(?:pulls|issues|issues\/comments)\/(\d+)/.exec(part ?? '') ?? []
    const page = <Item>(items: readonly Item[]): readonly Item[] => {
      const size = Math.min(Number(query['per_page'] ?? 30), 100)
      const first = (Number(query['page'] ?? 1) - 1) * size
      return items.slice(first, first + size)
    }
    if (method === 'GET' && path === '/user') {
      return login === undefined
        ? { status: 403, body: { message: 'Resource not accessible by integration' } }
        : { status: 200, body: { ...(exampleOf('public-user-default-response') as Fields), login } }
    }
    if (method === 'GET' && part === '/pulls') {
      const state = query['state'] ?? 'open'
      const asked = pulls.filter(
        (pull) =>
          (state === 'all' || (pull.state ?? 'open') === state) &&
          (query['base'] === undefined || pull.base === query['base']),
      )
      return { status: 200, body: page(asked).map((pull) => toPull(project, pull, 'simple')) }
    }
    if (method === 'GET' && part === `/pulls/${number}`) {
      const pull = pulls.find((one) => one.number === Number(number))
      if (pull !== undefined) return { status: 200, body: toPull(project, pull, 'full') }
    }
    if (part === `/issues/${number}/comments`) {
      const issue = Number(number)
      if (method === 'GET') {
        const asked = comments.filter((comment) => comment.issue === issue)
        return { status: 200, body: page(asked).map(toComment) }
      }
      const author = login ?? 'fleet-app[bot]'
      const type = login === undefined ? 'Bot' : 'User'
      const id = comments.length + 1
      const comment: Comment = { id, issue, login: author, type, body: String(fields['body']) }
      comments.push(comment)
      return { status: 201, body: toComment(comment) }
    }
    if (method === 'PATCH' && part === `/issues/comments/${number}`) {
      const comment = comments.find((one) => one.id === Number(number))
      if (comment !== undefined) {
        comment.body = String(fields['body'])
        return { status: 200, body: toComment(comment) }
      }
    }
    const [, sha = ''] = /^\/(?:commits|statuses)\/(\w+)/.exec(part ?? '') ?? []
    if (method === 'GET' && part === `/commits/${sha}/status`) {
      const latest = new Map(
        statuses.filter((one) => one.sha === sha).map((one) => [one.context, one]),
      )
      return { status: 200, body: toCombined(sha, page([...latest.values()])) }
    }
    if (method === 'POST' && part === `/statuses/${sha}`) {
      const { context, state, description } = fields
      const status = {
        ...{ sha, context: String(context), state: String(state) },
        description: String(description),
      }
      statuses.push(status)
      return { status: 201, body: toStatus(status) }
    }
    return { status: 404, body: { message: 'Not Found' } }
  }

  function exchange(request: IncomingMessage, text: string): Answer {
    const url = new URL(request.url ?? '', 'http://github')
    const method = request.method ?? ''
    const name = `${method} ${url.pathname}`
    requests.push(name)
    if (typeof outage === 'number') return { status: outage, body: { message: 'Server Error' } }
    const match = findOperation(method, url.pathname)
    if (match === undefined) {
      problems.push(`${name}: GitHub knows no such request`)
      return { status: 404, body: { message: 'Not Found' } }
    }
    if (!request.headers['user-agent']) problems.push(`${name}: GitHub demands a user-agent`)
    const query = Object.fromEntries(url.searchParams)
    const asked = {
      method,
      path: url.pathname,
      query,
      body: text === '' ? undefined : JSON.parse(text),
    }
    const wrong = checkRequest(match, asked)
    problems.push(...wrong.map((problem) => `${name}: ${problem}`))
    if (request.headers.authorization !== `token ${token}`) {
      return { status: 401, body: { message: 'Bad credentials' } }
    }
    // GitHub refuses what it cannot take; our side must not depend on it.
    if (wrong.length > 0) return { status: 422, body: { message: 'Validation Failed' } }
    const planned = failure
    failure = undefined
    if (planned !== undefined) return planned
    const given = answer(asked)
    if (given.status < 300) {
      // Real answers have null for a fork that is gone, whatever the description says.
      const mine = checkAnswer(match, given.status, given.body).filter(
        (problem) => !problem.endsWith('/head/repo must be object'),
      )
      problems.push(...mine.map((problem) => `${name}: the stand-in's ${problem}`))
    }
    return given
  }

  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    while (outage === 'silence') await sleep(20)
    const { status, body, headers } = exchange(request, text)
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    response.end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ pulls, comments, statuses, requests, problems },
    failNext: (status, headers = {}) =>
      void (failure = { status, headers, body: { message: 'You have exceeded a rate limit' } }),
    failAll: (how) => void (outage = how),
    async close() {
      outage = undefined
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function toPull(project: string, pull: Pull, form: 'simple' | 'full'): Fields {
  const example = (
    form === 'full'
      ? exampleOf('pull-request')
      : (exampleOf('pull-request-simple-items') as readonly unknown[])[0]
  ) as Fields
  const head = example['head'] as Fields
  const base = example['base'] as Fields
  const repository = (end: Fields, name: string): Fields => ({
    ...(end['repo'] as Fields),
    ...{ name: name.split('/')[1], full_name: name },
  })
  const from = pull.from === undefined ? project : pull.from
  return {
    ...example,
    number: pull.number,
    state: pull.state ?? 'open',
    // GitHub's example of a team lacks what its description demands.
    requested_teams: [],
    head: {
      ...{ ...head, ref: pull.branch, sha: pull.head, label: `${from}:${pull.branch}` },
      repo: from === null ? null : repository(head, from),
    },
    base: { ...base, ref: pull.base, repo: repository(base, project) },
  }
}

function toComment({ id, login, type, body }: Comment): Fields {
  const example = (exampleOf('issue-comment-items') as readonly Fields[])[0]!
  return { ...example, id, body, user: { ...(example['user'] as Fields), login, type } }
}

function toStatus({ context, state, description }: Status): Fields {
  return { ...(exampleOf('status') as Fields), context, state, description }
}

function toCombined(sha: string, latest: readonly Status[]): Fields {
  const example = exampleOf('combined-commit-status') as Fields
  const [one] = example['statuses'] as readonly Fields[]
  const statuses = latest.map(({ context, state, description }) => ({
    ...{ ...one, context, state, description },
  }))
  return { ...example, sha, statuses, total_count: statuses.length }
}
