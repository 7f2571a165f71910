import { realpath } from 'node:fs/promises'
import { isYaml } from '../compile/configuration.ts'
import { compile, compileAndRemember } from '../compile/compile.ts'
import { recompile } from '../compile/recompile.ts'
import type { Compilation, RenderedTree, SourceTree } from '../model/compilation.ts'
import { readCache, writeCache } from './compile-cache.ts'
import type { CliContext } from './context.ts'
import { readFolder } from './folder.ts'

/** What validating and rendering a folder takes. */
export interface CompiledFolder extends Pick<Compilation, 'diagnostics' | 'counts'> {
  readonly source: SourceTree
  /** The generated files; undefined where there are errors. */
  rendered(): Pick<RenderedTree, 'files'> | undefined
  /** Leaves what the next run may start from; for when everything is said. */
  leave(): void
}

/** Characters of YAML from which on it pays: some 400 machines. */
const worthwhile = 200_000

/** Compiles a folder; only what is not as the run before saw it where that, in `context.cache`, is enough. */
export async function compileFolder(
  folder: string,
  { needs, cache: isWanted }: { readonly needs: 'diagnostics' | 'files'; readonly cache: boolean },
  { cache }: Pick<CliContext, 'cache'>,
): Promise<CompiledFolder> {
  const root = await realpath(folder)
  const source = await readFolder(root)
  if (!cache || !isWanted || lengthOf(source) < worthwhile)
    return { source, ...whole(compile(source)), leave: () => undefined }
  const left = readCache(cache, root)
  const again = left && recompile(source, left)
  const files = again && (needs === 'files' ? left.files() : none)
  if (again && files) {
    const { diagnostics, counts } = again
    const rendered = () => ({ files: new Map([...files, ...again.renderChanged()]) })
    return { source, diagnostics, counts, rendered, leave: () => undefined }
  }
  const { compilation, memory } = compileAndRemember(source)
  return {
    source,
    ...whole(compilation),
    leave() {
      const made = needs === 'files' ? compilation.rendered?.files : undefined
      if (memory) writeCache(cache, root, source, memory, made)
    },
  }
}

const none: ReadonlyMap<string, string> = new Map()

function whole(compilation: Compilation): Omit<CompiledFolder, 'source' | 'leave'> {
  const { diagnostics, counts } = compilation
  return { diagnostics, counts, rendered: () => compilation.rendered }
}

function lengthOf({ texts }: SourceTree): number {
  let length = 0
  for (const [path, text] of texts) if (isYaml(path)) length += text.length
  return length
}
