import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A file as plans compare it: `text` where it is one and is not too long, `size` in bytes where it is a file. */
export interface StoreFile {
  readonly hash: string
  readonly text?: string
  readonly size?: number
  /** So many entries; only of a folder. */
  readonly entries?: number
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
    const reading = known.get(path) ?? readStoreFile(path)
    known.set(path, reading)
    return await reading
  }
  return { file, text: async (path) => (await file(path)).text ?? '' }
}

async function readStoreFile(path: string): Promise<StoreFile> {
  const real = await target(path)
  // What leads out of the store is not part of the system, only that it leads there.
  if (!real.startsWith('/nix/store/')) {
    return { hash: `-> ${await readlink(path).catch(() => '')}` }
  }
  const found = await stat(real)
  if (found.isDirectory()) return { hash: real, entries: (await readdir(real)).length }
  if (!found.isFile()) return { hash: real }
  if (found.size > maxText) return { hash: real, size: found.size }
  const bytes = await readFile(real)
  const file = { hash: hashOf(bytes), size: found.size }
  return isUtf8(bytes) && !bytes.includes(0) ? { ...file, text: bytes.toString() } : file
}

/** An entry of a folder, and what it is a link to. */
export interface Entry {
  readonly name: string
  readonly isFolder: boolean
  /** As it is written; empty where it is no link. */
  readonly link: string
  /** What a reader is asked for: other systems have links to the same path of the store. */
  readonly path: string
}

/** None where the folder leads out of the store: a system may link to whatever its author likes. */
export const entriesInStore = async (folder: string): Promise<readonly Entry[]> =>
  (await target(folder)).startsWith('/nix/store/') ? entriesOf(folder) : []

/** The entries of a folder by name; none where it is not there. */
export async function entriesOf(folder: string): Promise<readonly Entry[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => [])
  const entries = found.map(async (entry): Promise<Entry> => {
    const path = join(folder, entry.name)
    const link = entry.isSymbolicLink() ? await readlink(path) : ''
    const leads = link.startsWith('/nix/store/') ? link : path
    return { name: entry.name, isFolder: entry.isDirectory(), link, path: leads }
  })
  return (await Promise.all(entries)).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Where a link ends; empty where it leads nowhere. */
export const target = (link: string): Promise<string> => realpath(link).catch(() => '')

/** SHA-256, in hexadecimal. */
export const hashOf = (bytes: Buffer | string): string =>
  createHash('sha256').update(bytes).digest('hex')
