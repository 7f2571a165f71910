import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Hono } from 'hono'
import type { Attempt } from '../model/remote.ts'
import type { AppOptions } from './app.ts'

/**
 * The path of an attempt's log, from the controller's root. Its key is good for this one log: whoever has
 * the link reads it, and nothing else.
 */
export function logPath(secret: string, attempt: Attempt): string {
  return `${pathOf(attempt)}?key=${keyOf(secret, attempt)}`
}

const pathOf = ({ repository, machine, n }: Attempt): string =>
  `/logs/${repository}/${machine}/${n}`

const keyOf = (secret: string, attempt: Attempt): string =>
  createHmac('sha256', secret)
    .update(`GET ${pathOf(attempt)}`)
    .digest('hex')
    .slice(0, 40)

/** `GET /logs/:repository/:machine/:attempt?key=…`: what deploy-rs wrote, as text. */
export function addLogs(app: Hono, { repositories, logs }: AppOptions): void {
  app.get('/logs/:repository/:machine/:attempt', async (c) => {
    const { repository, machine, attempt: number } = c.req.param()
    const attempt = { repository, machine, n: Number(number) }
    const secret = repositories.find((one) => one.name === repository)?.secret
    const given = Buffer.from(c.req.query('key') ?? '')
    const wanted = Buffer.from(keyOf(secret ?? '', attempt))
    const isTheirs =
      secret !== undefined && given.length === wanted.length && timingSafeEqual(given, wanted)
    // Whoever guesses learns nothing.
    const text = isTheirs ? await logs?.read(attempt) : undefined
    if (text === undefined) return c.text('there is no such log', 404)
    return c.text(text, 200, {
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
  })
}
