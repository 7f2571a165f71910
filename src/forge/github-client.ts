import { Octokit } from '@octokit/core'
import { ForgeError, NotReadyError } from '../model/errors.ts'
import { createEtagCache } from './etag-cache.ts'
import { createGithubApp, type GithubAppCredential } from './github-app.ts'
import { waitAsked, type Headers } from './github-limits.ts'

/** Who we are at GitHub. */
export type GithubCredential =
  { readonly kind: 'token'; readonly token: string } | GithubAppCredential

/** Who asks -> when it may ask again, in milliseconds since 1970. */
export type GithubWaits = Map<string, number>

export interface GithubClientOptions {
  /** `owner/name` */
  readonly project: string
  readonly credential: GithubCredential
  /** Without a slash at the end. */
  readonly apiUrl: string
  /** What GitHub has us wait for; shared by the clients of a process. */
  readonly waits?: GithubWaits
  readonly now?: () => number
}

/** One repository at GitHub by way of REST; its requests throw ForgeError, or NotReadyError while GitHub has us wait. */
export interface GithubClient {
  readonly project: string
  readonly owner: string
  readonly repo: string
  readonly apiUrl: string
  readonly isApp: boolean
  readonly request: Octokit['request']
  now(): number
  /** Our login; undefined for the token of an app that we are not: it is nobody's. */
  login(): Promise<string | undefined>
  /** The value of an HTTP `Authorization` header as git sends it. */
  gitAuthorization(): Promise<string>
}

/** A GitHub that says nothing for so long is away, in milliseconds. */
const silenceMs = 15_000

/** Characters of answers that are kept to be asked for again at no cost. */
const cacheCapacity = 16 * 1024 * 1024

/**
 * Speaks with GitHub for one repository. What GitHub has us wait for is waited for by every client with the
 * same credential, and what it sent before is asked for by its ETag: where nothing changed, that costs nothing.
 */
export function createGithubClient(options: GithubClientOptions): GithubClient {
  const { project, credential, apiUrl, waits = new Map(), now = Date.now } = options
  const [owner = '', repo = ''] = project.split('/')
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  const octokit = new Octokit({
    baseUrl: apiUrl,
    userAgent: 'nixcluster',
    log: silent,
    request: {
      fetch: (url: string, init: RequestInit) =>
        fetch(url, { ...init, signal: AbortSignal.timeout(silenceMs) }),
    },
  })
  const { request } = octokit
  const cache = createEtagCache<Awaited<ReturnType<typeof request>>>(cacheCapacity)
  const app =
    credential.kind === 'app'
      ? // By way of the hook below, whose limits hold for this as well.
        createGithubApp({ credential, owner, repo, request, now })
      : undefined
  const us = credential.kind === 'app' ? `app ${credential.id}` : credential.token
  let login: Promise<string | undefined> | undefined

  const token = async (anew = false): Promise<string> =>
    credential.kind === 'token' ? credential.token : app!.token(anew)

  octokit.hook.wrap('request', async (send, asked) => {
    const isForApp = app !== undefined && /^\/app(?:\/|$)|\/installation$/.test(asked.url)
    // An app has a limit of its own beside those of its installations, of which an owner has one.
    const waiter = `${apiUrl} ${us}${app !== undefined && !isForApp ? ` ${owner}` : ''}`
    const { method, url } = request.endpoint(asked)
    const known = method === 'GET' ? cache.get(url) : undefined

    const attempt = async (anew: boolean): ReturnType<typeof request> => {
      const authorization = isForApp ? await app.signature() : `token ${await token(anew)}`
      const waitMs = (waits.get(waiter) ?? 0) - now()
      if (waitMs > 0) throw new NotReadyError('GitHub has us wait', waitMs)
      const condition = known === undefined ? {} : { 'if-none-match': known.etag }
      return send({ ...asked, headers: { ...asked.headers, authorization, ...condition } })
    }
    /** Once more where it may be that our clock is wrong, or that a token ended early. */
    const attemptAgain = (error: unknown): ReturnType<typeof request> => {
      const { status, response } = error as RefusedRequest
      const isRefused = status === 401 && response !== undefined
      const isMended = isRefused && (isForApp ? app.setClock(dateOf(response)) : app !== undefined)
      if (isMended) return attempt(true)
      throw error
    }
    const noteWait = (waitMs: number | undefined): void => {
      if (waitMs !== undefined) waits.set(waiter, now() + waitMs)
    }

    try {
      const answer = await attempt(false).catch(attemptAgain)
      noteWait(waitAsked(answer.status, answer.headers))
      const { etag } = answer.headers
      if (method === 'GET' && etag !== undefined) {
        cache.set(url, { etag, answer }, sizeOf(answer.data))
      }
      return answer
    } catch (error) {
      if (error instanceof NotReadyError) throw error
      noteWait(waitOf(error))
      if (known !== undefined && (error as RefusedRequest).status === 304) return known.answer
      throw error
    }
  })

  async function findLogin(): Promise<string | undefined> {
    if (credential.kind === 'app') {
      const { data } = await ask('asking who we are', () => request('GET /app'))
      return data?.slug === undefined ? undefined : `${data.slug}[bot]`
    }
    try {
      return (await ask('asking who we are', () => request('GET /user'))).data.login
    } catch (error) {
      if (error instanceof ForgeError && error.status === 403) return undefined
      throw error
    }
  }

  return {
    ...{ project, owner, repo, apiUrl, request, now },
    isApp: credential.kind === 'app',
    login: () =>
      (login ??= findLogin().catch((error: unknown) => {
        login = undefined
        throw error
      })),
    gitAuthorization: async () => basicAuthorization(await token()),
  }
}

/** A token as GitHub takes it from git over HTTPS. */
export function basicAuthorization(token: string): string {
  return `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
}

/** As many as GitHub gives at once. */
export const perPage = 100

/** Reads pages until one is not full. */
export async function all<Item>(
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
export async function ask<Answer>(doing: string, request: () => Promise<Answer>): Promise<Answer> {
  try {
    return await request()
  } catch (error) {
    throw toForgeError(doing, error)
  }
}

/** For `catch`: undefined for what is not there, or is not there for us. */
export function undefinedIf(...statuses: readonly number[]): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof ForgeError && statuses.includes(error.status)) return undefined
    throw error
  }
}

interface RefusedRequest {
  readonly status?: number
  readonly message?: string
  readonly response?: { readonly headers: Headers }
}

/** In characters of JSON, which has no bigints: GitHub's largest ids are read as such. */
const sizeOf = (data: unknown): number =>
  (
    JSON.stringify(data, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)) ??
    ''
  ).length

const dateOf = (response: RefusedRequest['response']): string | undefined =>
  response?.headers['date'] === undefined ? undefined : String(response.headers['date'])

function waitOf(error: unknown): number | undefined {
  const { status, message, response } = error as RefusedRequest
  return response === undefined ? undefined : waitAsked(status ?? 0, response.headers, message)
}

function toForgeError(doing: string, cause: unknown): Error {
  const text = `${doing}: ${cause instanceof Error ? cause.message : String(cause)}`
  if (cause instanceof ForgeError) return new ForgeError(cause.status, text, { cause })
  if (cause instanceof NotReadyError) return new NotReadyError(text, cause.retryAfterMs, { cause })
  const waitMs = waitOf(cause)
  if (waitMs !== undefined) return new NotReadyError(text, waitMs, { cause })
  const { status, response } = cause as RefusedRequest
  // Without a response the network failed, whatever the number says.
  return new ForgeError(response === undefined ? 0 : (status ?? 0), text, { cause })
}
