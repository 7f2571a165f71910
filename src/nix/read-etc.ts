import { join } from 'node:path'
import { entriesInStore, type StoreFile, type StoreReader } from './store-reader.ts'

/** A folder of more entries that is linked as a whole (time zones, terminals) is one thing. */
const maxFolder = 100

/** Every file below /etc but the units: path -> what it holds, with mode and owner where NixOS sets them. */
export async function readEtc(
  etc: string,
  reader: StoreReader,
): Promise<Readonly<Record<string, StoreFile>>> {
  return withModes(Object.fromEntries(await filesBelow(etc, '', reader)))
}

/** Links to small folders are followed. */
async function filesBelow(
  folder: string,
  prefix: string,
  reader: StoreReader,
): Promise<readonly (readonly [string, StoreFile])[]> {
  const files: (readonly [string, StoreFile])[] = []
  for (const { name, isFolder, path } of await entriesInStore(folder)) {
    const shown = join(prefix, name)
    if (shown === 'systemd/system') continue
    const file = isFolder ? undefined : await reader.file(path)
    if (isFolder || (file?.entries !== undefined && file.entries <= maxFolder)) {
      files.push(...(await filesBelow(path, shown, reader)))
    } else files.push([shown, file!])
  }
  return files
}

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
