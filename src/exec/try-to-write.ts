import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** As much as a small file of ours has, so that a disk with no room is found out. */
const probe = Buffer.alloc(65_536)

/** Makes a folder if need be and writes a file there for a moment; gives the system's code where that fails. */
export async function tryToWrite(folder: string): Promise<string | undefined> {
  const file = join(folder, `.probe-${crypto.randomUUID()}`)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(file, probe, { mode: 0o600 })
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  } finally {
    await rm(file, { force: true }).catch(() => undefined)
  }
}
