import { createHash, createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkAnswer, checkRequest, exampleOf, findOperation } from './description.ts'
import {
  createRepository,
  type GithubAnswer,
  type GithubRepository,
  type Identity,
} from './repository.ts'

export type { Comment, Pull, Status } from './repository.ts'

/** GitHub as far as we use it: real HTTP, and every request and answer is held against GitHub's own description. */
export interface GithubStandIn extends GithubRepository {
  readonly url: string
  /** `GET /repos/example/fleet/pulls`, ... */
  readonly requests: string[]
  /** Those among them that were answered with 304, and cost nothing. */
  readonly unchanged: string[]
  /** What GitHub's description says against a request or an answer; must stay empty. */
  readonly problems: string[]
  /** Tokens that an app was given, the oldest first; all but those of the last hour are refused. */
  readonly installationTokens: { readonly token: string; readonly until: number }[]
  /** How many requests may still be made; undefined: as many as one likes. */
  remaining: number | undefined
  /** The next request gets this instead. */
  failNext(status: number, headers?: Readonly<Record<string, string>>, message?: string): void
  /** The next request that is asked for gets this status instead: `POST /repos/…`. */
  failWhen(isAsked: (request: string) => boolean, status: number): void
  /** Every request gets this instead, or no answer, until it is called without one. */
  failAll(how?: number | 'silence'): void
  close(): Promise<void>
}

export interface GithubOptions {
  readonly project: string
  /** Taken as a person's or an installation's. */
  readonly token: string
  /** Whose the token is; undefined for an app's, which is nobody's. */
  readonly login?: string
  /** Other people's tokens: token -> login. */
  readonly others?: Readonly<Record<string, string>>
  /** An app that is installed on the repository; it is let in by what its key has signed. */
  readonly app?: {
    readonly id: number
    readonly slug: string
    /** PEM */
    readonly publicKey: string
    readonly installation: number
    /** Tokens that it is given, by their number from 1; `ghs_1` and so on by default. */
    readonly tokenOf?: (n: number) => string
  }
}

const hourMs = 3_600_000

/** Starts a stand-in for one repository. */
export async function startGithub(options: GithubOptions): Promise<GithubStandIn> {
  const { project, token, login, app, others = {} } = options
  const { repository, answer } = createRepository(project)
  const requests: string[] = []
  const unchanged: string[] = []
  const problems: string[] = []
  const installationTokens: { token: string; until: number }[] = []
  let failure: GithubAnswer | undefined
  let trap: { readonly isAsked: (request: string) => boolean; readonly status: number } | undefined
  let outage: number | 'silence' | undefined

  const bot: Identity = {
    ...{ type: 'Bot', login: `${app?.slug ?? 'fleet-app'}[bot]` },
    app: app ?? { id: 1, slug: 'fleet-app' },
  }

  /** Who asks: somebody, the app itself, or nobody. */
  function whoAsks(authorization: string): Identity | 'app' | undefined {
    const [, scheme, given] = /^(token|bearer) (\S+)$/i.exec(authorization) ?? []
    if (given === undefined) return undefined
    if (given === token) return login === undefined ? bot : { type: 'User', login }
    const other = others[given]
    if (other !== undefined) return { type: 'User', login: other }
    const lives = installationTokens.some((one) => one.token === given && Date.now() < one.until)
    if (lives) return bot
    return scheme!.toLowerCase() === 'bearer' && isSignedByApp(given) ? 'app' : undefined
  }

  function isSignedByApp(jwt: string): boolean {
    const [head = '', claims = '', signature = ''] = jwt.split('.')
    if (app === undefined || signature === '') return false
    const signed = Buffer.from(`${head}.${claims}`)
    const key = createPublicKey(app.publicKey)
    if (!verify('RSA-SHA256', signed, key, Buffer.from(signature, 'base64url'))) return false
    const { iss, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
      readonly iss: unknown
      readonly iat: number
      readonly exp: number
    }
    const now = Date.now() / 1000
    // GitHub takes none that is good for more than ten minutes.
    return String(iss) === String(app.id) && iat <= now && exp > now && exp - iat <= 600
  }

  /** What an app asks with its own signature. */
  function answerApp(path: string, exchange: Parameters<typeof answer>[0]): GithubAnswer {
    const name = path.toLowerCase()
    if (app !== undefined && name === '/app') {
      return { status: 200, body: { ...(exampleOf('integration') as object), slug: app.slug } }
    }
    if (app !== undefined && name === `/repos/${project}/installation`.toLowerCase()) {
      const installation = exampleOf('installation') as object
      const { granted: permissions, events, suspendedAt: suspended_at } = repository.standing
      const id = app.installation
      return {
        status: 200,
        body: { ...installation, id, permissions, events, suspended_at },
      }
    }
    if (app !== undefined && name === `/app/installations/${app.installation}/access_tokens`) {
      const until = Date.now() + hourMs
      const n = installationTokens.length + 1
      const given = { token: app.tokenOf?.(n) ?? `ghs_${n}`, until }
      installationTokens.push(given)
      const expires_at = new Date(until).toISOString()
      const shown = exampleOf('installation-token') as object
      return { status: 201, body: { ...shown, token: given.token, expires_at } }
    }
    if (name.startsWith('/app/hook/')) return answer(exchange, bot)
    return { status: 404, body: { message: 'Not Found' } }
  }

  const forApps = /^\/app(\/|$)|^\/repos\/[^/]+\/[^/]+\/installation$/

  function exchange(request: IncomingMessage, text: string): GithubAnswer {
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
    const who = whoAsks(request.headers.authorization ?? '')
    // An app's signature is for what is the app's, and for nothing else.
    if (who === undefined || (who === 'app') !== forApps.test(url.pathname)) {
      return { status: 401, body: { message: 'Bad credentials' } }
    }
    // GitHub refuses what it cannot take; our side must not depend on it.
    if (wrong.length > 0) return { status: 422, body: { message: 'Validation Failed' } }
    const planned = failure
    failure = undefined
    if (planned !== undefined) return planned
    if (trap?.isAsked(name) === true) {
      const { status } = trap
      trap = undefined
      return { status, body: { message: 'Server Error' } }
    }
    const given = who === 'app' ? answerApp(url.pathname, asked) : answer(asked, who)
    if (given.status < 300) {
      // Real answers have null for a fork that is gone, whatever the description says.
      const mine = checkAnswer(match, given.status, withoutBigints(given.body)).filter(
        (problem) => !problem.endsWith('/head/repo must be object'),
      )
      problems.push(...mine.map((problem) => `${name}: the stand-in's ${problem}`))
    }
    return method === 'GET' && given.status === 200 ? conditionally(request, name, given) : given
  }

  /** What has not changed since it was read is not sent again. */
  function conditionally(
    request: IncomingMessage,
    name: string,
    given: GithubAnswer,
  ): GithubAnswer {
    // GitHub's differs from token to token, too.
    const seen = toJson([given.body, request.headers.authorization])
    const etag = `W/"${createHash('sha256').update(seen).digest('hex')}"`
    const headers = { ...given.headers, etag }
    if (request.headers['if-none-match'] !== etag) return { ...given, headers }
    unchanged.push(name)
    return { status: 304, body: undefined, headers }
  }

  /** Within the limit, which GitHub tells with every answer; what has not changed is not counted. */
  function limited(exchanged: () => GithubAnswer, name: string): GithubAnswer {
    if (standIn.remaining === undefined) return exchanged()
    const isOver = standIn.remaining === 0
    if (isOver) requests.push(name)
    const given = isOver
      ? { status: 403, body: { message: 'API rate limit exceeded' } }
      : exchanged()
    if (!isOver && given.status !== 304) standIn.remaining--
    const headers = {
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': String(standIn.remaining),
      'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 1800),
      date: new Date().toUTCString(),
    }
    return { ...given, headers: { ...given.headers, ...headers } }
  }

  /** A stand-in that fails says so instead of leaving its client to wait. */
  function attempt(request: IncomingMessage, text: string): GithubAnswer {
    const name = `${request.method} ${request.url}`
    try {
      return limited(() => exchange(request, text), name)
    } catch (error) {
      problems.push(`${name}: the stand-in failed: ${(error as Error).stack}`)
      return { status: 500, body: { message: 'Server Error' } }
    }
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    while (outage === 'silence') await sleep(20)
    const { status, body, headers } = attempt(request, text)
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    response.end(status === 304 ? undefined : toJson(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const standIn: GithubStandIn = Object.assign(repository, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ requests, unchanged, problems, installationTokens },
    remaining: undefined,
    failNext: (
      status: number,
      headers: Readonly<Record<string, string>> = {},
      message = 'You have exceeded a rate limit',
    ) => void (failure = { status, headers, body: { message } }),
    failWhen: (isAsked: (request: string) => boolean, status: number) =>
      void (trap = { isAsked, status }),
    failAll: (how?: number | 'silence') => void (outage = how),
    async close() {
      outage = undefined
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
  return standIn
}

/** JSON has integers of any size, JavaScript has them with an n. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'bigint' ? `bigint ${one}` : one,
  ).replaceAll(/"bigint (\d+)"/g, '$1')

const withoutBigints = (value: unknown): unknown => JSON.parse(toJson(value))
