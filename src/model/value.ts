import type { Position } from './diagnostic.ts'

/** A value of YAML on its way to Nix, every selector in it already resolved. */
export type Value =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** Digits as Nix reads them. */
  | { readonly kind: 'integer'; readonly text: string }
  | { readonly kind: 'float'; readonly text: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Value])[] }
  /** `!nix`: an expression, taken as it is. */
  | { readonly kind: 'nix'; readonly code: string; readonly at: Position }
  /** `!path`: a file of the repository, from its root, without a leading slash. */
  | { readonly kind: 'path'; readonly path: string }
  /** `!read`: the text of a file of the repository, without its last line break. */
  | { readonly kind: 'read'; readonly path: string }
  /** `!host`: what a definition sees of a host, by its full name and its cluster's. */
  | { readonly kind: 'host'; readonly name: string; readonly cluster: string }
  /** `!force`: the same value with the priority of its level's force. */
  | { readonly kind: 'force'; readonly value: Value }
