import { createHash, hash } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Before } from '../compile/recompile.ts'
import type { Memory } from '../compile/memory.ts'
import type { SourceTree } from '../model/compilation.ts'

/** Where what a run leaves for the next one lies. */
export interface CacheSettings {
  readonly folder: string
  /** Of the program: what another one left is no use. */
  readonly build: string
}

/** What a run without errors left behind. */
export interface Left extends Before {
  /** The generated files, where they were rendered; undefined where they are damaged, too. */
  files(): ReadonlyMap<string, string> | undefined
}

interface Section {
  readonly bytes: number
  readonly digest: string
  /** Path and length in characters of each text, one after another. */
  readonly texts: readonly (readonly [path: string, length: number])[]
}

/** The end of the file, after the texts. */
interface Index {
  readonly build: string
  readonly root: string
  readonly paths: readonly string[]
  readonly memory: Memory
  readonly rendered?: Section
  readonly source: Section
}

/** Bytes that all folders may take together; the oldest goes first. */
const most = 512 * 2 ** 20

/** What was left for a folder, by its real path; undefined where it is not there, damaged or another's. */
export function readCache({ folder, build }: CacheSettings, root: string): Left | undefined {
  const file = fileOf(folder, root)
  try {
    return withFile(file, (fd) => {
      const { size } = fstatSync(fd)
      const [digest = '', length = ''] = readText(fd, size - endLength, endLength).split(' ')
      const start = size - endLength - Number(length)
      const bytes = readBytes(fd, start, Number(length))
      if (hash('sha256', bytes) !== digest) return undefined
      const index = JSON.parse(bytes.toString()) as Index
      if (index.build !== build || index.root !== root) return undefined
      const { source, rendered, memory, paths } = index
      const texts = readSection(fd, rendered?.bytes ?? 0, source)
      if (!texts) return undefined
      return {
        source: { texts, paths: new Set(paths) },
        memory,
        // A run that replaces the file meanwhile leaves another digest.
        files: () =>
          rendered && orNothing(() => withFile(file, (again) => readSection(again, 0, rendered))),
      }
    })
  } catch {
    // Whatever is wrong with it, the run does without.
    return undefined
  }
}

/** Leaves something for the next run; where that cannot be written, nothing is left. */
export function writeCache(
  { folder, build }: CacheSettings,
  root: string,
  { texts, paths }: SourceTree,
  memory: Memory,
  files: ReadonlyMap<string, string> | undefined,
): void {
  const file = fileOf(folder, root)
  const unfinished = `${file}.${process.pid}${unfinishedMark}`
  orNothing(() => {
    // What is written there holds all that the repository does.
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const fd = openSync(unfinished, 'w', 0o600)
    try {
      const rendered = files && writeSection(fd, files)
      const source = writeSection(fd, texts)
      const index: Index = {
        ...{ build, root, paths: [...paths], memory, source },
        ...(rendered ? { rendered } : {}),
      }
      const bytes = Buffer.from(JSON.stringify(index))
      writeSync(fd, bytes)
      writeSync(fd, `${hash('sha256', bytes)} ${bytes.length}`.padEnd(endLength))
    } finally {
      closeSync(fd)
    }
    renameSync(unfinished, file)
  })
  orNothing(() => rmSync(unfinished, { force: true }))
  orNothing(() => prune(folder))
}

const unfinishedMark = '.unfinished'

/** A digest, a space and a length. */
const endLength = 80

function fileOf(folder: string, root: string): string {
  return join(folder, hash('sha256', root).slice(0, 32))
}

function withFile<T>(file: string, use: (fd: number) => T): T {
  const fd = openSync(file, 'r')
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

function orNothing<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function readBytes(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  const read = readSync(fd, bytes, 0, length, position)
  if (read < length) throw new Error('the file is too short')
  return bytes
}

function readText(fd: number, position: number, length: number): string {
  return readBytes(fd, position, length).toString()
}

function readSection(
  fd: number,
  position: number,
  { bytes, digest, texts }: Section,
): ReadonlyMap<string, string> | undefined {
  const read = readBytes(fd, position, bytes)
  if (hash('sha256', read) !== digest) return undefined
  const whole = read.toString()
  let at = 0
  return new Map(texts.map(([path, length]) => [path, whole.slice(at, (at += length))]))
}

/** Characters that are written at once. */
const portion = 1_000_000

function writeSection(fd: number, all: ReadonlyMap<string, string>): Section {
  const digest = createHash('sha256')
  let bytes = 0
  let waiting = ''
  const flush = (): void => {
    const encoded = Buffer.from(waiting)
    digest.update(encoded)
    bytes += encoded.length
    for (let done = 0; done < encoded.length;) done += writeSync(fd, encoded, done)
    waiting = ''
  }
  const texts = [...all].map(([path, text]) => {
    waiting += text
    if (waiting.length > portion) flush()
    return [path, text.length] as const
  })
  flush()
  return { bytes, digest: digest.digest('hex'), texts }
}

/** So old, an unfinished file is one that a run left behind that was ended, in milliseconds. */
const abandonedMs = 3_600_000

/** Removes what is too much, the oldest first. */
function prune(folder: string): void {
  const files = readdirSync(folder)
    .map((name) => ({ path: join(folder, name), ...sizeAndAge(join(folder, name)) }))
    .sort((a, b) => a.age - b.age)
  let total = 0
  for (const { path, size, age } of files) {
    const isAbandoned = path.endsWith(unfinishedMark) && age > abandonedMs
    total += size
    if (total > most || isAbandoned) rmSync(path, { force: true })
  }
}

function sizeAndAge(path: string): { readonly size: number; readonly age: number } {
  const { size, mtimeMs } = statSync(path)
  return { size, age: Date.now() - mtimeMs }
}
