import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { readFile, readlink, realpath, stat } from 'node:fs/promises'

/** A file as plans compare it: `text` where it is one and is not too long, `size` in bytes where it is a file. */
export interface StoreFile {
  readonly hash: string
  readonly text?: string
  readonly size?: number
}

/**
 * Reads files of the store, each once: what a store path holds never changes, and the systems of a
 * fleet have most of theirs in common. It keeps what it read, so it lives as long as one comparison.
 */
export interface StoreReader {
  /** What a path leads to. */
  file(path: string): Promise<StoreFile>
  /** Empty where it is no text, is too long, or is not there. */
  text(path: string): Promise<string>
}

/** Longer texts are no reading for a plan. */
const maxText = 64 * 1024

/** A reader that knows nothing yet. */
export function createStoreReader(): StoreReader {
  const known = new Map<string, Promise<StoreFile>>()
  const file = async (path: string): Promise<StoreFile> => {
    const real = await target(path)
    // What leads out of the store is not part of the system, only that it leads there.
    if (!real.startsWith('/nix/store/')) {
      return { hash: `-> ${await readlink(path).catch(() => '')}` }
    }
    const reading = known.get(real) ?? readStoreFile(real)
    known.set(real, reading)
    return await reading
  }
  return { file, text: async (path) => (await file(path)).text ?? '' }
}

async function readStoreFile(real: string): Promise<StoreFile> {
  const found = await stat(real)
  if (!found.isFile()) return { hash: real }
  if (found.size > maxText) return { hash: real, size: found.size }
  const bytes = await readFile(real)
  const file = { hash: hashOf(bytes), size: found.size }
  return isUtf8(bytes) && !bytes.includes(0) ? { ...file, text: bytes.toString() } : file
}

/** Where a link ends; empty where it leads nowhere. */
export const target = (link: string): Promise<string> => realpath(link).catch(() => '')

/** SHA-256, in hexadecimal. */
export const hashOf = (bytes: Buffer | string): string =>
  createHash('sha256').update(bytes).digest('hex')
