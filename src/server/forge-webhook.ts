import { Webhooks } from '@octokit/webhooks'
import type { Context, Hono } from 'hono'
import type { AppOptions, ServedRepository } from './app.ts'
import { isObject, parseObject } from './body.ts'
import { enqueue } from './enqueue.ts'
import { toJobs } from './webhook.ts'

/** How one forge says what they all say. */
export interface WebhookHeaders {
  readonly forge: 'github' | 'gitea'
  readonly event: (c: Context) => string | undefined
  /** `sha256=` and the HMAC of the body in hexadecimal; empty where there is none. */
  readonly signature: (c: Context) => string
}

/** `POST /webhooks/<forge>`: nothing is read from a body before its signature is known to be ours. */
export function addForgeWebhook(app: Hono, options: AppOptions, headers: WebhookHeaders): void {
  const { queue, log, metrics } = options
  const { forge } = headers
  const repositories = options.repositories.filter((repository) => repository.forge === forge)
  const findSigners = createSignatureCheck(repositories)

  app.post(`/webhooks/${forge}`, async (c) => {
    const answer = (result: string, status: 202 | 400 | 401 | 503): Response => {
      metrics.webhookReceived(forge, result)
      return c.json({ result }, status)
    }
    const event = headers.event(c) ?? ''
    const body = await c.req.text()
    const signers = await findSigners(body, headers.signature(c))
    if (signers.length === 0) {
      log.warn({ event }, 'refused a webhook: no or a wrong signature')
      return answer('unauthorized', 401)
    }
    const payload = parseObject(body)
    if (payload === undefined) {
      log.warn({ event }, 'refused a webhook: choose application/json as its content type')
      return answer('invalid', 400)
    }
    const project = projectIn(payload)
    const repository = repositories.find((one) => isSame(one.project, project))
    if (repository === undefined) {
      log.info({ event, project }, 'ignored a webhook: unknown repository')
      return answer('ignored', 202)
    }
    if (!signers.includes(repository)) {
      log.warn({ event, project }, "refused a webhook: another repository's signature")
      return answer('unauthorized', 401)
    }
    const jobs = toJobs(event, payload, repository)
    if (jobs.length === 0) return answer('ignored', 202)
    if (!(await enqueue(queue, log, jobs))) return answer('unavailable', 503)
    log.info({ event, jobs }, 'a webhook')
    return answer('queued', 202)
  })
}

/** Gives the repositories whose secret signed a body; several may share one. */
function createSignatureCheck(repositories: readonly ServedRepository[]) {
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  const webhooks = [...new Set(repositories.map(({ secret }) => secret))].map(
    (secret) => [secret, new Webhooks({ secret, log: silent })] as const,
  )
  return async (body: string, signature: string): Promise<readonly ServedRepository[]> => {
    // The package throws on what is empty.
    if (body === '' || signature === '') return []
    for (const [secret, webhook] of webhooks) {
      if (await webhook.verify(body, signature)) {
        return repositories.filter((repository) => repository.secret === secret)
      }
    }
    return []
  }
}

function projectIn({ repository }: Readonly<Record<string, unknown>>): string | undefined {
  const name = isObject(repository) ? repository['full_name'] : undefined
  return typeof name === 'string' ? name : undefined
}

/** GitHub and Gitea ignore the case of names. */
const isSame = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && a.toLowerCase() === b?.toLowerCase()
