import type { Code } from '../model/diagnostic.ts'
import type { SourceTree } from '../model/compilation.ts'
import { closest } from '../model/suggestion.ts'
import { oddityCode, oddityMessage, oddityOf } from './oddities.ts'

/** The files and folders of a source tree. */
export interface Paths {
  readonly files: ReadonlySet<string>
  /** Folder -> the files that lie in it. */
  readonly folders: ReadonlyMap<string, readonly string[]>
  readonly tree: SourceTree
}

/** Adds the folders to the files of a tree. */
export function createPaths(tree: SourceTree): Paths {
  const { paths: files } = tree
  const folders = new Map<string, string[]>([['', []]])
  for (const file of files) {
    let folder = parent(file)
    const known = folders.get(folder)
    if (known) known.push(file)
    else folders.set(folder, [file])
    while (!folders.has((folder = parent(folder)))) folders.set(folder, [])
  }
  return { files, folders, tree }
}

/** Either a path from the repository's root without a leading slash, or what is wrong. */
export type FoundPath =
  { readonly path: string } | { readonly code: Code; readonly message: string }

/**
 * Finds a written path: relative to the file that it stands in, or from the root with a slash. A
 * module is a file or a folder with a default.nix, a text is a file.
 */
export function findPath(
  written: string,
  file: string,
  paths: Paths,
  what: 'file' | 'module' | 'definition' | 'text' = 'file',
): FoundPath {
  const path = normalize(written.startsWith('/') ? written : `${parent(file)}/${written}`)
  if (path === undefined)
    return { code: 'compile/path-outside', message: `'${written}' leaves the repository` }
  if (/[\0\n]/.test(path))
    return { code: 'compile/path', message: `the path '${written}' contains a line break` }
  const odd = oddAt(path, paths)
  if (odd !== undefined) return odd
  if (paths.files.has(path)) return { path }
  if (paths.folders.has(path) && what === 'text')
    return { code: 'compile/path-missing', message: `'/${path}' is a folder` }
  if (paths.folders.has(path) && (what === 'file' || hasDefault(path, paths))) return { path }
  const isFolder = paths.folders.has(path)
  const beside = paths.folders.get(parent(path)) ?? []
  const fromRoot = normalize(written) ?? ''
  const meant =
    [`${path}.nix`, fromRoot].find((one) => paths.files.has(one) && one !== path) ??
    closest(path, beside.slice(0, enough))
  return {
    code: 'compile/path-missing',
    message: isFolder
      ? `the folder '/${path}' has no default.nix`
      : `there is no ${what === 'module' ? what : 'file'} '/${path}'${meant === undefined ? '' : `, did you mean '/${meant}'?`}`,
  }
}

/** A path that is no file, or that lies below such a one. */
function oddAt(path: string, { tree }: Paths): FoundPath | undefined {
  for (let at = path; at !== ''; at = parent(at)) {
    const oddity = at === path || tree.oddities?.has(at) ? oddityOf(at, tree) : undefined
    if (oddity !== undefined)
      return { code: oddityCode(oddity), message: oddityMessage(at, oddity) }
  }
  return undefined
}

/** More candidates than these cost more than a guess is worth. */
const enough = 2000

function hasDefault(folder: string, paths: Paths): boolean {
  return paths.files.has(folder === '' ? 'default.nix' : `${folder}/default.nix`)
}

function parent(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}

function normalize(path: string): string | undefined {
  const steps: string[] = []
  for (const step of path.split('/')) {
    if (step === '' || step === '.') continue
    if (step !== '..') steps.push(step)
    else if (steps.pop() === undefined) return undefined
  }
  return steps.join('/')
}
