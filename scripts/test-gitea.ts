import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cache, locked, workshop } from './cache.ts'
import { gitea } from './gitea.ts'
import { runGroup } from './run-group.ts'
import { bring } from './tool.ts'

// Runs test/gitea/*.real.ts against a Gitea that is built first, once.

async function ensureGitea(): Promise<void> {
  await mkdir(cache, { recursive: true })
  await locked(join(cache, 'lock'), async () => {
    await mkdir(workshop, { recursive: true })
    await bring(gitea).finally(() => rm(workshop, { recursive: true, force: true }))
  })
}

await runGroup('test/gitea', ensureGitea)
