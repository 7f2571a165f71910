import type { Tree } from './tree.ts'

/** Whether two trees say the same, in the same order; keys that are left out are not looked at, nor below. */
export function isSameTree(
  one: Tree | undefined,
  other: Tree | undefined,
  without: ReadonlySet<string> = none,
): boolean {
  if (one === undefined || other === undefined) return one === other
  if (one.kind !== other.kind || one.tag !== other.tag) return false
  switch (one.kind) {
    case 'scalar': {
      const { source, plain, value } = other as typeof one
      return one.source === source && one.plain === plain && Object.is(one.value, value)
    }
    case 'list': {
      const { items } = other as typeof one
      return (
        one.items.length === items.length &&
        one.items.every((item, index) => isSameTree(item, items[index]))
      )
    }
    case 'map': {
      const kept = [one, other as typeof one].map(({ entries }) =>
        without.size === 0 ? [...entries] : [...entries].filter(([key]) => !without.has(key)),
      )
      const [mine = [], theirs = []] = kept
      return (
        mine.length === theirs.length &&
        mine.every(([key, { quoted, value }], index) => {
          const [name, entry] = theirs[index]!
          return key === name && quoted === entry.quoted && isSameTree(value, entry.value)
        })
      )
    }
  }
}

const none: ReadonlySet<string> = new Set()
