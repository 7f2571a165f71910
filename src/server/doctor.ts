import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config, RepositoryConfig } from '../config/config.ts'
import { tryDeployRs } from '../deploy-rs/examine.ts'
import { createCompiler } from '../exec/compiler.ts'
import { readVersion } from '../exec/program-version.ts'
import { systemClock } from '../exec/system-clock.ts'
import { nixclusterAuthor } from '../git/git.ts'
import { performAll, type Watcher } from '../jobs/examine/check.ts'
import { groupsOf, type Examined as Subject } from '../jobs/examine/examine.ts'
import type { Repository } from '../jobs/repository.ts'
import type { Examined } from '../model/finding.ts'
import type { Log } from '../model/ports.ts'
import { createNixExaminer } from '../nix/examine.ts'
import { examineRedis } from '../redis/examine.ts'
import { examineMachine } from '../ssh/examine.ts'
import { readPrivateKey } from '../ssh/private-key.ts'
import { createSsh } from '../ssh/ssh.ts'
import { mirrorOf, openRepositories } from './repositories.ts'
import { readAddress, readFolder } from './place.ts'

export interface DoctorOptions extends Subject {
  /** What the outside programs get, whole. */
  readonly env: Readonly<Record<string, string>>
  readonly watcher: Watcher
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * Looks at all that a controller with these settings needs. Everything that it writes is in a folder of its
 * own, which is gone afterwards; what it has Nix build lies in the store until that is collected.
 */
export async function examineAll(options: DoctorOptions): Promise<readonly Examined[]> {
  const { config, env, watcher } = options
  const folder = await mkdtemp(join(tmpdir(), 'nixcluster-doctor-'))
  const compiler = createCompiler()
  const ssh = createSsh({
    ssh: config.tools.ssh,
    identityFile: config.ssh.identityFile ?? '',
    folder: join(folder, 'ssh'),
    env,
  })
  try {
    await takeJumpHosts(config.stateDir, folder)
    const groups = groupsOf(options, {
      now: systemClock.now,
      author: `${nixclusterAuthor.name} <${nixclusterAuthor.email}>`,
      open: (repository) => openOne(config, repository, { folder, env, compile: compiler.compile }),
      surroundings: {
        program: (program, flag, signal) => readVersion(program, flag, env, signal),
        key: (file, signal) => readPrivateKey(file, { ssh: config.tools.ssh, env, signal }),
        folder: readFolder,
        address: readAddress,
        redis: () => examineRedis({ url: '', ...config.redis }, redisMs),
        nix: createNixExaminer({ nix: config.tools.nix, env, folder: join(folder, 'nix') }),
        pair: (signal) =>
          tryDeployRs({
            ...{ deploy: config.tools.deploy, nix: config.tools.nix, env, signal },
            folder: join(folder, 'deploy-rs'),
          }),
        machine: (target, limitMs) => examineMachine(ssh, target, limitMs),
      },
    })
    return await performAll(groups, systemClock, watcher)
  } finally {
    await compiler.close()
    await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  }
}

const redisMs = 5_000

/** In a mirror of its own, which borrows what the controller's has fetched already. */
async function openOne(
  config: Config,
  repository: RepositoryConfig,
  {
    folder,
    env,
    compile,
  }: {
    readonly folder: string
    readonly env: Readonly<Record<string, string>>
    readonly compile: Parameters<typeof openRepositories>[2]
  },
): Promise<Repository> {
  const info = join(mirrorOf(folder, repository.name), 'objects/info')
  await mkdir(info, { recursive: true })
  const known = join(mirrorOf(config.stateDir, repository.name), 'objects')
  await writeFile(join(info, 'alternates'), `${known}\n`)
  const alone = { ...config, stateDir: folder, repositories: [repository] }
  const { open } = await openRepositories(alone, env, compile, silent)
  return [...open.values()][0]!
}

/** The keys of hosts in front of machines are those that the controller has seen. */
async function takeJumpHosts(stateDir: string, folder: string): Promise<void> {
  await mkdir(join(folder, 'ssh'))
  await copyFile(join(stateDir, 'ssh/jump_hosts'), join(folder, 'ssh/jump_hosts')).catch(
    () => undefined,
  )
}
