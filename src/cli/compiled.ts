import { compile } from '../compile/compile.ts'
import type { Compilation, RenderedTree, SourceTree } from '../model/compilation.ts'
import type { Inventory } from '../model/inventory.ts'
import type { CliContext } from './context.ts'
import { readFolder } from './folder.ts'
import { printDiagnostics } from './output.ts'

export interface Compiled extends Pick<Compilation, 'locate'> {
  readonly source: SourceTree
  readonly inventory: Inventory
  readonly rendered: RenderedTree
}

/** A folder that compiled; otherwise its errors are printed, the exit code is 1, and there is nothing. */
export async function readCompiled(
  folder: string,
  context: CliContext,
): Promise<Compiled | undefined> {
  const source = await readFolder(folder)
  const { diagnostics, inventory, rendered, locate } = compile(source)
  if (inventory && rendered) return { source, inventory, rendered, locate }
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  printDiagnostics(errors, source.texts, context, context.stderr)
  context.exit(1)
  return undefined
}
