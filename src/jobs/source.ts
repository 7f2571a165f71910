import { isConfiguration } from '../compile/configuration.ts'
import type { Compilation, Compile, SourceTree } from '../model/compilation.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Git, TreeEntry } from '../model/ports.ts'

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
  const { entries, texts, paths } = await readSourceTree(git, commit)
  const compilation = await compile({ texts, paths })
  return { entries, texts, compilation, mistakes: mistakesOf(compilation.diagnostics) }
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
  const wanted = entries.filter(({ path, mode }) => isConfiguration(path) && mode.startsWith('100'))
  const blobs = await git.readBlobs(wanted.map(({ id }) => id))
  const texts = new Map(wanted.map(({ path, id }) => [path, blobs.get(id) ?? '']))
  return { entries, texts, paths: new Set(entries.map(({ path }) => path)) }
}

/** Without a lock that fits, the wanted system would not be a function of the commit: no warning here. */
function mistakesOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics
    .filter(({ severity, code }) => severity === 'error' || code.startsWith('lock/'))
    .map((diagnostic) => ({ ...diagnostic, severity: 'error' }))
}
