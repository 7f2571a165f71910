import { readNix } from '../schema/nix-syntax.ts'
import { pathFromRoot } from './path-from-root.ts'

/** What lets Nix code read files that no path in it leads to: the tree as a whole, the place of a file. */
const escapes =
  /\bself\b|\b__curPos\b|\b(?:dirOf|unsafeGetAttrPos|getFlake|findFile|includeAllModules)\b/

/** A text with a step upwards, which may be added to a path. */
const stepsUp = /"(?:[^"\n]*\/)?\.\.(?:\/[^"\n]*)?"|''[^']*\/\.\./

/** The place of a path as text is that of the whole tree, which every commit changes. */
const placeAsText = /\btoString\b/

/** Paths that only say what else is Nix code; as text nobody has them. */
const modules = /\bimports\s*=\s*\[[^\]]*\]|\b(?:import|callPackage)\s+[\w./+-]+/g

/** What a file may read: paths from the root of the repository, or everything. */
type Reads = readonly string[] | 'everything'

/**
 * Generated file -> the files of the repository that its Nix can read, sorted; `everything` where that
 * cannot be told. A path that leads to nothing counts: something may come to be there. Errs on the
 * careful side: it looks at which paths are written, not at what the code does with them.
 */
export function sourcesReadBy(
  generated: ReadonlyMap<string, string>,
  texts: ReadonlyMap<string, string>,
  paths: readonly string[],
): ReadonlyMap<string, Reads> {
  const tree = createTree(paths)
  const known = new Map<string, Reads>()
  /** What a file of the repository reads itself. */
  const readsOf = (path: string): Reads => {
    const found = known.get(path) ?? readsOfFile(path, texts.get(path), tree)
    known.set(path, found)
    return found
  }
  const reached = (starts: readonly string[]): Reads => {
    const found = new Set(starts)
    for (const path of found) {
      const reads = readsOf(path)
      if (reads === 'everything') return reads
      for (const each of reads) found.add(each)
    }
    return [...found].sort()
  }
  const shared = new Map<string, Reads>()
  return new Map(
    [...generated].flatMap(([file, text]) => {
      // What the YAML says in a text may be added to a path.
      if (stepsUp.test(text)) return [[file, 'everything'] as const]
      const starts = pathsIn(file, text).flatMap((target) =>
        target.startsWith(ours) ? [] : tree.at(target),
      )
      if (starts.length === 0) return []
      const key = starts.join('\0')
      const reads = shared.get(key) ?? reached(starts)
      shared.set(key, reads)
      return [[file, reads] as const]
    }),
  )
}

/** Whether Nix code that stands in the YAML reads what no path leads to. */
export const readsEverything = (code: readonly string[]): boolean =>
  code.some((each) => escapes.test(each) || stepsUp.test(each))

const ours = 'nixcluster/'

/** Paths in what we write: it has a form that we know, and there is much of it. */
function pathsIn(file: string, text: string): readonly string[] {
  const found = text.match(/(?<![\w./+-])\.\.?\/[\w./+-]+/g) ?? []
  return [...new Set(found)].flatMap((literal) => pathFromRoot(file, literal) ?? [])
}

function readsOfFile(path: string, text: string | undefined, tree: Tree): Reads {
  if (!path.endsWith('.nix')) {
    // A module needs no suffix, and its text is not known here.
    return tree.has(path) && !/[^/]\.[^/]*$/.test(path) ? 'everything' : []
  }
  if (text === undefined) return []
  const { mistake, relativePaths, searchPaths } = readNix(text)
  if (mistake !== undefined || searchPaths.length > 0) return 'everything'
  if (escapes.test(text) || stepsUp.test(text)) return 'everything'
  if (placeAsText.test(text) && readNix(text.replaceAll(modules, ' ')).relativePaths.length > 0)
    return 'everything'
  const found = new Set<string>()
  for (const { text: literal, end } of relativePaths) {
    const isBeginning = text.startsWith('${', end)
    const target = pathFromRoot(path, literal)
    if (target === undefined || `${target}/`.startsWith(ours)) return 'everything'
    const reached = isBeginning
      ? tree.from(literal.endsWith('/') ? `${target}/` : target)
      : tree.at(target)
    for (const each of reached) found.add(each)
  }
  return [...found]
}

interface Tree {
  has(path: string): boolean
  /** A file, or all files of a folder; the path itself where there is nothing. */
  at(path: string): readonly string[]
  /** All files whose paths begin so. */
  from(beginning: string): readonly string[]
}

function createTree(paths: readonly string[]): Tree {
  const files = new Set(paths)
  const from = (beginning: string): readonly string[] =>
    paths.filter((path) => path.startsWith(beginning))
  const folders = new Map<string, readonly string[]>()
  const below = (path: string): readonly string[] => {
    const found = folders.get(path) ?? from(path === '' ? '' : `${path}/`)
    folders.set(path, found)
    return found
  }
  return {
    has: (path) => files.has(path),
    at: (path) => (files.has(path) ? [path] : [path, ...below(path)]),
    from,
  }
}
