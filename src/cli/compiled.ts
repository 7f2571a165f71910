import { compile } from '../compile/compile.ts'
import type { Compilation, RenderedTree, SourceTree } from '../model/compilation.ts'
import type { Inventory } from '../model/inventory.ts'
import type { CliContext } from './context.ts'
import { readFolder } from './folder.ts'
import { printErrors } from './output.ts'

export interface Compiled extends Pick<Compilation, 'locate'> {
  readonly source: SourceTree
  readonly inventory: Inventory
  /** The tree is rendered when it is asked for. */
  render(): RenderedTree
}

/** A folder that compiled; otherwise its errors are printed, the exit code is 1, and there is nothing. */
export async function readCompiled(
  folder: string,
  context: CliContext,
): Promise<Compiled | undefined> {
  const source = await readFolder(folder)
  const compilation = compile(source)
  const { diagnostics, inventory, locate } = compilation
  if (inventory) return { source, inventory, locate, render: () => compilation.rendered! }
  printErrors({ source, diagnostics }, context)
  return undefined
}
