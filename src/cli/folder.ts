import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, realpath, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { isConfiguration } from '../compile/configuration.ts'
import type { SourceTree } from '../model/compilation.ts'

/** Folders that hold no source. */
const skipped = new Set(['.git', 'node_modules', '.direnv'])

/** Reads a folder as a commit would be read; links that lead out of it are not there. */
export async function readFolder(folder: string): Promise<SourceTree> {
  const root = await realpath(folder)
  const paths = new Set<string>()
  await walk(root, '', paths)
  const wanted = [...paths].filter(isConfiguration)
  // One after another: ten thousand promises of a small file take three times as long.
  const texts = wanted.map((path) => [path, readFileSync(join(root, path), 'utf8')] as const)
  return { paths, texts: new Map(texts) }
}

async function walk(root: string, folder: string, paths: Set<string>): Promise<void> {
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (skipped.has(entry.name)) continue
    if (entry.isDirectory()) await walk(root, path, paths)
    else if (entry.isFile() || (await isInnerLink(root, path))) paths.add(path)
  }
}

async function isInnerLink(root: string, path: string): Promise<boolean> {
  try {
    const target = await realpath(join(root, path))
    return target.startsWith(root + sep) && (await stat(target)).isFile()
  } catch {
    // A link that leads nowhere is no file.
    return false
  }
}

/** The folder that a command works in. */
export function folderOf(cwd: string, dir: string | undefined): string {
  return resolve(cwd, dir ?? '.')
}

/** Writes a file where there is none of that name; says whether it did. */
export async function writeNew(file: string, text: string): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true })
  try {
    await writeFile(file, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
