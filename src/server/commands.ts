import { randomUUID } from 'node:crypto'
import type { Hono } from 'hono'
import { signatureHeader } from '../forge/signature.ts'
import { answerTopic } from '../jobs/answer-topic.ts'
import type { AppOptions } from './app.ts'
import { parseObject } from './body.ts'
import { enqueue } from './enqueue.ts'
import { followUrl } from './follow.ts'
import { toLineCommand } from './line-command.ts'
import { findSigner, refuse } from './signed.ts'

/** Longer than a signature is taken for fresh, on either side of our clock. */
const rememberMs = 11 * 60_000

/** What people say and ask for on the command line. */
export function addCommands(app: Hono, options: AppOptions): void {
  const { repositories, queue, log, now = () => new Date() } = options
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
    const { by, command: asked } = parseObject(body) ?? {}
    if (typeof by !== 'string' || !/^\P{C}{1,100}$/u.test(by))
      return c.json({ error: 'who asks? `by` is missing, or is no name' }, 400)
    const command = toLineCommand(asked)
    if (typeof command === 'string') return c.json({ error: command }, 400)
    if (!isFirst(c.req.header(signatureHeader) ?? '')) {
      return c.json({ error: 'this very request was taken already' }, 409)
    }
    const { name } = repository
    const since = now()
    const id = randomUUID()
    if (!(await enqueue(queue, log, [{ kind: 'command', repository: name, id, by, command }]))) {
      return c.json({ error: 'the queue is away' }, 503)
    }
    log.info({ repository: name, by, command }, 'a command was given')
    const tip = command.kind === 'deploy' ? await options.deployed?.(name) : undefined
    const follow =
      tip === undefined
        ? []
        : [{ ...tip, url: followUrl({ repository: name, ...tip }, since, 'go') }]
    return c.json({ answer: followUrl(answerTopic(name, id), since), follow }, 202)
  })

  app.get('/api/repositories/:name/status', async (c) => {
    const repository = findSigner(c, repositories, c.req.param('name'), '', now())
    if (repository === undefined) return refuse(c)
    const status = await options.status(repository.name)
    return status === undefined ? c.notFound() : c.json(status as object)
  })
}
