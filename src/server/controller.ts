import { setTimeout as pause } from 'node:timers/promises'
import { secretsOf, type Config } from '../config/config.ts'
import { holdFolder } from '../exec/hold-folder.ts'
import { systemClock } from '../exec/system-clock.ts'
import { unfinishedText } from '../jobs/under-way.ts'
import { createMetrics } from '../log/metrics.ts'
import { redactText } from '../log/redact.ts'
import type { Log } from '../model/ports.ts'
import { runsJobs } from '../model/role.ts'
import type { RedisAddress } from '../redis/connection.ts'
import { createProgress } from '../redis/progress.ts'
import { createQueue } from '../redis/queue.ts'
import { startRedisServer } from '../redis/server.ts'
import { createApp } from './app.ts'
import { listen } from './listen.ts'
import { redisFolder, requireAll } from './requirements.ts'
import { prepareWorkers } from './workers.ts'

/** A running controller. */
export interface Controller {
  readonly url: string
  /** Takes nothing new, lets activations end, then ends. */
  close(): Promise<void>
  /** Leaves everything as it is but for a Redis of its own, and gives what is unfinished, a line each. */
  abandon(): Promise<readonly string[]>
}

export interface ControllerOptions {
  readonly config: Config
  /** What the outside programs get, whole: PATH, HOME, NIX_CONF_DIR and the like. */
  readonly env: Readonly<Record<string, string>>
  readonly version: string
  readonly log: Log
}

/**
 * Starts everything that the roles of one process are: Redis, workers, HTTP, the poll. Throws with a line
 * that says what is missing; what was started by then is ended.
 */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const closers: Closer[] = []
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).reverse()) await end()
  }
  try {
    return { ...(await start(options, closers)), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Whoever says it twice does not want to wait, in milliseconds. */
const abandonLimitMs = 2_000

/** Ends what was started; the newest comes first. */
type Closer = () => Promise<void> | void

async function start(
  options: ControllerOptions,
  closers: Closer[],
): Promise<Omit<Controller, 'close'>> {
  const { config, env, version, log } = options
  const { roles } = config
  const isWorking = runsJobs(roles)
  await requireAll(config, env)
  if (isWorking) {
    const hold = await holdFolder(config.stateDir)
    if (hold === undefined) {
      throw new Error(
        `state folder: another controller works in ${config.stateDir}; give each process a stateDir of its own`,
      )
    }
    closers.push(() => hold.letGo())
  }
  const redis = await startRedis(config, env, log)
  closers.push(() => redis.close())
  const progress = createProgress(redis.address, log)
  closers.push(() => progress.close())
  const queue = createQueue(redis.address, log)
  closers.push(() => queue.close())
  const metrics = createMetrics(options.version)
  metrics.watchQueue(() => queue.depths())
  const world = {
    config,
    env,
    version,
    clock: systemClock,
    log,
    metrics,
    redis: redis.address,
    queue,
    progress,
  }
  const workers = isWorking ? await prepareWorkers(world) : undefined
  closers.push(() => workers?.close())
  const app = createApp({
    repositories: config.repositories,
    queue,
    progress,
    log,
    metrics,
    roles,
    limits: config.limits,
    now: systemClock.now,
    ...(workers === undefined ? {} : { logs: workers.logs }),
    ready: async () => ({
      missing: [
        ...((await queue.isReady()) ? [] : ['Redis does not answer']),
        ...((await workers?.disk.troubles()) ?? []),
      ],
      notes: (workers?.closed() ?? []).map((text) => redactText(text, secretsOf(config))),
    }),
  })
  // Before the first job: where the address is taken, another controller may be at work.
  const server = await listen(app, config.listen)
  closers.push(() => server.close())
  workers?.start()
  const repositories = [...(workers?.repositories ?? new Map()).keys()]
  log.info({ url: server.url, roles, repositories }, 'ready')
  return {
    url: server.url,
    async abandon() {
      // Its queues need not last; one that does not end is taken over by the next start.
      await Promise.race([redis.close(), pause(abandonLimitMs)])
      return (workers?.underWay() ?? []).map(unfinishedText)
    },
  }
}

async function startRedis(
  config: Config,
  env: Readonly<Record<string, string>>,
  log: Log,
): Promise<{ readonly address: RedisAddress; close(): Promise<void> }> {
  const { url, password } = config.redis
  if (url !== undefined) {
    const address = { kind: 'url', url, ...(password === undefined ? {} : { password }) } as const
    return { address, close: () => Promise.resolve() }
  }
  return startRedisServer({
    program: config.tools.redisServer,
    path: env['PATH'] ?? '',
    folder: redisFolder(config.stateDir),
    log,
  })
}
