import type { Hono } from 'hono'
import type { Log } from '../model/ports.ts'
import type { AppOptions } from './app.ts'
import { findSigner, refuse } from './signed.ts'

/** Proxies cut a connection on which nothing is said. */
const heartbeatMs = 10_000

type Follow = (
  signal: AbortSignal,
) => AsyncGenerator<string, 'end' | 'limit' | 'aborted', undefined>

/**
 * `GET /follow`: what is said about a commit on a branch, as one JSON object a line: `{"line":"…"}`
 * and at last `{"end":true,"reason":"end" | "limit" | "cut-off"}`; empty lines are heartbeats.
 */
export function addFollow(app: Hono, options: AppOptions): void {
  const { repositories, progress, limits, log, now = () => new Date() } = options
  let followers = 0
  app.get('/follow', (c) => {
    const { repository: name = '', ref = '', commit = '', since, go } = c.req.query()
    const repository = findSigner(c, repositories, name, '', now())
    if (repository === undefined) return refuse(c)
    if (followers >= limits.followers) return c.json({ error: 'too many followers' }, 503)
    const topic = { repository: name, ref, commit }
    const follow = {
      limitMs: limits.followMs,
      ...(since === undefined ? {} : { since: new Date(Number(since)) }),
      saidGo: go !== undefined,
    }
    followers += 1
    const body = streamLines(
      (signal) => progress.follow(topic, signal, follow),
      log,
      () => (followers -= 1),
    )
    return c.body(body, 200, {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
  })
}

function streamLines(follow: Follow, log: Log, ended: () => void): ReadableStream<Uint8Array> {
  const abort = new AbortController()
  const encoder = new TextEncoder()
  return new ReadableStream({
    async start(stream) {
      const send = (text: string): void => {
        if (!abort.signal.aborted) stream.enqueue(encoder.encode(`${text}\n`))
      }
      const heartbeat = setInterval(() => send(''), heartbeatMs)
      const end = (reason: string): void => {
        clearInterval(heartbeat)
        ended()
        send(JSON.stringify({ end: true, reason }))
        if (!abort.signal.aborted) stream.close()
      }
      // Not awaited: a stream takes its first reader only after it has started.
      void sendLines(follow(abort.signal), send).then(end, (error: unknown) => {
        log.warn({ err: error }, 'a follower was cut off')
        end('cut-off')
      })
    },
    cancel: () => abort.abort(),
  })
}

async function sendLines(lines: ReturnType<Follow>, send: (text: string) => void): Promise<string> {
  for (;;) {
    const next = await lines.next()
    if (next.done) return next.value
    send(JSON.stringify({ line: next.value }))
  }
}
