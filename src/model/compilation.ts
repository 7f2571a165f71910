import type { Diagnostic } from './diagnostic.ts'
import type { Inventory } from './inventory.ts'

/** What the compiler is given of a source commit or a folder. */
export interface SourceTree {
  /** YAML documents and `flake.lock`: path -> text. */
  readonly texts: ReadonlyMap<string, string>
  /** Every path of the tree, files only. */
  readonly paths: ReadonlySet<string>
}

/** Warnings always; an inventory and a rendered tree only when there is no error. */
export interface Compilation {
  readonly diagnostics: readonly Diagnostic[]
  readonly inventory?: Inventory
  readonly rendered?: RenderedTree
}

export interface RenderedTree {
  /** Generated files: path -> text; they come on top of the source tree. */
  readonly files: ReadonlyMap<string, string>
  /** machine -> the generated files (and nothing else that is generated) that its system depends on. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>
}
