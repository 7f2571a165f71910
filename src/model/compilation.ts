import type { Diagnostic, Position } from './diagnostic.ts'
import type { Inventory } from './inventory.ts'

/** What the compiler is given of a source commit or a folder. */
export interface SourceTree {
  /** YAML documents, Nix files and `flake.lock`: path -> text. */
  readonly texts: ReadonlyMap<string, string>
  /** Every path of the tree, files only. */
  readonly paths: ReadonlySet<string>
  /** Those of them that are not the file that they look like, as far as no text shows it. */
  readonly oddities?: ReadonlyMap<string, Oddity>
}

/** A repository in the repository, a stand-in of Git LFS, a link out of the tree, or to nothing. */
export type Oddity = 'submodule' | 'pointer' | 'link-outside' | 'link-nowhere'

/** Warnings always; an inventory and a rendered tree only when there is no error. */
export interface Compilation {
  readonly diagnostics: readonly Diagnostic[]
  readonly inventory?: Inventory
  readonly rendered?: RenderedTree
  /** Of `flake.lock`; what is not `ok` is a warning here, and an error to plan and deploy. */
  readonly lock: 'ok' | 'missing' | 'stale'
  /** What was read, whether or not there are errors. */
  readonly counts: { readonly files: number; readonly machines: number; readonly services: number }
  /** Line and column of a position of this compilation, counted from 1. */
  locate(position: Position): Pick<Diagnostic, 'line' | 'column' | 'endLine' | 'endColumn'>
}

export interface RenderedTree {
  /** Generated files: path -> text; they come on top of the source tree. */
  readonly files: ReadonlyMap<string, string>
  /** machine -> the generated files (and nothing else that is generated) that its system depends on. */
  readonly dependencies: ReadonlyMap<string, Dependencies>
  /** group -> generated files that several machines depend on, such as a service's with all its hosts'. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  /** What every system depends on besides: the inputs and the renderer's generation, as text. */
  readonly common: string
  /** Every `!nix` expression, and every path to configuration: by these, Nix may read YAML of ours. */
  readonly code: readonly string[]
}

/** Generated files: a machine's own by path, those that it shares by the names of their groups. */
export interface Dependencies {
  readonly files: readonly string[]
  readonly groups: readonly string[]
}

/** Compiles a source tree, perhaps in another thread. */
export type Compile = (source: SourceTree) => Promise<Compilation>
