import type { Hono } from 'hono'
import type { AppOptions } from './app.ts'
import { isObject, parseObject } from './body.ts'
import { enqueue } from './enqueue.ts'
import { followUrl } from '../model/follow-url.ts'
import { findSigner, refuse } from './signed.ts'
import { branchOf, jobsOfPush } from './webhook.ts'

interface Update {
  readonly ref: string
  readonly old: string
  readonly new: string
}

/** The push happened before we hear of it, and the poll may have seen it first. */
const hookLatencyMs = 5000

/** `POST /hooks/git`: the post-receive hook of plain git tells what was pushed. */
export function addGitHook(app: Hono, options: AppOptions): void {
  const { repositories, queue, log, metrics, now = () => new Date() } = options
  app.post('/hooks/git', async (c) => {
    const body = await c.req.text()
    const payload = parseObject(body)
    const repository = findSigner(c, repositories, payload?.['repository'], body, now())
    if (repository === undefined) {
      log.warn({}, 'refused a push hook: unknown repository, wrong signature or clock')
      metrics.webhookReceived('git', 'unauthorized')
      return refuse(c)
    }
    const { name } = repository
    const updates = updatesIn(payload)
    const jobs = updates.flatMap(({ ref }) => jobsOfPush(ref, repository))
    if (!(await enqueue(queue, log, jobs))) {
      metrics.webhookReceived('git', 'unavailable')
      return c.json({ error: 'the queue is away' }, 503)
    }
    metrics.webhookReceived('git', jobs.length === 0 ? 'ignored' : 'queued')
    log.info({ repository: name, jobs }, 'a push')
    const since = new Date(now().getTime() - hookLatencyMs)
    const follow = updates.flatMap((update) => {
      const branch = branchOf(update.ref)
      if (branch === undefined || /^0*$/.test(update.new)) return []
      const topic = { repository: name, ref: branch, commit: update.new }
      return [{ ref: branch, commit: update.new, url: followUrl(topic, since) }]
    })
    return c.json({ follow }, 202)
  })
}

function updatesIn(payload: Readonly<Record<string, unknown>> | undefined): readonly Update[] {
  const updates: unknown = payload?.['updates']
  return Array.isArray(updates) ? updates.filter(isUpdate) : []
}

const isUpdate = (value: unknown): value is Update =>
  isObject(value) && ['ref', 'old', 'new'].every((field) => typeof value[field] === 'string')
