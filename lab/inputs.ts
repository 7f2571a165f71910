import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, readFile, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Tools } from '../scripts/setup.ts'

/**
 * Gives flake references of the lab's stand-ins for nixpkgs and for deploy-rs; the latter holds the real `activate`.
 * That program was built for the host: it runs on the Debian 12 of the machines when the host's libc is not newer.
 */
export async function labInputs(
  tools: Pick<Tools, 'activate' | 'cache'>,
): Promise<{ nixpkgs: string; deployRs: string }> {
  const nixpkgs = await keep('nixpkgs', tools.cache)
  const deployRs = await keep('deploy-rs', tools.cache, tools.activate)
  return { nixpkgs: `path:${nixpkgs}`, deployRs: `path:${deployRs}` }
}

/** Copies a stand-in to the cache: where the lab is installed the path may have blanks, which flake references lack. */
async function keep(name: string, cache: string, program?: string): Promise<string> {
  const source = join(import.meta.dirname, name)
  const hash = createHash('sha256')
  if (program !== undefined) hash.update(await readFile(program))
  for (const file of await filesOf(source))
    hash.update(`\0${file}\0`).update(await readFile(join(source, file)))
  const folder = join(cache, 'lab', `${name}-${hash.digest('hex').slice(0, 12)}`)
  if (existsSync(folder)) return folder
  const part = `${folder}.${process.pid}`
  await cp(source, part, { recursive: true })
  if (program !== undefined) {
    const copy = join(part, 'bin', basename(program))
    await cp(program, copy, { recursive: true, dereference: true })
    await chmod(copy, 0o755)
  }
  // Another process may have been faster; its folder holds the same.
  await rename(part, folder).catch(() => rm(part, { recursive: true }))
  return folder
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}
