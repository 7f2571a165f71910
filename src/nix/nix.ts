import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { run } from '../exec/run.ts'
import type { RunOptions } from '../exec/run.ts'
import { CommandError } from '../model/errors.ts'
import type { Nix, Unbuilt } from '../model/ports.ts'
import type { Packages, SystemContents } from '../model/system-contents.ts'
import { createEvaluator } from './evaluate.ts'
import { packageVersions } from './package-name.ts'
import { readSystem } from './read-system.ts'
import { toPathInfos } from './closures.ts'
import { createStoreReader } from './store-reader.ts'
import { buildErrors, hasFailed, isWorldly } from './nix-error.ts'

export interface NixOptions {
  /** The `nix` program; `nix-store` is beside it. */
  readonly nix: string
  /** The whole environment; PATH, and NIX_CONF_DIR where it is not the usual one. No credentials. */
  readonly env: Readonly<Record<string, string>>
  /** Ours: a home for Nix' caches, the garbage collector's roots. */
  readonly stateDir: string
  readonly evaluationTimeoutMs?: number
  /** What one evaluation may hold in memory; 4 GiB where nothing is said of it. */
  readonly evaluationMemoryBytes?: number
  /** Whether the code of people who may push may build while it is evaluated. */
  readonly importFromDerivation?: boolean
  readonly buildTimeoutMs?: number
}

export interface ControllerNix extends Nix {
  /** `2.26.3` */
  version(): Promise<string>
  /** Writes `flake.lock` of a folder: `missing` entries only, or these inputs anew as well. */
  lock(folder: string, inputs: 'missing' | readonly string[]): Promise<void>
  /** Lets go the roots below `root` of all but these store paths. */
  prune(root: string, keep: readonly string[]): Promise<void>
}

/** What only asks the store ends within this; a daemon that hangs must not hold a job for ever. */
const queryTimeoutMs = 300_000

/** Nix ends its builders when it is asked to; killed at once it would leave them behind. */
const buildGraceMs = 10_000

/** The controller's Nix, by its command line; a user's error is data, anything else CommandError. */
export function createNix(options: NixOptions): ControllerNix {
  const { nix, stateDir, evaluationTimeoutMs = 600_000, buildTimeoutMs = 7_200_000 } = options
  const nixStore = nix.includes('/') ? join(dirname(nix), 'nix-store') : 'nix-store'
  const home = join(stateDir, 'home')
  const env = { ...options.env, HOME: home, LANG: 'C.UTF-8', NO_COLOR: '1' }
  const features = ['--extra-experimental-features', 'nix-command flakes']

  const call = async (
    program: string,
    args: readonly string[],
    rest: Partial<RunOptions> = {},
  ): Promise<{ stdout: string; stderr: string; exitCode: number }> => {
    await mkdir(home, { recursive: true, mode: 0o700 })
    return await run(program, args, { env, timeoutMs: queryTimeoutMs, ...rest })
  }
  const nixCommand = (args: readonly string[], rest: Partial<RunOptions> = {}) =>
    call(nix, [...args, ...features], rest)

  const rootsFolder = (root: string): string =>
    join(stateDir, 'gcroots', root.replaceAll(/[^\w-]+/g, '-'))

  /**
   * A folder whose `.git` is the mirror. Nix clones a bare repository into a cache of its own first,
   * and only what a branch leads to; in a repository with a `.git` it reads the commit where it is.
   */
  const pointerTo = async (mirror: string): Promise<string> => {
    const folder = join(stateDir, 'flakes', hash(mirror))
    await mkdir(folder, { recursive: true })
    await symlink(mirror, join(folder, '.git')).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    return folder
  }

  const evaluateMachines = createEvaluator({
    ...{ nix, env, stateDir },
    timeoutMs: evaluationTimeoutMs,
    memoryBytes: options.evaluationMemoryBytes ?? 4 * 2 ** 30,
    importFromDerivation: options.importFromDerivation ?? false,
  })

  const valid = async (paths: readonly string[]): Promise<ReadonlySet<string>> => {
    const invalid = new Set<string>()
    for (const slice of slices(paths)) {
      const { stdout } = await call(nixStore, ['--check-validity', '--print-invalid', ...slice])
      for (const path of stdout.split('\n')) invalid.add(path)
    }
    return new Set(paths.filter((path) => !invalid.has(path)))
  }

  return {
    async evaluate(mirror, commit, machines, how = {}) {
      if (machines.length === 0) return new Map()
      await mkdir(home, { recursive: true, mode: 0o700 })
      const flake = `git+${pathToFileURL(await pointerTo(mirror)).href}?rev=${commit}`
      return await evaluateMachines(flake, machines, how)
    },

    async build(systems, root, limitMs) {
      if (systems.length === 0) return new Map()
      const folder = join(rootsFolder(root), hash(systems.map(({ path }) => path).join('\n')))
      await mkdir(folder, { recursive: true })
      const build = (installables: readonly string[], timeoutMs: number) =>
        nixCommand(
          ['build', '--stdin', '--keep-going', '--out-link', join(folder, 'root')],
          // By standard input: ten thousand of them are longer than an argument list may be.
          { input: installables.join('\n') + '\n', timeoutMs, graceMs: buildGraceMs },
        )
      // The `.drv` without an output is rooted as it is; deploy-rs asks for it.
      const rooted = ({ drv }: { drv: string }): string[] => [`${drv}^*`, drv]
      try {
        await build(systems.flatMap(rooted), limitMs ?? buildTimeoutMs)
        return new Map()
      } catch (error) {
        if (!(error instanceof CommandError) || isWorldly(error)) throw error
        const built = await valid(systems.map(({ path }) => path))
        const failed = systems.filter(({ path }) => !built.has(path))
        if (failed.length === 0) throw error
        const done = systems.filter(({ path }) => built.has(path))
        if (done.length > 0) await build(done.flatMap(rooted), buildTimeoutMs)
        const unbuilt = new Map<string, Unbuilt>()
        for (const { drv } of failed) {
          const { stdout } = await call(nixStore, ['--query', '--requisites', drv])
          const needs = new Set(stdout.split('\n'))
          // What fails and is needed by no other is told by Nix at its end only: stopped, it looks unfinished.
          const isLimit = error.timedOut && limitMs !== undefined && !hasFailed(error, drv, needs)
          unbuilt.set(
            drv,
            isLimit
              ? { kind: 'unfinished' }
              : { kind: 'failed', message: buildErrors(error, drv, needs) },
          )
        }
        return unbuilt
      }
    },

    async has(paths) {
      for (const slice of slices(paths)) {
        const { exitCode } = await call(nixStore, ['--check-validity', ...slice], {
          accept: [0, 1],
        })
        if (exitCode !== 0) return false
      }
      return true
    },

    async describe(systems) {
      const found = new Map<string, SystemContents>()
      const there = [...(await valid(storePaths(systems)))]
      const reader = createStoreReader()
      for (const slice of slices(there)) {
        const { stdout } = await nixCommand(['path-info', '--recursive', '--json', ...slice])
        const infos = toPathInfos(stdout)
        for (const system of slice) found.set(system, await readSystem(system, infos, reader))
      }
      return found
    },

    async describeDerivations(drvs) {
      const found = new Map<string, Packages>()
      for (const drv of await valid(storePaths(drvs))) {
        const { stdout } = await call(nixStore, ['--query', '--requisites', drv])
        const needs = stdout.split('\n').filter((path) => path.endsWith('.drv'))
        found.set(drv, packageVersions(needs.map((path) => path.slice(0, -'.drv'.length))))
      }
      return found
    },

    async version() {
      const { stdout } = await call(nix, ['--version'])
      return /(\d+\.\d+\S*)/.exec(stdout)?.[1] ?? stdout.trim()
    },

    async lock(folder, inputs) {
      const flake = `path:${pathToFileURL(folder).pathname}`
      const args =
        inputs === 'missing' || inputs.length === 0
          ? ['flake', 'lock', flake]
          : ['flake', 'update', '--flake', flake, ...inputs]
      await nixCommand(args, { timeoutMs: evaluationTimeoutMs })
    },

    async prune(root, keep) {
      const kept = new Set(keep)
      const folder = rootsFolder(root)
      const builds = existsSync(folder) ? await readdir(folder) : []
      for (const build of builds) {
        const links = await readdir(join(folder, build))
        for (const link of links) {
          const path = join(folder, build, link)
          if (!kept.has(await readlink(path))) await rm(path)
        }
        if ((await readdir(join(folder, build))).length === 0) {
          await rm(join(folder, build), { recursive: true })
        }
      }
    },
  }
}

const storePaths = (paths: readonly string[]): readonly string[] =>
  [...new Set(paths)].filter((path) => path.startsWith('/nix/store/'))

/** An argument list has no room for the paths of a large fleet. */
const slices = (paths: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(paths.length / 5000) }, (_, n) =>
    paths.slice(n * 5000, (n + 1) * 5000),
  )

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)
