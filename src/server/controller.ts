import { createHash, randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import { createAttemptLogs } from '../deploy-rs/attempt-logs.ts'
import { createDeployRs } from '../deploy-rs/deploy-rs.ts'
import { createCompiler } from '../exec/compiler.ts'
import { announceTo } from '../jobs/announce.ts'
import { createForgeAnnounce } from '../jobs/announce-forge.ts'
import { createTerminalAnnounce } from '../jobs/announce-terminal.ts'
import { counted } from '../jobs/counted.ts'
import { createHandler } from '../jobs/handle.ts'
import type { Repository } from '../jobs/repository.ts'
import { inventoryOf } from '../jobs/source.ts'
import { fleetOf, meantBy } from '../jobs/tick.ts'
import { createMetrics } from '../log/metrics.ts'
import { createTrace, inTrace } from '../log/trace.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { Attempt } from '../model/remote.ts'
import { createNix, type ControllerNix } from '../nix/nix.ts'
import type { RedisAddress } from '../redis/connection.ts'
import { createProgress } from '../redis/progress.ts'
import { createQueue } from '../redis/queue.ts'
import { startRedisServer } from '../redis/server.ts'
import { startWorker } from '../redis/worker.ts'
import { statusText } from '../report/status-text.ts'
import { pausesOf } from '../rollout/pause.ts'
import { standings } from '../rollout/standing.ts'
import { createRemote } from '../ssh/remote.ts'
import { createSsh } from '../ssh/ssh.ts'
import { createApp } from './app.ts'
import { listen } from './listen.ts'
import { logPath } from './logs.ts'
import { openRepositories } from './repositories.ts'
import { prepareStateFolder, requirePrograms } from './requirements.ts'

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

/**
 * Starts everything that one controller is: Redis, workers, HTTP, the poll. Throws with a line that says
 * what is missing; what was started by then is ended.
 */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const closers: Closer[] = []
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).reverse()) await end()
  }
  try {
    return { url: await start(options, closers), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Ends what was started; the newest comes first. */
type Closer = () => Promise<void> | void

async function start(options: ControllerOptions, closers: Closer[]): Promise<string> {
  const { config, env, log } = options
  await requirePrograms(config.tools, env['PATH'] ?? '')
  await prepareStateFolder(config.stateDir)
  const redis = await startRedis(config, env, log)
  closers.push(() => redis.close())
  const progress = createProgress(redis.address, log)
  closers.push(() => progress.close())
  const queue = createQueue(redis.address, log)
  closers.push(() => queue.close())
  const metrics = createMetrics()
  metrics.watchQueue(() => queue.depths())
  const compiler = createCompiler()
  closers.push(() => compiler.close())
  const { open: repositories, openOthers } = await openRepositories(
    config,
    env,
    compiler.compile,
    log,
  )
  const nix = createNix({
    ...{ nix: config.tools.nix, env, stateDir: config.stateDir },
    evaluationMemoryBytes: config.plan.evaluationBytes,
    importFromDerivation: config.plan.importFromDerivation,
  })
  const ssh = createSsh({
    ssh: config.tools.ssh,
    identityFile: config.ssh.identityFile ?? '',
    folder: join(config.stateDir, 'ssh'),
    env,
  })
  const logs = createAttemptLogs(join(config.stateDir, 'logs'))
  const logUrl = async (attempt: Attempt): Promise<string | undefined> => {
    const secret = config.repositories.find(({ name }) => name === attempt.repository)?.secret
    if (config.publicUrl === undefined || secret === undefined) return undefined
    return (await logs.has(attempt)) ? config.publicUrl + logPath(secret, attempt) : undefined
  }
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
      copyOptions: (target) => ssh.sharedOptions(target),
    }),
    queue,
    clock,
    log,
    metrics,
    announce: counted(
      announceTo(
        createTerminalAnnounce({ progress, clock, log }),
        createForgeAnnounce({ clock, log, logUrl }),
      ),
      metrics,
    ),
    hash: (text) => createHash('sha256').update(text).digest('hex'),
    nonce: () => randomUUID(),
    owner: `${hostname()}:${process.pid}`,
    settings: { version: options.version },
    planLimits: config.plan,
    logs,
  })
  const lookAtAll = async (): Promise<void> => {
    // What is opened by it is looked at by the next poll.
    void openOthers()
    for (const name of repositories.keys()) {
      // The poll repairs whatever was lost; Redis away: the next one will do.
      await inTrace(createTrace('poll', clock.now()), () =>
        queue
          .add({ kind: 'look', repository: name })
          .catch((error: unknown) => log.warn({ err: error }, 'the poll could not add its job')),
      )
    }
  }
  const app = createApp({
    repositories: config.repositories,
    queue,
    progress,
    log,
    metrics,
    limits: config.limits,
    now: clock.now,
    logs,
    ready: async () => ((await queue.isReady()) ? [] : ['redis']),
    status: async (name) => {
      const repository = repositories.get(name)
      return repository === undefined ? undefined : statusOf(repository)
    },
    deployed: async (name) => {
      const repository = repositories.get(name)
      const { ledger } = (await repository?.ledger.read()) ?? {}
      const commit = ledger?.rewound?.tip ?? ledger?.removal?.source ?? ledger?.published?.source
      return repository === undefined || commit === undefined
        ? undefined
        : { ref: repository.branch, commit }
    },
  })
  await pruneRoots(nix, repositories, log)
  // Before the first job: where the address is taken, another controller may be at work.
  const server = await listen(app, config.listen)
  const worker = startWorker({ address: redis.address, handle, log, metrics })
  const poll = setInterval(() => void lookAtAll(), config.pollMs)
  closers.push(
    () => worker.close(closeLimitMs),
    () => server.close(),
    () => clearInterval(poll),
  )
  void lookAtAll()
  log.info({ url: server.url, repositories: [...repositories.keys()] }, 'ready')
  return server.url
}

/** Lets go the systems that no ledger remembers, plans for the most part; before any job makes new ones. */
async function pruneRoots(
  nix: ControllerNix,
  repositories: ReadonlyMap<string, Repository>,
  log: Log,
): Promise<void> {
  for (const { name, ledger: store } of repositories.values()) {
    try {
      const { ledger } = await store.read()
      const systems = Object.values(ledger.machines).flatMap(({ history }) => history)
      await nix.prune(
        name,
        systems.flatMap(({ path, drv }) => [path, drv]),
      )
    } catch (error) {
      log.warn({ repository: name, err: error }, 'old garbage-collector roots stay')
    }
  }
}

/** What `nixcluster status` shows, as data and as text. */
async function statusOf(repository: Repository): Promise<object> {
  const { branch } = repository
  const { ledger } = await repository.ledger.read()
  const inventory = await inventoryOf(repository, ledger.wanted?.source)
  const meant = inventory ? meantBy(ledger, inventory) : {}
  const paused = pausesOf(ledger, meant, clock.now().toISOString())
  const now = standings(ledger, inventory ? fleetOf(inventory) : [], paused)
  const mistaken = await mistakenTip(repository)
  const status = {
    branch,
    ledger,
    standings: now,
    meant,
    ...(mistaken === undefined ? {} : { mistaken }),
  }
  return { ...status, text: statusText(status) }
}

async function mistakenTip({ branch, git, source }: Repository) {
  const tip = (await git.branches()).get(branch)
  if (tip === undefined) return undefined
  const { mistakes } = await source(tip)
  return mistakes.length === 0 ? undefined : { tip, mistakes: mistakes.length }
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
