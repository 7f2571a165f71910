import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoreFile, StoreReader } from './store-reader.ts'

/** A folder of more entries that is linked as a whole (time zones, terminals) is one thing. */
const maxFolder = 100

/** Every file below /etc but the units: path -> what it holds, with mode and owner where NixOS sets them. */
export async function readEtc(
  etc: string,
  reader: StoreReader,
): Promise<Readonly<Record<string, StoreFile>>> {
  const files: Record<string, StoreFile> = {}
  for (const path of await filesBelow(etc)) files[path] = await reader.file(join(etc, path))
  return withModes(files)
}

/** Sorted; links to small folders are followed. */
async function filesBelow(etc: string, folder = ''): Promise<readonly string[]> {
  const names = await readdir(join(etc, folder)).catch(() => [])
  const paths: string[] = []
  for (const name of names.sort()) {
    const path = join(folder, name)
    if (path === 'systemd/system') continue
    const found = await stat(join(etc, path)).catch(() => undefined)
    if (!found?.isDirectory()) paths.push(path)
    else if (await isOneThing(join(etc, path))) paths.push(path)
    else paths.push(...(await filesBelow(etc, path)))
  }
  return paths
}

const isOneThing = async (folder: string): Promise<boolean> =>
  (await lstat(folder)).isSymbolicLink() &&
  (!(await realpath(folder)).startsWith('/nix/store/') ||
    (await readdir(folder)).length > maxFolder)

/** NixOS writes a file's mode and owner beside it: `sudoers.mode` belongs to `sudoers`. */
function withModes(
  files: Readonly<Record<string, StoreFile>>,
): Readonly<Record<string, StoreFile>> {
  const result: Record<string, StoreFile> = {}
  for (const [path, file] of Object.entries(files)) {
    const owner = path.replace(/\.(mode|uid|gid)$/, '')
    if (owner !== path && files[owner] !== undefined) continue
    const beside = ['mode', 'uid', 'gid'].map((what) => files[`${path}.${what}`]?.text?.trim())
    const mode = beside.some((what) => what !== undefined) ? ` ${beside.join(' ')}` : ''
    result[path] = { ...file, hash: file.hash + mode }
  }
  return result
}
