import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { matchedRoutes } from 'hono/route'
import type { MetricsRegistry } from '../log/metrics.ts'
import { createTrace, inTrace } from '../log/trace.ts'
import type { Forge } from '../model/forge.ts'
import type { Log, Progress, Queue } from '../model/ports.ts'
import type { AttemptLogs } from '../model/remote.ts'
import { allRoles, type Role } from '../model/role.ts'
import { addCommands } from './commands.ts'
import { addFollow } from './follow.ts'
import { addGitHook } from './git-hook.ts'
import { addGiteaWebhook } from './gitea-webhook.ts'
import { addLogs } from './logs.ts'
import { addGithubWebhook } from './github-webhook.ts'

/** A repository as the server knows it. */
export interface ServedRepository {
  readonly name: string
  readonly forge: Forge['kind']
  /** `owner/name` at the forge. */
  readonly project?: string
  /** The deployed branch, where the settings name it. */
  readonly branch?: string
  readonly secret: string
}

export interface AppOptions {
  readonly repositories: readonly ServedRepository[]
  readonly queue: Queue
  readonly progress: Progress
  readonly log: Log
  readonly metrics: MetricsRegistry
  readonly ready: () => Promise<Readiness>
  /** Which routes there are; absent: all. */
  readonly roles?: readonly Role[]
  readonly limits: {
    readonly bodyBytes: number
    readonly followMs: number
    readonly followers: number
    /** How long a question waits for a worker; 20 seconds by default. */
    readonly answerMs?: number
  }
  readonly now?: () => Date
  readonly logs?: Pick<AttemptLogs, 'read'>
}

/** Sentences for people, without secrets. */
export interface Readiness {
  /** What keeps it from doing its work; ready where there is nothing. */
  readonly missing: readonly string[]
  /** What is not as it should be, and holds up nothing else. */
  readonly notes: readonly string[]
}

/** Who sends webhooks names each of them. */
const deliveryOf = (c: Context): string | undefined =>
  ['x-github-delivery', 'x-gitea-delivery', 'x-forgejo-delivery']
    .map((name) => c.req.header(name))
    .find((id) => id !== undefined)

/** Under which the log has all that comes of a request. */
const requestIdHeader = 'x-request-id'

/** The controller's HTTP side: it verifies, turns requests into jobs and decides nothing. */
export function createApp(options: AppOptions): Hono {
  const { log, metrics, limits, ready, roles = allRoles, now = () => new Date() } = options
  const app = new Hono()
  app.use(async (c, next) => {
    const trace = createTrace('request', now(), deliveryOf(c))
    c.header(requestIdHeader, trace.id)
    await inTrace(trace, next)
    metrics.httpAnswered(matchedRoutes(c).at(-1)?.path ?? '', c.req.method, c.res.status)
  })
  app.use(
    bodyLimit({
      maxSize: limits.bodyBytes,
      onError: (c) => c.json({ error: `the body is over ${limits.bodyBytes} bytes` }, 413),
    }),
  )
  app.onError((error, c) => {
    log.error({ err: error, path: c.req.path }, 'a request failed')
    return c.json({ error: 'the controller failed, its log says why' }, 500)
  })
  app.get('/healthz', (c) => c.text('ok'))
  app.get('/readyz', async (c) => {
    const { missing, notes } = await ready()
    const isReady = missing.length === 0
    return c.json({ ready: isReady, missing, notes }, isReady ? 200 : 503)
  })
  app.get('/metrics', async (c) =>
    c.body(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  )
  if (roles.includes('webhook')) {
    addGithubWebhook(app, options)
    addGiteaWebhook(app, options)
    addGitHook(app, options)
    addFollow(app, options)
    addCommands(app, options)
  }
  if (roles.includes('deploy')) addLogs(app, options)
  return app
}
