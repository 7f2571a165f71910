import type { NixWord } from './nix-words.ts'

/** Names as an expression uses and defines them, while it is read. */
export interface NixNames {
  /** What nothing around it defines. */
  readonly free: readonly NixWord[]
  use(name: NixWord): void
  /** `inherit x` inside of what defines `x`: the one from around it is meant. */
  useOutside(name: NixWord): void
  /** Reads what sees the names that it gives in the end. */
  define(read: () => Iterable<string>): void
  /** Reads what may get any name from a set. */
  forgive(read: () => void): void
}

/** Begins without any name. */
export function createNames(): NixNames {
  const used: { readonly name: NixWord; readonly level: number }[] = []
  let level = 0
  return {
    get free() {
      return used.map(({ name }) => name)
    },
    use: (name) => void used.push({ name, level }),
    useOutside: (name) => void used.push({ name, level: level - 1 }),
    define: (read) => {
      const from = used.length
      level++
      const defined = new Set(read())
      const free = used
        .slice(from)
        .filter((use) => use.level < level || !defined.has(use.name.text))
      level--
      used.length = from
      for (const use of free) used.push(use)
    },
    forgive: (read) => {
      const from = used.length
      read()
      used.length = from
    },
  }
}
