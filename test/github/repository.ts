import { exampleOf, type Exchange } from './description.ts'
import { answerRules, toHookConfig, toHooks, toRateLimit, wellSetUp } from './standing.ts'
import type { Standing } from './standing.ts'

/** A pull request of the stand-in. */
export interface Pull {
  readonly number: number
  /** Branch and commit at its head. */
  readonly branch: string
  readonly head: string
  readonly base: string
  /** `owner/name` of a fork, null for one that is gone; default: the repository itself. */
  readonly from?: string | null
  /** Whoever opened it; default: GitHub's example. */
  readonly author?: string
  readonly state?: 'open' | 'closed'
  /** The commit that its merge left on the base. */
  readonly mergedAs?: string
}

export type Reaction = '+1' | '-1' | 'confused' | 'eyes' | 'heart'

export interface Comment {
  readonly id: number
  readonly issue: number
  readonly login: string
  readonly type: 'User' | 'Bot'
  body: string
  /** ISO 8601, in whole seconds as GitHub has them; default: the stand-in's beginning. */
  readonly createdAt?: string
  updatedAt?: string
  readonly reactions?: { readonly login: string; readonly content: Reaction }[]
}

export interface Status {
  readonly sha: string
  readonly context: string
  readonly state: string
  readonly description: string
  readonly url?: string
}

export interface CheckAnnotation {
  readonly path: string
  readonly start_line: number
  readonly end_line: number
  readonly annotation_level: 'notice' | 'warning' | 'failure'
  readonly message: string
  readonly title?: string
}

export interface CheckRun {
  readonly id: number
  readonly sha: string
  readonly name: string
  externalId: string
  status: string
  conclusion: string | null
  title: string
  summary: string
  /** What is sent is added to what there is, and nothing takes it away. */
  readonly annotations: CheckAnnotation[]
}

export interface Deployment {
  readonly id: number
  readonly sha: string
  readonly environment: string
  readonly task: string
  readonly description: string
  /** The oldest first. */
  readonly statuses: {
    readonly state: string
    readonly description: string
    readonly url: string
  }[]
}

/** A webhook that GitHub sent, or tried to. */
export interface SentDelivery {
  /** Beyond what a number holds, as GitHub's are. */
  readonly id: bigint
  readonly guid: string
  readonly deliveredAt: string
  readonly code: number
  readonly redelivery: boolean
  /** Another one of the app's; default: this one. */
  readonly repositoryId?: number
}

export type Permission = 'admin' | 'maintain' | 'write' | 'triage' | 'read'

/** The repository behind the stand-in; tests look into it and change it. */
export interface GithubRepository {
  visibility: 'public' | 'private' | 'internal'
  readonly pulls: Pull[]
  readonly comments: Comment[]
  /** In the order in which they were set. */
  readonly statuses: Status[]
  readonly checkRuns: CheckRun[]
  readonly deployments: Deployment[]
  /** Those who were given something; strangers may read. */
  readonly permissions: Map<string, Permission>
  /** Heads of the merge queue: `main/pr-7-<commit of the base>` -> commit. */
  readonly queue: Map<string, string>
  /** Webhooks of the repository, and of the app where there is one; the oldest first. */
  readonly deliveries: SentDelivery[]
  /** False: the token may not see webhooks. */
  mayReadHooks: boolean
  readonly standing: Standing
  /** What a delivery that is sent again comes to. */
  redeliveredCode: number
  /** Writes a comment as somebody, later than everything before. */
  comment(issue: number, login: string, body: string, type?: 'User' | 'Bot'): Comment
  /** Sends a webhook, to nobody; gives its guid. */
  deliver(code: number, repositoryId?: number): string
  /** A second passes. */
  tick(): string
}

export interface GithubAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Identity {
  /** `Bot`s are apps. */
  readonly type: 'User' | 'Bot'
  readonly login: string
  /** GET /user tells nothing of an app. */
  readonly app?: { readonly id: number; readonly slug: string }
}

type Fields = Record<string, unknown>
type Answerer = (exchange: Exchange, values: readonly string[], who: Identity) => GithubAnswer

const example = (name: string): Fields => exampleOf(name) as Fields
const firstExample = (name: string): Fields => (exampleOf(name) as readonly Fields[])[0]!
const missing: GithubAnswer = { status: 404, body: { message: 'Not Found' } }
const ok = (body: unknown, headers?: Record<string, string>): GithubAnswer => ({
  ...{ status: 200, body },
  ...(headers === undefined ? {} : { headers }),
})
const created = (body: unknown): GithubAnswer => ({ status: 201, body })

/** An empty repository, and what GitHub would answer of it. */
export function createRepository(project: string): {
  readonly repository: GithubRepository
  readonly answer: (exchange: Exchange, who: Identity) => GithubAnswer
} {
  let seconds = Math.floor(Date.now() / 1000) - 3600
  let lastId = 0
  const nextId = (): number => ++lastId
  const deliveryId = (): bigint => 2n ** 60n + BigInt(nextId())
  const timestamp = (): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
  const beginning = timestamp()
  const repository: GithubRepository = {
    ...{ visibility: 'public', pulls: [], comments: [], statuses: [], checkRuns: [] },
    ...{ deployments: [], permissions: new Map(), queue: new Map(), deliveries: [] },
    ...{ mayReadHooks: true, redeliveredCode: 202, standing: wellSetUp() },
    tick() {
      seconds++
      return timestamp()
    },
    comment(issue, login, body, type = 'User') {
      const at = repository.tick()
      const ids = repository.comments.map(({ id }) => id)
      const id = Math.max(0, ...ids) + 1
      const comment = { id, issue, login, type, body, createdAt: at, updatedAt: at, reactions: [] }
      repository.comments.push(comment)
      return comment
    },
    deliver(code, repositoryId) {
      const id = deliveryId()
      const guid = `00000000-0000-4000-8000-${String(id).slice(-12)}`
      const deliveredAt = repository.tick()
      const of = repositoryId === undefined ? {} : { repositoryId }
      repository.deliveries.push({ id, guid, deliveredAt, code, redelivery: false, ...of })
      return guid
    },
  }
  const { pulls, comments, statuses, checkRuns, deployments, deliveries } = repository
  const root = `/repos/${project}`

  const routes: readonly (readonly [string, RegExp, Answerer])[] = [
    [
      'GET',
      /^$/,
      () => {
        const { mayPush, scopes } = repository.standing
        const permissions = { admin: false, push: mayPush, pull: true }
        return ok(
          { ...toRepository(project, repository.visibility), permissions },
          scopes === undefined ? {} : { 'x-oauth-scopes': scopes },
        )
      },
    ],
    ['GET', /^\/pulls$/, ({ query }) => ok(page(query, pullsAsked(query)).map(toSimplePull))],
    [
      'GET',
      /^\/pulls\/(\d+)$/,
      (_, [number]) => {
        const pull = pulls.find((one) => one.number === Number(number))
        return pull === undefined ? missing : ok(toPull(project, pull, 'full'))
      },
    ],
    [
      'GET',
      /^\/commits\/(\w+)\/pulls$/,
      ({ query }, [sha]) => {
        const asked = pulls.filter(({ mergedAs, head }) => mergedAs === sha || head === sha)
        return ok(page(query, asked).map(toSimplePull))
      },
    ],
    [
      'GET',
      /^\/issues\/(\d+)\/comments$/,
      ({ query }, [number]) => {
        const asked = comments.filter(({ issue }) => issue === Number(number))
        return ok(page(query, asked).map((comment) => toComment(comment, beginning)))
      },
    ],
    [
      'POST',
      /^\/issues\/(\d+)\/comments$/,
      ({ body }, [number], { login, type }) => {
        const text = String((body as Fields)['body'])
        return created(toComment(repository.comment(Number(number), login, text, type), beginning))
      },
    ],
    [
      'PATCH',
      /^\/issues\/comments\/(\d+)$/,
      ({ body }, [id]) => {
        const comment = comments.find((one) => one.id === Number(id))
        if (comment === undefined) return missing
        comment.body = String((body as Fields)['body'])
        comment.updatedAt = repository.tick()
        return ok(toComment(comment, beginning))
      },
    ],
    [
      'GET',
      /^\/issues\/comments\/(\d+)\/reactions$/,
      ({ query }, [id]) => {
        const comment = comments.find((one) => one.id === Number(id))
        return comment === undefined
          ? missing
          : ok(page(query, comment.reactions ?? []).map(toReaction))
      },
    ],
    [
      'POST',
      /^\/issues\/comments\/(\d+)\/reactions$/,
      ({ body }, [id], { login }) => {
        const index = comments.findIndex((one) => one.id === Number(id))
        const comment = comments[index]
        if (comment === undefined) return missing
        const reaction = { login, content: (body as { content: Reaction }).content }
        const reactions = comment.reactions ?? []
        const same = (one: typeof reaction): boolean =>
          one.login === login && one.content === reaction.content
        if (reactions.some(same)) return ok(toReaction(reaction))
        comments[index] = { ...comment, reactions: [...reactions, reaction] }
        return created(toReaction(reaction))
      },
    ],
    [
      'GET',
      /^\/commits\/(\w+)\/status$/,
      ({ query }, [sha = '']) => {
        const latest = new Map(
          statuses.filter((one) => one.sha === sha).map((one) => [one.context, one]),
        )
        return ok(toCombined(sha, page(query, [...latest.values()])))
      },
    ],
    [
      'POST',
      /^\/statuses\/(\w+)$/,
      ({ body }, [sha = '']) => {
        const { context, state, description, target_url: url } = body as Fields
        const status: Status = {
          ...{ sha, context: String(context), state: String(state) },
          description: String(description),
          ...(typeof url === 'string' ? { url } : {}),
        }
        statuses.push(status)
        return created(toStatus(status))
      },
    ],
    ['GET', /^\/collaborators\/([^/]+)\/permission$/, (_, [login = '']) => permissionOf(login)],
    [
      'GET',
      /^\/git\/matching-refs\/(.+)$/,
      (_, [prefix = '']) =>
        ok(
          queueRefs()
            .filter(([ref]) => ref.startsWith(prefix))
            .map(toRef),
        ),
    ],
    [
      'GET',
      /^\/git\/ref\/(.+)$/,
      (_, [name]) => {
        const found = queueRefs().find(([ref]) => ref === name)
        return found === undefined ? missing : ok(toRef(found))
      },
    ],
    [
      'GET',
      /^\/commits\/(\w+)\/check-runs$/,
      ({ query }, [sha], { app }) => {
        const asked = checkRuns.filter(
          (run) =>
            run.sha === sha &&
            (query['check_name'] === undefined || run.name === query['check_name']),
        )
        // Of those with one name the newest counts, here and on the page of a pull request.
        const latest =
          query['filter'] === 'all'
            ? asked.toReversed()
            : [...new Map(asked.map((run) => [run.name, run])).values()]
        const runs = page(query, latest).map((run) => toCheckRun(run, app))
        return ok({ total_count: latest.length, check_runs: runs })
      },
    ],
    [
      'POST',
      /^\/check-runs$/,
      ({ body }, _, { app }) => {
        if (app === undefined) return forbidden('You must authenticate via a GitHub App.')
        const fields = body as Fields
        const run: CheckRun = {
          ...{ id: nextId(), sha: String(fields['head_sha']), name: String(fields['name']) },
          ...{ externalId: '', status: 'queued', conclusion: null, title: '', summary: '' },
          annotations: [],
        }
        checkRuns.push(run)
        return updateCheckRun(run, fields, app, 201)
      },
    ],
    [
      'PATCH',
      /^\/check-runs\/(\d+)$/,
      ({ body }, [id], { app }) => {
        const run = checkRuns.find((one) => one.id === Number(id))
        if (app === undefined) return forbidden('You must authenticate via a GitHub App.')
        return run === undefined ? missing : updateCheckRun(run, body as Fields, app, 200)
      },
    ],
    [
      'GET',
      /^\/deployments$/,
      ({ query }) => {
        const asked = deployments
          .toReversed()
          .filter(
            ({ sha, environment, task }) =>
              (query['sha'] ?? sha) === sha &&
              (query['environment'] ?? environment) === environment &&
              (query['task'] ?? task) === task,
          )
        return ok(page(query, asked).map(toDeployment))
      },
    ],
    [
      'POST',
      /^\/deployments$/,
      ({ body }) => {
        const fields = body as Fields
        const contexts = fields['required_contexts']
        // Without an empty list it waits for every status, our own among them.
        if (!Array.isArray(contexts) || contexts.length > 0 || fields['auto_merge'] !== false) {
          return { status: 409, body: { message: 'Conflict: Commit status checks failed' } }
        }
        const deployment: Deployment = {
          ...{ id: nextId(), sha: String(fields['ref']), statuses: [] },
          environment: String(fields['environment'] ?? 'production'),
          task: String(fields['task'] ?? 'deploy'),
          description: String(fields['description'] ?? ''),
        }
        deployments.push(deployment)
        return created(toDeployment(deployment))
      },
    ],
    [
      'GET',
      /^\/deployments\/(\d+)\/statuses$/,
      ({ query }, [id]) => {
        const deployment = deployments.find((one) => one.id === Number(id))
        if (deployment === undefined) return missing
        return ok(page(query, deployment.statuses.toReversed()).map(toDeploymentStatus))
      },
    ],
    [
      'POST',
      /^\/deployments\/(\d+)\/statuses$/,
      ({ body }, [id]) => {
        const deployment = deployments.find((one) => one.id === Number(id))
        if (deployment === undefined) return missing
        const { state, description, log_url: url } = body as Fields
        const status = {
          ...{ state: String(state), description: String(description ?? '') },
          url: String(url ?? ''),
        }
        deployment.statuses.push(status)
        if (state === 'success') retireOthers(deployment)
        return created(toDeploymentStatus(status))
      },
    ],
    [
      'GET',
      /^\/hooks$/,
      () => {
        if (!repository.mayReadHooks) return forbidden('Resource not accessible')
        return ok(toHooks(repository.standing))
      },
    ],
    [
      'GET',
      /^\/hooks\/(\d+)\/deliveries$/,
      ({ query }, [id]) => deliveriesAsked(query, id !== '1'),
    ],
    ['POST', /^\/hooks\/2\/deliveries\/(\d+)\/attempts$/, (_, [id]) => sendAgain(id)],
  ]

  function pullsAsked(query: Readonly<Record<string, string>>): readonly Pull[] {
    const state = query['state'] ?? 'open'
    return pulls.filter(
      (pull) =>
        (state === 'all' || (pull.state ?? 'open') === state) &&
        (query['base'] === undefined || pull.base === query['base']),
    )
  }

  const toSimplePull = (pull: Pull): Fields => toPull(project, pull, 'simple')
  const queueRefs = (): readonly (readonly [string, string])[] =>
    [...repository.queue].map(([tail, sha]) => [`heads/gh-readonly-queue/${tail}`, sha])

  function permissionOf(login: string): GithubAnswer {
    const role = repository.permissions.get(login.toLowerCase())
    // Nobody of that name, or an app: GitHub knows no permission of it.
    if (login.endsWith('[bot]') || login === 'nobody') return missing
    const named = `repository-collaborator-permission-response-if-user-has-admin-permissions`
    const answer = example(named)
    // What GitHub had before it knew more roles.
    const old = { maintain: 'write', triage: 'read' } as Readonly<Record<string, string>>
    const role_name = role ?? (repository.visibility === 'public' ? 'read' : 'none')
    // GitHub's examples lack what its description demands.
    const user = { ...(answer['user'] as Fields), login, role_name }
    return ok({ ...answer, user, role_name, permission: old[role_name] ?? role_name })
  }

  function updateCheckRun(
    run: CheckRun,
    fields: Fields,
    app: Identity['app'],
    status: number,
  ): GithubAnswer {
    const output = (fields['output'] ?? {}) as Fields
    run.externalId = String(fields['external_id'] ?? run.externalId)
    run.conclusion = (fields['conclusion'] as string | undefined) ?? null
    run.status = run.conclusion === null ? String(fields['status'] ?? run.status) : 'completed'
    run.title = String(output['title'] ?? run.title)
    run.summary = String(output['summary'] ?? run.summary)
    run.annotations.push(...((output['annotations'] ?? []) as readonly CheckAnnotation[]))
    return { status, body: toCheckRun(run, app) }
  }

  /** As `auto_inactive` has it, which is on unless it is switched off. */
  function retireOthers(deployment: Deployment): void {
    for (const other of deployments) {
      if (other === deployment || other.environment !== deployment.environment) continue
      if (other.statuses.at(-1)?.state !== 'success') continue
      other.statuses.push({ state: 'inactive', description: '', url: '' })
    }
  }

  function deliveriesAsked(query: Readonly<Record<string, string>>, ours: boolean): GithubAnswer {
    const size = Number(query['per_page'] ?? 30)
    const newest = ours ? deliveries.toReversed() : []
    const first = Math.max(
      0,
      newest.findIndex(({ id }) => String(id) === query['cursor']),
    )
    const next = newest[first + size]
    const link = `<https://api.github.com/x?per_page=${size}&cursor=${next?.id}>; rel="next"`
    return ok(newest.slice(first, first + size).map(toDelivery), next === undefined ? {} : { link })
  }

  function sendAgain(asked: string | undefined): GithubAnswer {
    const old = deliveries.find(({ id }) => String(id) === asked)
    if (old === undefined) return { status: 422, body: { message: 'Validation Failed' } }
    const deliveredAt = repository.tick()
    const code = repository.redeliveredCode
    deliveries.push({ id: deliveryId(), guid: old.guid, deliveredAt, code, redelivery: true })
    return { status: 202, body: {} }
  }

  return {
    repository,
    answer(exchange, who) {
      const { method, path, query } = exchange
      if (method === 'GET' && path === '/user') {
        return who.app !== undefined || who.login === ''
          ? forbidden('Resource not accessible by integration')
          : ok({ ...example('public-user-default-response'), login: who.login })
      }
      if (method === 'GET' && path === '/rate_limit') return toRateLimit(repository.standing)
      if (method === 'GET' && path === '/app/hook/config') return toHookConfig(repository.standing)
      if (method === 'GET' && path === '/app/hook/deliveries') return deliveriesAsked(query, true)
      const again = /^\/app\/hook\/deliveries\/(\d+)\/attempts$/.exec(path)
      if (method === 'POST' && again) return sendAgain(again[1])
      // GitHub ignores the case of names.
      if (!path.toLowerCase().startsWith(root.toLowerCase())) return missing
      const part = path.slice(root.length)
      const ruled = method === 'GET' ? answerRules(repository.standing, part) : undefined
      if (ruled !== undefined) return ruled
      for (const [verb, pattern, answerer] of routes) {
        const values = verb === method ? pattern.exec(part) : null
        if (values) return answerer(exchange, values.slice(1).map(decodeURIComponent), who)
      }
      return missing
    },
  }
}

function page<Item>(
  query: Readonly<Record<string, string>>,
  items: readonly Item[],
): readonly Item[] {
  const size = Math.min(Number(query['per_page'] ?? 30), 100)
  const first = (Number(query['page'] ?? 1) - 1) * size
  return items.slice(first, first + size)
}

const forbidden = (message: string): GithubAnswer => ({ status: 403, body: { message } })

function toRepository(project: string, visibility: GithubRepository['visibility']): Fields {
  const [, name] = project.split('/')
  const shown = example('full-repository-default-response')
  const language = null
  return {
    ...{ ...shown, language, source: { ...(shown['source'] as Fields), language } },
    ...{ name, full_name: project, visibility, private: visibility !== 'public' },
  }
}

function toPull(project: string, pull: Pull, form: 'simple' | 'full'): Fields {
  const shown =
    form === 'full' ? example('pull-request') : firstExample('pull-request-simple-items')
  const head = shown['head'] as Fields
  const base = shown['base'] as Fields
  const repo = (end: Fields, name: string): Fields => {
    const [login, short] = name.split('/')
    const theirs = end['repo'] as Fields
    const owner = { ...(theirs['owner'] as Fields), login }
    return { ...theirs, name: short, full_name: name, owner }
  }
  const from = pull.from === undefined ? project : pull.from
  const user = shown['user'] as Fields
  return {
    ...shown,
    number: pull.number,
    state: pull.mergedAs === undefined ? (pull.state ?? 'open') : 'closed',
    merged_at: pull.mergedAs === undefined ? null : '2011-01-26T19:01:12Z',
    // An open one has the commit of a merge that is only tried.
    merge_commit_sha: pull.mergedAs ?? 'f'.repeat(40),
    user: { ...user, login: pull.author ?? user['login'] },
    // GitHub's example of a team lacks what its description demands.
    requested_teams: [],
    head: {
      ...{ ...head, ref: pull.branch, sha: pull.head, label: `${from}:${pull.branch}` },
      repo: from === null ? null : repo(head, from),
    },
    base: { ...base, ref: pull.base, repo: repo(base, project) },
  }
}

function toComment(comment: Comment, beginning: string): Fields {
  const { id, login, type, body, createdAt = beginning, reactions = [] } = comment
  const shown = firstExample('issue-comment-items')
  const kinds = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'eyes', 'rocket']
  const counts = kinds.map((kind) => [
    kind,
    reactions.filter(({ content }) => content === kind).length,
  ])
  return {
    ...{ ...shown, id, body, user: { ...(shown['user'] as Fields), login, type } },
    ...{ created_at: createdAt, updated_at: comment.updatedAt ?? createdAt },
    html_url: `https://github.com/octocat/Hello-World/issues/1#issuecomment-${id}`,
    reactions: {
      url: `https://api.github.com/repos/octocat/Hello-World/issues/comments/${id}/reactions`,
      total_count: reactions.length,
      ...Object.fromEntries(counts),
    },
  }
}

function toReaction({ login, content }: { login: string; content: Reaction }): Fields {
  const shown = firstExample('reaction-items')
  const type = login.endsWith('[bot]') ? 'Bot' : 'User'
  return { ...shown, content, user: { ...(shown['user'] as Fields), login, type } }
}

const toStatus = ({ context, state, description, url }: Status): Fields => ({
  ...{ ...example('status'), context, state, description, target_url: url ?? null },
})

function toCombined(sha: string, latest: readonly Status[]): Fields {
  const shown = example('combined-commit-status')
  const [one] = shown['statuses'] as readonly Fields[]
  const statuses = latest.map(({ context, state, description, url }) => ({
    ...{ ...one, context, state, description, target_url: url ?? null },
  }))
  return { ...shown, sha, statuses, total_count: statuses.length }
}

function toRef([name, sha]: readonly [string, string]): Fields {
  const shown = firstExample('git-ref-items')
  return { ...shown, ref: `refs/${name}`, object: { ...(shown['object'] as Fields), sha } }
}

function toCheckRun(run: CheckRun, app: Identity['app']): Fields {
  const shown = (example('check-run-paginated')['check_runs'] as readonly Fields[])[0]!
  return {
    ...{ ...shown, id: run.id, head_sha: run.sha, name: run.name, external_id: run.externalId },
    ...{ status: run.status, conclusion: run.conclusion },
    output: {
      ...(shown['output'] as Fields),
      ...{ title: run.title, summary: run.summary, text: null },
      annotations_count: run.annotations.length,
    },
    app: { ...(shown['app'] as Fields), ...app },
    pull_requests: [],
  }
}

const toDeployment = ({ id, sha, environment, task, description }: Deployment): Fields => ({
  ...{ ...firstExample('deployment-items'), id, sha, ref: sha, environment, task, description },
})

const toDeploymentStatus = ({
  state,
  description,
  url,
}: Deployment['statuses'][number]): Fields => ({
  ...{ ...firstExample('deployment-status-items'), state, description },
  ...{ target_url: url, log_url: url },
})

const toDelivery = ({ id, guid, deliveredAt, code, redelivery, ...of }: SentDelivery): Fields => ({
  ...{ ...firstExample('hook-delivery-items'), id, guid, redelivery, delivered_at: deliveredAt },
  repository_id: of.repositoryId ?? example('full-repository-default-response')['id'],
  ...{ status: code < 300 ? 'OK' : 'Invalid HTTP Response', status_code: code },
})
