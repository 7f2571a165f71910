import { createHash, randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { createAttemptLogs } from '../deploy-rs/attempt-logs.ts'
import { createDeployRs } from '../deploy-rs/deploy-rs.ts'
import { createCompiler } from '../exec/compiler.ts'
import { announceTo } from '../jobs/announce.ts'
import { createForgeAnnounce } from '../jobs/announce-forge.ts'
import { createTerminalAnnounce } from '../jobs/announce-terminal.ts'
import { counted } from '../jobs/counted.ts'
import { createHandler } from '../jobs/handle.ts'
import { jobsOfPoll } from '../jobs/poll.ts'
import type { Repository } from '../jobs/repository.ts'
import { createUnderWay, type UnderWay } from '../jobs/under-way.ts'
import type { MetricsRegistry } from '../log/metrics.ts'
import { createTroubles } from '../log/troubles.ts'
import { createTrace, inTrace } from '../log/trace.ts'
import type { Clock, Log, Progress, Queue } from '../model/ports.ts'
import type { Attempt, AttemptLogs } from '../model/remote.ts'
import { jobKindsOf } from '../model/role.ts'
import { createNix, type ControllerNix } from '../nix/nix.ts'
import type { RedisAddress } from '../redis/connection.ts'
import { createPlanMemory } from '../redis/plan-memory.ts'
import { startWorker } from '../redis/worker.ts'
import { createRemote } from '../ssh/remote.ts'
import { createSsh } from '../ssh/ssh.ts'
import { createDiskWatch, type DiskWatch } from './disk-watch.ts'
import { logPath } from './logs.ts'
import { openRepositories } from './repositories.ts'
import { readSignedCommand } from './signed-command.ts'

export interface WorkersOptions {
  readonly config: Config
  readonly env: Readonly<Record<string, string>>
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: MetricsRegistry
  readonly redis: RedisAddress
  readonly queue: Queue
  readonly progress: Progress
}

/** What does the jobs: programs, repositories and Nix; nothing of it runs before `start`. */
export interface Workers {
  readonly repositories: ReadonlyMap<string, Repository>
  /** Why others are not open; credentials may be in it. */
  closed(): readonly string[]
  readonly logs: AttemptLogs
  readonly disk: DiskWatch
  /** What it has under way on machines right now. */
  underWay(): readonly UnderWay[]
  /** Takes jobs, and polls. */
  start(): void
  /** Takes no more jobs, lets activations end. */
  close(): Promise<void>
}

/**
 * An activation with its confirmation ends within this; what has not is read back by the next start. What
 * else is cut off, such as an evaluation, is done again.
 */
const closeLimits = { machineMs: 300_000, othersMs: 10_000 }

/** Prepares the workers of the roles `plan` and `deploy`; throws with a line that says what is missing. */
export async function prepareWorkers(options: WorkersOptions): Promise<Workers> {
  const { config, env, clock, log, metrics, queue, progress } = options
  const { roles } = config
  const compiler = createCompiler()
  const {
    open: repositories,
    closed,
    openOthers,
  } = await openRepositories(config, env, compiler.compile, log).catch(async (error: unknown) => {
    await compiler.close()
    throw error
  })
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
  const secretOf = (name: string): string =>
    config.repositories.find((repository) => repository.name === name)?.secret ?? ''
  const logUrl = async (attempt: Attempt): Promise<string | undefined> => {
    const secret = secretOf(attempt.repository)
    if (config.publicUrl === undefined || secret === '') return undefined
    return (await logs.has(attempt)) ? config.publicUrl + logPath(secret, attempt) : undefined
  }
  const underWay = createUnderWay(clock)
  const memory = createPlanMemory(options.redis, log)
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
    memory,
    clock,
    log,
    metrics,
    announce: underWay.heard(
      counted(
        announceTo(
          createTerminalAnnounce({ progress, clock, log }),
          createForgeAnnounce({ clock, log, logUrl }),
        ),
        metrics,
        clock,
      ),
    ),
    hash: (text) => createHash('sha256').update(text).digest('hex'),
    nonce: () => randomUUID(),
    owner: `${hostname()}:${process.pid}`,
    settings: { version: options.version },
    planLimits: config.plan,
    logs,
    readCommand: (name, signed) => readSignedCommand(secretOf(name), signed, clock.now()),
  })
  const disk = createDiskWatch(config.stateDir, log)
  const troubles = createTroubles(clock.now)
  const poll = async (): Promise<void> => {
    void disk.troubles()
    // What is opened by it is looked at by the next poll.
    void openOthers()
    for (const repository of repositories.keys()) {
      // The poll repairs whatever was lost; Redis away: the next one will do.
      await inTrace(createTrace('poll', clock.now()), () =>
        Promise.all(jobsOfPoll(repository, roles).map((job) => queue.add(job))).catch(
          (error: Error) => {
            if (troubles.failed('poll', error.message))
              log.warn({ err: error }, 'the poll could not add its jobs')
          },
        ),
      )
    }
  }
  await pruneRoots(nix, repositories, log)
  const kinds = jobKindsOf(roles)
  let stop = (): Promise<void> => Promise.resolve()
  return {
    repositories,
    closed,
    logs,
    disk,
    underWay: underWay.list,
    start() {
      const worker = startWorker({
        ...{ address: options.redis, kinds, handle: underWay.during(handle), log, metrics },
      })
      const timer = setInterval(() => void poll(), config.pollMs)
      stop = () => {
        clearInterval(timer)
        return worker.close(closeLimits)
      }
      void poll()
    },
    async close() {
      await stop()
      memory.close()
      await compiler.close()
    },
  }
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
