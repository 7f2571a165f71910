import { onTestFinished } from 'vitest'
import { createLog } from '../../src/log/log.ts'
import { createMetrics } from '../../src/log/metrics.ts'
import { createProgress } from '../../src/redis/progress.ts'
import { createQueue } from '../../src/redis/queue.ts'
import { createApp, type AppOptions } from '../../src/server/app.ts'
import { listen } from '../../src/server/listen.ts'
import { redisCli, startRedis, until } from '../redis/redis-of-the-test.ts'

export const secret = 'fleet-secret-0123456789'
export const otherSecret = 'attic-secret-0123456789'

/** A real server on a real Redis, with two repositories at GitHub and one of plain git. */
export async function startApp(over: Partial<AppOptions> = {}) {
  const redis = await startRedis()
  const logged: string[] = []
  const log = createLog({ level: 'debug', secrets: [secret], write: (line) => logged.push(line) })
  const queue = createQueue(redis.address, log)
  const progress = createProgress(redis.address, log)
  const metrics = createMetrics('1.2.3')
  metrics.watchQueue(() => queue.depths())
  const app = createApp({
    repositories: [
      { name: 'fleet', forge: 'github', project: 'example/fleet', branch: 'main', secret },
      { name: 'attic', forge: 'github', project: 'example/attic', secret: otherSecret },
      { name: 'cellar', forge: 'git', branch: 'main', secret },
    ],
    queue,
    progress,
    log,
    metrics,
    ready: async () => ({
      missing: (await queue.isReady()) ? [] : ['Redis does not answer'],
      notes: ["repository 'attic': no answer; it is tried again"],
    }),
    limits: { bodyBytes: 200_000, followMs: 500, followers: 2, answerMs: 500 },
    ...over,
  })
  const server = await listen(app, { host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    await server.close()
    progress.close()
    await queue.close()
  })
  await until('Redis answers', () => queue.isReady())
  const traced = (): { readonly trace?: unknown }[] => {
    const keys = redisCli(redis, 'keys', 'bull:nixcluster-*:[0-9]*').split('\n').toSorted()
    return keys.flatMap((key) =>
      key === '' ? [] : [JSON.parse(redisCli(redis, 'hget', key, 'data'))],
    )
  }
  return {
    url: server.url,
    ...{ redis, queue, progress, logged },
    /** Everything that was queued: what a worker would get. */
    jobs: (): unknown[] => traced().map(({ trace: _, ...job }) => job),
    /** What each of these comes of. */
    traces: (): unknown[] => traced().map(({ trace }) => trace),
  }
}
