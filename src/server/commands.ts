import { randomUUID } from 'node:crypto'
import type { Context, Hono } from 'hono'
import { signatureHeader, timestampHeader } from '../forge/signature.ts'
import { answerTopic } from '../jobs/answer-topic.ts'
import { followUrl } from '../model/follow-url.ts'
import type { SignedCommand } from '../model/ports.ts'
import type { AppOptions } from './app.ts'
import { enqueue } from './enqueue.ts'
import { toGivenCommand } from './signed-command.ts'
import { findSigner, refuse } from './signed.ts'

/** Longer than a signature is taken for fresh, on either side of our clock. */
const rememberMs = 11 * 60_000

/** What people say and ask for on the command line; a worker answers. */
export function addCommands(app: Hono, options: AppOptions): void {
  const { repositories, queue, progress, log, limits, now = () => new Date() } = options
  const taken = new Map<string, number>()

  /** True once for each signature: a recorded approval must not approve another commit later. */
  function isFirst(signature: string): boolean {
    const time = now().getTime()
    for (const [old, since] of taken) if (time - since > rememberMs) taken.delete(old)
    if (taken.has(signature)) return false
    taken.set(signature, time)
    return true
  }

  app.post('/api/repositories/:name/commands', async (c) => {
    const body = await c.req.text()
    const repository = findSigner(c, repositories, c.req.param('name'), body, now())
    if (repository === undefined) return refuse(c)
    const given = toGivenCommand(body)
    if (typeof given === 'string') return c.json({ error: given }, 400)
    const signed = signedCommand(c, body)
    if (!isFirst(signed.signature)) {
      return c.json({ error: 'this very request was taken already' }, 409)
    }
    const { name } = repository
    const since = now()
    const id = randomUUID()
    if (!(await enqueue(queue, log, [{ kind: 'command', repository: name, id, signed }]))) {
      return c.json({ error: 'the queue is away' }, 503)
    }
    log.info({ repository: name, ...given }, 'a command was given')
    return c.json({ answer: followUrl(answerTopic(name, id), since), since: since.getTime() }, 202)
  })

  app.get('/api/repositories/:name/status', async (c) => {
    const repository = findSigner(c, repositories, c.req.param('name'), '', now())
    if (repository === undefined) return refuse(c)
    const { name } = repository
    const id = randomUUID()
    if (!(await enqueue(queue, log, [{ kind: 'status', repository: name, id }]))) {
      return c.json({ error: 'the queue is away' }, 503)
    }
    const limitMs = limits.answerMs ?? 20_000
    const { signal } = c.req.raw
    for await (const answer of progress.follow(answerTopic(name, id), signal, { limitMs })) {
      return c.body(answer, 200, { 'content-type': 'application/json' })
    }
    const error = `no worker has answered within ${limitMs / 1000} s: is one of the role plan running?`
    return c.json({ error }, 503)
  })
}

function signedCommand(c: Context, body: string): SignedCommand {
  const { pathname, search } = new URL(c.req.url)
  return {
    method: c.req.method,
    path: pathname + search,
    body,
    timestamp: c.req.header(timestampHeader) ?? '',
    signature: c.req.header(signatureHeader) ?? '',
  }
}
