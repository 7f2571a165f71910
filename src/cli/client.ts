import type { CommandAnswer, LineCommand } from '../model/command.ts'
import { plain } from '../report/plain.ts'
import { signatureHeader, signRequest, timestampHeader } from '../forge/signature.ts'

/** A controller and the secret that it shares with a repository. */
export interface ControllerAddress {
  /** With the path in front, if a proxy needs one; the proxy takes it away. */
  readonly url: string
  readonly secret: string
}

/** What the controller will say about a commit on a branch. */
export interface FollowLink {
  readonly ref: string
  readonly commit: string
  /** Relative to the controller's URL. */
  readonly url: string
}

/** How a follower's lines ended. */
export type FollowEnd = 'end' | 'limit' | 'cut-off'

/** The controller answered, and refused. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Tells the controller what was pushed; throws RefusedError, or fetch's error when it is away. */
export async function postPush(
  controller: ControllerAddress,
  repository: string,
  updates: readonly { readonly ref: string; readonly old: string; readonly new: string }[],
): Promise<readonly FollowLink[]> {
  const body = JSON.stringify({ repository, updates })
  const answer = await send(controller, 'POST', 'hooks/git', { body, limitMs: answerLimitMs })
  return ((await answer.json()) as { follow: FollowLink[] }).follow
}

/** Where a command is answered. */
export interface CommandLinks {
  /** Relative to the controller's URL. */
  readonly answer: string
  /** When it was taken, by the controller's clock; milliseconds since 1970. */
  readonly since: number
}

/** Tells the controller what to do; throws as `postPush`. */
export async function postCommand(
  controller: ControllerAddress,
  repository: string,
  by: string,
  command: LineCommand,
): Promise<CommandLinks> {
  // The time makes each request another one: the controller takes none twice.
  const body = JSON.stringify({ by, command, at: new Date().toISOString() })
  const path = `api/repositories/${encodeURIComponent(repository)}/commands`
  const answer = await send(controller, 'POST', path, { body, limitMs: answerLimitMs })
  return (await answer.json()) as CommandLinks
}

/** Waits for what came of a command; undefined where nobody says within the controller's limit. */
export async function readAnswer(
  controller: ControllerAddress,
  url: string,
): Promise<CommandAnswer | undefined> {
  for await (const line of follow(controller, { url })) {
    const { text, ...answer } = JSON.parse(line) as CommandAnswer
    return { ...answer, ...(text === undefined ? {} : { text: plain(text) }) }
  }
  return undefined
}

/** Reads what the controller knows about a repository; throws as `postPush`. */
export async function readStatus(
  controller: ControllerAddress,
  repository: string,
): Promise<unknown> {
  const path = `api/repositories/${encodeURIComponent(repository)}/status`
  const answer = await send(controller, 'GET', path, { limitMs: statusLimitMs })
  return answer.json()
}

/**
 * Yields the lines that a link leads to as they come, with nothing in them that a terminal would obey,
 * and returns why they ended; throws as `postPush`.
 */
export async function* follow(
  controller: ControllerAddress,
  link: Pick<FollowLink, 'url'>,
  signal?: AbortSignal,
): AsyncGenerator<string, FollowEnd, undefined> {
  const answer = await send(controller, 'GET', link.url, signal === undefined ? {} : { signal })
  try {
    for await (const text of linesOf(answer)) {
      // What is empty is a heartbeat.
      if (text === '') continue
      const entry = JSON.parse(text) as { line?: string; end?: true; reason?: FollowEnd }
      if (entry.end) return entry.reason ?? 'end'
      if (entry.line !== undefined) yield* entry.line.split('\n').map(plain)
    }
  } catch {
    return signal?.aborted ? 'limit' : 'cut-off'
  }
  return 'cut-off'
}

const answerLimitMs = 5_000
const statusLimitMs = 60_000

async function send(
  { url, secret }: ControllerAddress,
  method: 'GET' | 'POST',
  path: string,
  { body = '', limitMs, signal }: { body?: string; limitMs?: number; signal?: AbortSignal },
): Promise<Response> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = signRequest(secret, { method, path: `/${path}`, body, timestamp })
  const until = signal ?? (limitMs === undefined ? undefined : AbortSignal.timeout(limitMs))
  const answer = await fetch(`${url.replace(/\/+$/, '')}/${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      [signatureHeader]: signature,
      [timestampHeader]: timestamp,
    },
    redirect: 'error',
    ...(method === 'POST' ? { body } : {}),
    ...(until === undefined ? {} : { signal: until }),
  })
  if (answer.ok) return answer
  const { error = answer.statusText } = (await answer.json().catch(() => ({}))) as {
    error?: string
  }
  throw new RefusedError(answer.status, error)
}

async function* linesOf(answer: Response): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of answer.body ?? []) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
