import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const fixtures = join(import.meta.dirname, '../fixtures/examples')

/** What was rendered when somebody last looked at it; written anew with UPDATE=1. */
export function golden(
  example: string,
  rendered: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const folder = join(fixtures, example)
  if (process.env['UPDATE'] === '1') {
    rmSync(folder, { recursive: true, force: true })
    for (const [path, text] of rendered) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
  }
  if (!existsSync(folder)) return new Map()
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]))
}

/** What an example's own files came to, without the library that is the same in every fleet. */
export function ownFiles(rendered: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...rendered].filter(([path]) => !path.startsWith('nixcluster/lib/')))
}

/** The same of a fleet that is too large to read: each file by its digest. */
export function digests(rendered: ReadonlyMap<string, string>): string {
  return [...rendered]
    .map(
      ([path, text]) => `${createHash('sha256').update(text).digest('hex').slice(0, 16)} ${path}\n`,
    )
    .join('')
}
