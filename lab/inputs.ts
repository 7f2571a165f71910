import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tools } from '../scripts/setup.ts'

const here = import.meta.dirname

/**
 * Gives flake references of the lab's stand-ins for nixpkgs and for deploy-rs; the latter holds the real `activate`.
 * That program was built for the host: it runs on the Debian 12 of the machines when the host's libc is not newer.
 */
export async function labInputs(
  tools: Pick<Tools, 'activate' | 'cache'>,
): Promise<{ nixpkgs: string; deployRs: string }> {
  const source = join(here, 'deploy-rs')
  const hash = createHash('sha256').update(await readFile(tools.activate))
  for (const name of await filesOf(source))
    hash.update(`\0${name}\0`).update(await readFile(join(source, name)))
  const folder = join(tools.cache, 'lab', `deploy-rs-${hash.digest('hex').slice(0, 12)}`)
  if (!existsSync(folder)) {
    const part = `${folder}.${process.pid}`
    await cp(source, part, { recursive: true })
    await mkdir(join(part, 'bin'))
    await cp(tools.activate, join(part, 'bin/activate'), { dereference: true })
    await chmod(join(part, 'bin/activate'), 0o755)
    // Another process may have been faster; its folder holds the same.
    await rename(part, folder).catch(() => rm(part, { recursive: true }))
  }
  return { nixpkgs: `path:${join(here, 'nixpkgs')}`, deployRs: `path:${folder}` }
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}
