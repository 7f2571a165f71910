import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { cache, locked, workshop } from './cache.ts'
import { gitea } from './gitea.ts'
import { ensureTools } from './setup.ts'
import { bring, SetupError } from './tool.ts'

// Runs test/gitea/*.real.ts against a Gitea that is built first, once.

async function ensureGitea(): Promise<void> {
  await mkdir(cache, { recursive: true })
  await locked(join(cache, 'lock'), async () => {
    await mkdir(workshop, { recursive: true })
    await bring(gitea).finally(() => rm(workshop, { recursive: true, force: true }))
  })
}

try {
  const { path, environment } = await ensureTools()
  await ensureGitea()
  const { exitCode } = await execa(
    'vitest',
    ['run', '--config', 'test/gitea/vitest.config.ts', ...process.argv.slice(2)],
    {
      ...{ cwd: join(import.meta.dirname, '..'), preferLocal: true, stdio: 'inherit' },
      ...{ env: { ...environment, PATH: path }, reject: false },
    },
  )
  process.exitCode = exitCode ?? 1
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
