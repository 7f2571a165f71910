import { isConfiguration } from '../compile/configuration.ts'
import { isPointer } from '../compile/oddities.ts'
import { pathFromRoot } from '../compile/path-from-root.ts'
import type { Compilation, Compile, Oddity, SourceTree } from '../model/compilation.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { TooLargeError } from '../model/errors.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Git, TreeEntry } from '../model/ports.ts'
import { projectFile } from '../schema/decode.ts'

/** A commit or tree, read and compiled. */
export interface CompiledSource {
  readonly entries: readonly TreeEntry[]
  readonly texts: ReadonlyMap<string, string>
  readonly compilation: Compilation
  /** What keeps it from being planned and deployed; an empty list where nothing does. */
  readonly mistakes: readonly Diagnostic[]
}

/** Compiles a commit or tree; the last few are kept. */
export type Source = (commit: string) => Promise<CompiledSource>

const kept = 8

/** Reads source trees from one repository; throws GitError. */
export function createSource(git: Git, compile: Compile): Source {
  // By tree: the merge of a planned proposal is compiled already.
  const cache = new Map<string, Promise<CompiledSource>>()
  return async (commit) => {
    const tree = await git.treeOf(commit)
    const known = cache.get(tree)
    if (known !== undefined) return known
    const reading = readSource(git, compile, tree)
    cache.set(tree, reading)
    reading.catch(() => cache.delete(tree))
    if (cache.size > kept) cache.delete([...cache.keys()][0]!)
    return reading
  }
}

/** The fleet of a source commit; undefined where none is wanted or it no longer compiles. */
export async function inventoryOf(
  { source }: { readonly source: Source },
  commit: string | undefined,
): Promise<Inventory | undefined> {
  if (commit === undefined) return undefined
  return (await source(commit)).compilation.inventory
}

async function readSource(git: Git, compile: Compile, commit: string): Promise<CompiledSource> {
  try {
    const { entries, ...tree } = await readSourceTree(git, commit)
    const compilation = await compile(tree)
    return {
      entries,
      texts: tree.texts,
      compilation,
      mistakes: mistakesOf(compilation.diagnostics),
    }
  } catch (error) {
    if (!(error instanceof TooLargeError)) throw error
    return tooLarge(error.message)
  }
}

/** What nobody reads to its end is a mistake of whoever made it, and no failure of ours. */
function tooLarge(message: string): CompiledSource {
  const nowhere = { line: 1, column: 1, endLine: 1, endColumn: 1 }
  const diagnostic: Diagnostic = {
    ...{ severity: 'error', code: 'compile/too-large', message, file: projectFile, ...nowhere },
    hint: 'keep what is no configuration in another repository',
  }
  const compilation: Compilation = {
    diagnostics: [diagnostic],
    lock: 'missing',
    counts: { files: 0, machines: 0, services: 0 },
    locate: () => nowhere,
  }
  return { entries: [], texts: new Map(), compilation, mistakes: [diagnostic] }
}

/** A commit or tree as the compiler takes it; of a folder of it where there is a prefix, `fleet/`. */
export async function readSourceTree(
  git: Git,
  commit: string,
  prefix = '',
): Promise<SourceTree & { readonly entries: readonly TreeEntry[] }> {
  const entries = (await git.readTree(commit))
    .filter(({ path }) => path.startsWith(prefix))
    .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }))
  const { oddities, leadsTo } = await lookAtLinks(git, entries)
  const wanted = entries.flatMap((entry) => {
    if (!isConfiguration(entry.path)) return []
    const file = leadsTo.get(entry.path) ?? entry
    return file.mode.startsWith('100') ? [{ path: entry.path, id: file.id }] : []
  })
  const blobs = await git.readBlobs(wanted.map(({ id }) => id))
  const texts = new Map(wanted.map(({ path, id }) => [path, blobs.get(id) ?? '']))
  for (const path of await findPointers(git, entries)) oddities.set(path, 'pointer')
  return { entries, texts, paths: new Set(entries.map(({ path }) => path)), oddities }
}

/** Submodules, links that lead out of the tree or nowhere, and the files that the others lead to. */
async function lookAtLinks(git: Git, entries: readonly TreeEntry[]) {
  const oddities = new Map<string, Oddity>()
  const leadsTo = new Map<string, TreeEntry>()
  const byPath = new Map<string, TreeEntry>()
  const links: TreeEntry[] = []
  const folders = new Set([''])
  for (const entry of entries) {
    byPath.set(entry.path, entry)
    if (entry.mode === '160000') oddities.set(entry.path, 'submodule')
    if (entry.mode === '120000') links.push(entry)
  }
  if (links.length === 0) return { oddities, leadsTo }
  for (const { path } of entries) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      folders.add(path.slice(0, end))
  }
  const targets = await git.readBlobs(links.map(({ id }) => id))
  for (const link of links) {
    let at: TreeEntry | undefined = link
    let path: string | undefined = link.path
    for (let hops = 0; at?.mode === '120000' && hops < 10; hops++) {
      path = pathFromRoot(at.path, targets.get(at.id) ?? '')
      at = path === undefined ? undefined : byPath.get(path)
    }
    if (path === undefined) oddities.set(link.path, 'link-outside')
    else if (at === undefined ? !folders.has(path) : at.mode === '120000')
      oddities.set(link.path, 'link-nowhere')
    else if (at !== undefined) leadsTo.set(link.path, at)
  }
  return { oddities, leadsTo }
}

/** A stand-in of Git LFS is shorter, in bytes. */
const longestPointer = 1024

/** Files that git attributes give to LFS and that are its stand-ins; texts show by themselves. */
async function findPointers(git: Git, entries: readonly TreeEntry[]): Promise<readonly string[]> {
  const isAttributes = ({ path, mode }: TreeEntry): boolean =>
    mode.startsWith('100') && (path === '.gitattributes' || path.endsWith('/.gitattributes'))
  const attributes = entries.filter(isAttributes)
  if (attributes.length === 0) return []
  const texts = await git.readBlobs(attributes.map(({ id }) => id))
  if (![...texts.values()].some((text) => /\bfilter=lfs\b/.test(text))) return []
  const others = entries.filter(
    ({ path, mode }) => mode.startsWith('100') && !isConfiguration(path),
  )
  const sizes = await git.sizesOf(others.map(({ id }) => id))
  const small = others.filter(({ id }) => (sizes.get(id) ?? Infinity) < longestPointer)
  const blobs = await git.readBlobs(small.map(({ id }) => id))
  return small.filter(({ id }) => isPointer(blobs.get(id))).map(({ path }) => path)
}

/** Without a lock that fits, the wanted system would not be a function of the commit: no warning here. */
function mistakesOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics
    .filter(({ severity, code }) => severity === 'error' || code.startsWith('lock/'))
    .map((diagnostic) => ({ ...diagnostic, severity: 'error' }))
}
