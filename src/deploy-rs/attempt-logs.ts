import { copyFile, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { redactText } from '../log/redact.ts'
import type { Attempt, AttemptLogs } from '../model/remote.ts'

/** No part of a path: `..` and slashes are none of these. */
const name = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** People ask within days. */
const keptMs = 14 * 86_400_000

/** deploy-rs' words for each attempt, below a folder that may vanish. */
export function createAttemptLogs(folder: string): AttemptLogs {
  const folderOf = ({ repository, machine }: Attempt): string | undefined =>
    name.test(repository) && name.test(machine) ? join(folder, repository, machine) : undefined
  const fileOf = (attempt: Attempt): string | undefined => {
    const below = folderOf(attempt)
    return below && Number.isSafeInteger(attempt.n) ? join(below, `${attempt.n}.log`) : undefined
  }
  return {
    async keep(attempt, log) {
      const [below, file] = [folderOf(attempt), fileOf(attempt)]
      if (below === undefined || file === undefined) return
      await mkdir(below, { recursive: true })
      await copyFile(log, file)
      await forgetOld(below)
    },
    async has(attempt) {
      const file = fileOf(attempt)
      return file !== undefined && (await stat(file).catch(() => undefined)) !== undefined
    },
    async read(attempt) {
      const file = fileOf(attempt)
      if (file === undefined) return undefined
      const text = await readFile(file, 'utf8').catch(() => undefined)
      return text === undefined ? undefined : redactText(text, [])
    },
  }
}

async function forgetOld(folder: string): Promise<void> {
  const longAgo = Date.now() - keptMs
  for (const file of await readdir(folder)) {
    const info = await stat(join(folder, file)).catch(() => undefined)
    if (info !== undefined && info.mtimeMs < longAgo) await rm(join(folder, file), { force: true })
  }
}
