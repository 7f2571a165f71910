import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkAnswer, checkRequest, type Exchange } from './description.ts'

/** A pull request of the stand-in. */
export interface Pull {
  readonly number: number
  /** Branch and commit at its head. */
  readonly branch: string
  readonly head: string
  readonly base: string
  /** Null for an account that is gone. */
  readonly author?: string | null
  /** `owner/name` of a fork, null for one that is gone; default: the repository itself. */
  readonly from?: string | null
  readonly state?: 'open' | 'closed'
  /** The commit that it was merged as. */
  readonly mergedAs?: string
}

export interface Comment {
  readonly id: number
  readonly issue: number
  readonly login: string
  /** Unix time in seconds: Gitea tells no parts of them. */
  readonly created: number
  updated: number
  body: string
  readonly reactions: { readonly login: string; readonly content: string }[]
}

export interface Status {
  readonly sha: string
  readonly context: string
  readonly state: string
  readonly description: string
  readonly url: string
}

/** Gitea as far as we use it: real HTTP, every request and answer held against Gitea's own description. */
export interface GiteaStandIn {
  /** Of the API. */
  readonly apiUrl: string
  readonly pulls: Pull[]
  readonly comments: Comment[]
  /** In the order in which they were set. */
  readonly statuses: Status[]
  /** login -> what it may; others may read. */
  readonly permissions: Map<string, 'admin' | 'write' | 'read'>
  readonly repository: { visibility: 'public' | 'private' | 'internal'; allowedReactions: string[] }
  /** Webhooks and protected branches, as a real Gitea tells of them; tests change fields. */
  readonly hooks: Fields[]
  readonly protections: Fields[]
  /** `GET /repos/example/fleet/pulls`, ... */
  readonly requests: string[]
  /** What Gitea's description says against a request or an answer; must stay empty. */
  readonly problems: string[]
  /** Somebody writes a comment, a second after whatever was before. */
  comment(issue: number, login: string, body: string): Comment
  /** The next request, or the next one for that path, gets this instead. */
  failNext(status: number, how?: Partial<Failure>): void
  close(): Promise<void>
}

export interface GiteaOptions {
  readonly project: string
  readonly token: string
  /** Whose the token is. */
  readonly login: string
  /** Most entries of a page; Gitea's own default. */
  readonly pageSize?: number
}

type Fields = Readonly<Record<string, unknown>>
interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface Failure extends Answer {
  readonly path: string
}

/** What a real Gitea answered once. */
const recorded = JSON.parse(
  readFileSync(new URL('answers.json', import.meta.url), 'utf8'),
) as Readonly<
  Record<
    | 'user'
    | 'repository'
    | 'pull'
    | 'comment'
    | 'status'
    | 'reaction'
    | 'permission'
    | 'hook'
    | 'protection',
    Fields
  >
>

/** Starts a stand-in for one repository. */
export async function startGitea(options: GiteaOptions): Promise<GiteaStandIn> {
  const { project, token, login: us, pageSize = 50 } = options
  const pulls: Pull[] = []
  const comments: Comment[] = []
  const statuses: Status[] = []
  const permissions = new Map<string, 'admin' | 'write' | 'read'>([[us, 'admin']])
  const repository: GiteaStandIn['repository'] = {
    visibility: 'public',
    allowedReactions: ['+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes'],
  }
  const hooks: Fields[] = [recorded.hook]
  const protections: Fields[] = [recorded.protection]
  const isAdmin = (): boolean => permissions.get(us) === 'admin'
  const requests: string[] = []
  const problems: string[] = []
  let failure: (Partial<Failure> & Answer) | undefined
  let seconds = Date.parse('2026-01-02T03:04:05Z') / 1000
  const root = `/repos/${project}`

  function say(issue: number, login: string, body: string): Comment {
    const now = ++seconds
    const id = comments.length + 1
    const comment = { id, issue, login, body, created: now, updated: now, reactions: [] }
    comments.push(comment)
    return comment
  }

  const routes: readonly (readonly [
    string,
    RegExp,
    (exchange: Exchange, values: readonly string[]) => Answer,
  ])[] = [
    ['GET', /^\/user$/, () => ok(toUser(us))],
    [
      'GET',
      /^\/repo$/,
      () => {
        const push = permissions.get(us) !== 'read'
        const shown = { admin: isAdmin(), push, pull: true }
        return ok({ ...toRepository(project, repository.visibility), permissions: shown })
      },
    ],
    [
      'GET',
      /^\/repo\/hooks$/,
      ({ query }) =>
        isAdmin()
          ? ok(page(query, hooks), { 'x-total-count': String(hooks.length) })
          : refused(403, notAdmin),
    ],
    [
      'GET',
      /^\/repo\/branch_protections$/,
      () => (isAdmin() ? ok(protections) : refused(403, notAdmin)),
    ],
    [
      'GET',
      /^\/repo\/pulls$/,
      ({ query }) => {
        const { state = 'open', base_branch: base } = query
        const asked = pulls.filter(
          (pull) =>
            (state === 'all' || stateOf(pull) === state) &&
            (base === undefined || pull.base === base),
        )
        const shown = page(query, asked).map((pull) => toPull(project, pull))
        return ok(shown, { 'x-total-count': String(asked.length) })
      },
    ],
    [
      'GET',
      /^\/repo\/pulls\/(\d+)$/,
      (_, [number]) => {
        const pull = pulls.find((one) => one.number === Number(number))
        return pull === undefined ? missing : ok(toPull(project, pull))
      },
    ],
    [
      'GET',
      /^\/repo\/commits\/(\w+)\/pull$/,
      (_, [sha]) => {
        const pull = pulls.find(({ mergedAs }) => mergedAs === sha)
        return pull === undefined ? missing : ok(toPull(project, pull))
      },
    ],
    [
      'GET',
      /^\/repo\/commits\/(\w+)\/status$/,
      ({ query }, [sha]) => {
        const set = statuses.filter((one) => one.sha === sha)
        const latest = [...new Map(set.map((one) => [one.context, one])).values()]
        const shown = page(query, latest).map(toStatus)
        return ok({ ...recorded.status, sha, total_count: latest.length, statuses: shown })
      },
    ],
    [
      'POST',
      /^\/repo\/statuses\/(\w+)$/,
      ({ body }, [sha = '']) => {
        const { context, state, description, target_url: url = '' } = body as Fields
        const status = {
          ...{ sha, context: String(context), state: String(state) },
          ...{ description: String(description), url: String(url) },
        }
        statuses.push(status)
        return created(toStatus(status))
      },
    ],
    [
      'GET',
      /^\/repo\/issues\/(\d+)\/comments$/,
      (_, [issue]) => {
        // Gitea has no pages here.
        const asked = comments.filter((comment) => comment.issue === Number(issue))
        return ok(asked.map(toComment))
      },
    ],
    [
      'POST',
      /^\/repo\/issues\/(\d+)\/comments$/,
      ({ body }, [issue]) =>
        created(toComment(say(Number(issue), us, String((body as Fields)['body'])))),
    ],
    [
      'PATCH',
      /^\/repo\/issues\/comments\/(\d+)$/,
      ({ body }, [id]) => {
        const comment = comments.find((one) => one.id === Number(id))
        if (comment === undefined) return missing
        comment.body = String((body as Fields)['body'])
        comment.updated = ++seconds
        return ok(toComment(comment))
      },
    ],
    [
      'GET',
      /^\/repo\/issues\/comments\/(\d+)\/reactions$/,
      (_, [id]) => {
        const { reactions = [] } = comments.find((one) => one.id === Number(id)) ?? {}
        return ok(reactions.length === 0 ? null : reactions.map(toReaction))
      },
    ],
    [
      'POST',
      /^\/repo\/issues\/comments\/(\d+)\/reactions$/,
      ({ body }, [id]) => {
        const comment = comments.find((one) => one.id === Number(id))
        const content = String((body as Fields)['content'])
        if (comment === undefined) return missing
        if (!repository.allowedReactions.includes(content)) {
          return refused(403, `'${content}' is not an allowed reaction`)
        }
        const known = comment.reactions.some((one) => one.login === us && one.content === content)
        if (known) return ok(toReaction({ login: us, content }))
        comment.reactions.push({ login: us, content })
        return created(toReaction({ login: us, content }))
      },
    ],
    [
      'GET',
      /^\/repo\/collaborators\/([^/]+)\/permission$/,
      (_, [login = '']) => {
        if (permissions.get(us) !== 'admin' && login !== us) {
          return refused(403, 'Only admins can query all permissions')
        }
        if (login === 'nobody' || login === 'Ghost') return missing
        const permission =
          permissions.get(login) ?? (repository.visibility === 'public' ? 'read' : 'none')
        return ok({ permission, role_name: permission, user: toUser(login) })
      },
    ],
  ]

  function page<Item>(
    { page: number = '1', limit = '50' }: Readonly<Record<string, string>>,
    items: readonly Item[],
  ): readonly Item[] {
    const size = Math.min(Number(limit), pageSize)
    return items.slice((Number(number) - 1) * size).slice(0, size)
  }

  function answer(exchange: Exchange): Answer {
    const { method, path } = exchange
    // Gitea ignores the case of names.
    const isOurs = path.toLowerCase().startsWith(root.toLowerCase())
    const short = isOurs ? `/repo${path.slice(root.length)}` : path
    for (const [verb, pattern, give] of routes) {
      const values = verb === method ? pattern.exec(short) : null
      if (values) return give(exchange, values.slice(1).map(decodeURIComponent))
    }
    return missing
  }

  function exchange(request: IncomingMessage, text: string): Answer {
    const url = new URL(request.url ?? '', 'http://gitea')
    const path = url.pathname.replace(/^\/api\/v1/, '')
    const method = request.method ?? ''
    const name = `${method} ${path}`
    requests.push(name)
    const query = Object.fromEntries(url.searchParams)
    const asked = { method, path, query, body: text === '' ? undefined : JSON.parse(text) }
    const wrong = checkRequest(asked)
    problems.push(...wrong.map((problem) => `${name}: ${problem}`))
    if (request.headers.authorization !== `token ${token}`) {
      return refused(401, 'invalid username, password or token')
    }
    if (text !== '' && request.headers['content-type'] !== 'application/json') {
      problems.push(`${name}: a body without its type`)
    }
    // Our side must not depend on what a real one lets pass.
    if (wrong.length > 0) return refused(422, 'validation failed')
    if (failure !== undefined && (failure.path ?? path) === path) {
      const planned = failure
      failure = undefined
      return planned
    }
    const given = answer(asked)
    if (given.status < 300) {
      const mine = checkAnswer(asked, given.status, given.body)
      problems.push(...mine.map((problem) => `${name}: the stand-in's ${problem}`))
    }
    return given
  }

  const server = createServer(async (request, response) => {
    request.setEncoding('utf8')
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const { status, body, headers } = exchange(request, text)
    response.writeHead(status, { 'content-type': 'application/json;charset=utf-8', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`,
    ...{ pulls, comments, statuses, permissions, repository, requests, problems },
    ...{ hooks, protections },
    comment: say,
    failNext: (status, how = {}) =>
      void (failure = { body: { message: 'not now' }, ...how, status }),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const ok = (body: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  ...{ status: 200, body, headers },
})
const created = (body: unknown): Answer => ({ status: 201, body })
const refused = (status: number, message: string): Answer => ({ status, body: { message } })
const missing = refused(404, 'not found')

const notAdmin = 'user should be an owner or a collaborator with admin write of a repository'

const stateOf = ({ state = 'open', mergedAs }: Pull): string =>
  mergedAs === undefined ? state : 'closed'

const toUser = (login: string): Fields => ({ ...recorded.user, login })

const toTime = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')

function toRepository(
  project: string,
  visibility: GiteaStandIn['repository']['visibility'],
): Fields {
  const [owner = '', name] = project.split('/')
  return {
    ...{ ...recorded.repository, name, full_name: project, owner: toUser(owner) },
    ...{ private: visibility === 'private', internal: visibility === 'internal' },
  }
}

function toPull(project: string, pull: Pull): Fields {
  const { number, branch, author = 'alice', mergedAs = null } = pull
  const from = pull.from === undefined ? project : pull.from
  const end = (name: string | null): Fields | null =>
    name === null ? null : toRepository(name, 'public')
  return {
    ...{ ...recorded.pull, number, state: stateOf(pull), merged: mergedAs !== null },
    merge_commit_sha: mergedAs,
    user: author === null ? null : toUser(author),
    head: {
      ...{ ...(recorded.pull['head'] as Fields), label: branch, ref: branch, sha: pull.head },
      repo: end(from),
    },
    base: { ...(recorded.pull['base'] as Fields), ref: pull.base, repo: end(project) },
  }
}

const toComment = ({ id, login, body, created, updated }: Comment): Fields => ({
  ...{ ...recorded.comment, id, body, user: toUser(login) },
  ...{ created_at: toTime(created), updated_at: toTime(updated) },
  html_url: `https://git.example.com/example/fleet/pulls/1#issuecomment-${id}`,
})

const toReaction = ({ login, content }: Comment['reactions'][number]): Fields => ({
  ...{ ...recorded.reaction, content, user: toUser(login) },
})

function toStatus({ context, state, description, url }: Status): Fields {
  const [shown] = recorded.status['statuses'] as readonly Fields[]
  return { ...shown, context, status: state, description, target_url: url }
}
