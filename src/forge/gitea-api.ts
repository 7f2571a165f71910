import { ForgeError, NotReadyError } from '../model/errors.ts'

export interface GiteaApiOptions {
  readonly token: string
  /** Without a slash at the end: `https://git.example.com/api/v1` */
  readonly apiUrl: string
}

/** Requests to Gitea's REST API; `doing` begins the text of what is thrown when it refuses. */
export interface GiteaApi {
  /** Throws ForgeError, or NotReadyError when we are asked to wait. */
  ask<Data>(doing: string, method: Method, path: string, body?: object): Promise<Data>
  /** The same, with the `date` of the answer: the forge's clock. */
  dated<Data>(
    doing: string,
    path: string,
  ): Promise<{ readonly data: Data; readonly date: string | null }>
  /** Every page of a list. */
  all<Item>(
    doing: string,
    path: string,
    query?: Readonly<Record<string, string>>,
  ): Promise<readonly Item[]>
}

type Method = 'GET' | 'POST' | 'PATCH'

/** A Gitea that says nothing for so long is away, in milliseconds. */
const silenceMs = 15_000

/** As many as Gitea gives at most, unless its administrator says otherwise. */
const perPage = 50

/** A client of Gitea's REST API, which is Forgejo's too; no answer of it has an ETag to ask again with. */
export function createGiteaApi({ token, apiUrl }: GiteaApiOptions): GiteaApi {
  async function request(
    doing: string,
    method: Method,
    path: string,
    body?: object,
  ): Promise<{ readonly data: unknown; readonly headers: Headers }> {
    const { response, text } = await exchange(doing, apiUrl + path, {
      method,
      headers: {
        accept: 'application/json',
        authorization: `token ${token}`,
        'user-agent': 'nixcluster',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const data = parse(text)
    if (!response.ok) throw refusal(doing, response, data)
    if (data === undefined) throw new ForgeError(response.status, `${doing}: ${noJson}`)
    return { data, headers: response.headers }
  }

  return {
    async ask<Data>(doing: string, method: Method, path: string, body?: object) {
      return (await request(doing, method, path, body)).data as Data
    },
    async dated<Data>(doing: string, path: string) {
      const { data, headers } = await request(doing, 'GET', path)
      return { data: data as Data, date: headers.get('date') }
    },
    async all<Item>(doing: string, path: string, query = {}) {
      const items: Item[] = []
      for (let page = 1; ; page++) {
        const asked = new URLSearchParams({ ...query, page: `${page}`, limit: `${perPage}` })
        const { data, headers } = await request(doing, 'GET', `${path}?${asked}`)
        const found = (data ?? []) as readonly Item[]
        items.push(...found)
        // A page may be smaller than we asked for, so its size does not tell that it is the last.
        const total = headers.get('x-total-count')
        if (found.length === 0 || (total !== null && items.length >= Number(total))) return items
      }
    },
  }
}

async function exchange(
  doing: string,
  url: string,
  init: RequestInit,
): Promise<{ readonly response: Response; readonly text: string }> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(silenceMs) })
    return { response, text: await response.text() }
  } catch (cause) {
    const { message, cause: inner } = cause as Error
    const why = inner instanceof Error ? inner.message : message
    throw new ForgeError(0, `${doing}: ${why}`, { cause })
  }
}

const noJson = 'the answer is no JSON; is apiUrl right? It ends in /api/v1'

function refusal(doing: string, { status, headers }: Response, data: unknown): Error {
  const said = (data as { readonly message?: unknown } | null | undefined)?.message
  const text = `${doing}: ${typeof said === 'string' && said !== '' ? said : `status ${status}`}`
  const waitMs = waitAsked(headers)
  if (status === 429 || (status === 503 && waitMs !== undefined)) {
    return new NotReadyError(text, waitMs ?? 60_000)
  }
  return new ForgeError(status, data === undefined && status === 404 ? `${doing}: ${noJson}` : text)
}

/** Milliseconds that Gitea, or the proxy before it, asks us to wait: told in seconds or as a date. */
function waitAsked(headers: Headers): number | undefined {
  const asked = headers.get('retry-after')
  if (asked === null) return undefined
  const ms = /^\d+$/.test(asked)
    ? Number(asked) * 1000
    : Date.parse(asked) - Date.parse(headers.get('date') ?? '')
  return ms > 0 ? ms : undefined
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return undefined
  }
}
