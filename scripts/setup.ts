import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { baseImage, basePath } from './base-image.ts'
import { bin, cache, locked, unfinished } from './cache.ts'
import { deployRs, deployRsPrograms } from './deploy-rs.ts'
import { machineParts } from './machine-parts.ts'
import { nix, nixEnvironment } from './nix.ts'
import { nixfmt } from './nixfmt.ts'
import { step } from './progress.ts'
import { redis, redisServer } from './redis.ts'
import { SetupError, type Tool } from './tool.ts'

/** The real tools that the controller, its tests and its lab run; all paths are absolute. */
export interface Tools {
  /** A PATH in which all of them are found. */
  readonly path: string
  /** What a process needs besides PATH to use this Nix. */
  readonly environment: Record<string, string>
  readonly nix: string
  readonly redisServer: string
  readonly deploy: string
  readonly activate: string
  readonly baseImage: string
  readonly cache: string
}

/** What the controller and the machines of the lab need. */
const labTools: readonly Tool[] = [nix, redis, deployRs, machineParts, baseImage]

/** And what only tests need. */
const testTools: readonly Tool[] = [...labTools, nixfmt]

/**
 * Brings every tool that is not there yet, telling first what goes where; does nothing when all are there.
 * Throws a `SetupError` that names each one which could not be had; where that is known before, nothing is brought.
 */
export async function ensureTools(tools: readonly Tool[] = labTools): Promise<Tools> {
  const missing = await missingOf(tools)
  if (missing.length > 0) {
    const obstacles = await obstaclesOf(missing)
    if (obstacles.length > 0) throw new SetupError(obstacles.join('\n'))
    await mkdir(cache, { recursive: true })
    const waiting = setTimeout(() => process.stderr.write('Waiting for another setup\n'), 1000)
    await locked(join(cache, 'lock'), () => {
      clearTimeout(waiting)
      return bringMissing(tools)
    })
  }
  return {
    path: [...new Set([bin, ...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'])].join(
      ':',
    ),
    environment: await nixEnvironment(),
    nix: join(bin, 'nix'),
    redisServer: redisServer()!,
    ...deployRsPrograms,
    baseImage: basePath,
    cache,
  }
}

/** Gives what only the person at this machine can do, before the lab can run; empty where nothing is. */
export async function labObstacles(): Promise<readonly string[]> {
  return obstaclesOf(await missingOf(labTools))
}

async function obstaclesOf(missing: readonly Tool[]): Promise<string[]> {
  const obstacles = await Promise.all(missing.map((tool) => tool.obstacle()))
  return obstacles.filter((obstacle) => obstacle !== undefined)
}

async function missingOf(tools: readonly Tool[]): Promise<Tool[]> {
  const ready = await Promise.all(tools.map((tool) => tool.isReady()))
  return tools.filter((_, index) => !ready[index])
}

async function bringMissing(tools: readonly Tool[]): Promise<void> {
  // Whoever held the lock before may have brought them.
  const missing = await missingOf(tools)
  if (missing.length === 0) return
  process.stderr.write('Setting up, once:\n')
  for (const tool of missing) process.stderr.write(`  - ${tool.plan}\n`)
  await rm(unfinished, { recursive: true, force: true, maxRetries: 5 })
  const failures: string[] = []
  for (const tool of missing) {
    try {
      await step(tool.name, () => tool.install())
    } catch (error) {
      failures.push(`${tool.name}: ${reasonOf(error)}`)
    }
  }
  await rm(unfinished, { recursive: true, force: true })
  if (failures.length > 0) throw new SetupError(failures.join('\n'))
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const stderr = 'stderr' in error ? String(error.stderr).trim().split('\n').slice(-3) : []
  return [error.message.split('\n')[0], ...stderr].join('\n    ')
}

if (import.meta.main) {
  try {
    const { path, environment } = await ensureTools(testTools)
    if (process.argv.includes('--print-env'))
      for (const [name, value] of Object.entries({ PATH: path, ...environment }))
        process.stdout.write(`export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
