/** A label in front of its parent's name; the root's name is empty. */
export function joinName(label: string, parent: string): string {
  return parent === '' ? label : `${label}.${parent}`
}

/** The name after its first label. */
export function parentName(name: string): string {
  const dot = name.indexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1)
}

/** Text that sorts names as people do: read from the right, numbers by their value. */
function sortKey(name: string): string {
  const labels = name.split('.').reverse().join('\u0000')
  return `${labels.replaceAll(/\d+/g, (digits) => digits.padStart(12, '0'))}\u0000\u0000${name}`
}

/** A copy in the natural order of names. */
export function sortByName<T>(items: Iterable<T>, nameOf: (item: T) => string): T[] {
  return [...items]
    .map((item) => ({ item, key: sortKey(nameOf(item)) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item)
}
