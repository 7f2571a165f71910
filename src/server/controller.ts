import { createHash, randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import { createDeployRs } from '../deploy-rs/deploy-rs.ts'
import { createAnnounce } from '../jobs/announce.ts'
import { createHandler } from '../jobs/handle.ts'
import type { Repository } from '../jobs/repository.ts'
import { inventoryOf, fleetOf } from '../jobs/tick.ts'
import { createMetrics } from '../log/metrics.ts'
import type { Clock, Log } from '../model/ports.ts'
import { createNix } from '../nix/nix.ts'
import type { RedisAddress } from '../redis/connection.ts'
import { createProgress } from '../redis/progress.ts'
import { createQueue } from '../redis/queue.ts'
import { startRedisServer } from '../redis/server.ts'
import { startWorker } from '../redis/worker.ts'
import { statusText } from '../report/status-text.ts'
import { standings } from '../rollout/standing.ts'
import { createRemote } from '../ssh/remote.ts'
import { createSsh } from '../ssh/ssh.ts'
import { createApp } from './app.ts'
import { listen } from './listen.ts'
import { openRepositories } from './repositories.ts'

/** A running controller. */
export interface Controller {
  readonly url: string
  /** Takes nothing new, lets activations end, then ends. */
  close(): Promise<void>
}

export interface ControllerOptions {
  readonly config: Config
  /** What the outside programs get, whole: PATH, HOME, NIX_CONF_DIR and the like. */
  readonly env: Readonly<Record<string, string>>
  readonly version: string
  readonly log: Log
}

const clock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) => pause(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
}

/** Starts everything that one controller is: Redis, workers, HTTP, the poll. */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { config, env, log } = options
  await mkdir(config.stateDir, { recursive: true, mode: 0o700 })
  const redis = await startRedis(config, env, log)
  const queue = createQueue(redis.address)
  const progress = createProgress(redis.address, log)
  const metrics = createMetrics()
  metrics.watchQueue(() => queue.depths())
  const repositories = await openRepositories(config, env)
  const nix = createNix({ nix: config.tools.nix, env, stateDir: config.stateDir })
  const ssh = createSsh({
    ssh: config.tools.ssh,
    identityFile: config.ssh.identityFile ?? '',
    folder: join(config.stateDir, 'ssh'),
    env,
  })
  const handle = createHandler({
    repositories,
    nix,
    nixVersion: await nix.version(),
    remote: createRemote({ ssh }),
    deployer: createDeployRs({
      deploy: config.tools.deploy,
      nix: config.tools.nix,
      folder: join(config.stateDir, 'runs'),
      env,
      sshConfig: (target) => ssh.configFile(target),
    }),
    queue,
    clock,
    log,
    announce: createAnnounce({ progress, clock, log }),
    hash: (text) => createHash('sha256').update(text).digest('hex'),
    nonce: () => randomUUID(),
    owner: `${hostname()}:${process.pid}`,
    settings: { version: options.version },
  })
  const worker = startWorker({ address: redis.address, handle, log, metrics })

  const lookAtAll = async (): Promise<void> => {
    for (const name of repositories.keys()) {
      // The poll repairs whatever was lost; Redis away: the next one will do.
      await queue
        .add({ kind: 'look', repository: name })
        .catch((error: unknown) => log.warn({ err: error }, 'the poll could not add its job'))
    }
  }
  const poll = setInterval(() => void lookAtAll(), config.pollMs)
  void lookAtAll()

  const app = createApp({
    repositories: config.repositories,
    queue,
    progress,
    log,
    metrics,
    limits: config.limits,
    now: clock.now,
    ready: async () => ((await queue.isReady()) ? [] : ['redis']),
    status: async (name) => {
      const repository = repositories.get(name)
      return repository === undefined ? undefined : statusOf(repository)
    },
    deployed: async (name) => {
      const repository = repositories.get(name)
      const { ledger } = (await repository?.ledger.read()) ?? {}
      const commit = ledger?.rewound?.tip ?? ledger?.published?.source
      return repository === undefined || commit === undefined
        ? undefined
        : { ref: repository.branch, commit }
    },
  })
  const server = await listen(app, config.listen)
  log.info({ url: server.url, repositories: [...repositories.keys()] }, 'ready')
  return {
    url: server.url,
    async close() {
      clearInterval(poll)
      await server.close()
      await worker.close(closeLimitMs)
      await queue.close()
      progress.close()
      await redis.close()
    },
  }
}

/** What `nixcluster status` shows, as data and as text. */
async function statusOf(repository: Repository): Promise<object> {
  const { branch } = repository
  const { ledger } = await repository.ledger.read()
  const inventory = await inventoryOf(repository, ledger.wanted?.source)
  const now = standings(ledger, inventory ? fleetOf(inventory) : [])
  return { branch, ledger, standings: now, text: statusText({ branch, ledger, standings: now }) }
}

/** An activation with its confirmation ends within this; what has not is read back by the next start. */
const closeLimitMs = 300_000

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
    folder: join(config.stateDir, 'redis'),
    log,
  })
}
