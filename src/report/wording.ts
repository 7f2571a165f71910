/** `1 machine`, `3 machines` */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

/** `vm0`, `vm0 and vm1`, `vm0, vm1, vm2 and 37 more` */
export function list(names: readonly string[], max = 6): string {
  if (names.length > max) {
    return `${names.slice(0, max - 1).join(', ')} and ${names.length - max + 1} more`
  }
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** `vm0, vm1`, `vm0, vm1, vm2 and 37 more`: for columns, where no sentence is read. */
export const commaList = (names: readonly string[], max: number): string =>
  names.length > max ? list(names, max) : names.join(', ')

/** `380 ms`, `2.4 s`, `14 s`, `3 min` */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`
}

/** `+31 MiB`; empty below 8 KiB, which no person wants to hear of. */
export function sizeChange(bytes: number): string {
  const amount = Math.abs(bytes)
  if (amount < 8 * 1024) return ''
  const sign = bytes < 0 ? '-' : '+'
  const units = ['KiB', 'MiB', 'GiB']
  const power = Math.min(Math.floor(Math.log2(amount) / 10), 3)
  const value = amount / 1024 ** Math.max(power, 1)
  return `${sign}${value < 9.95 && power > 1 ? value.toFixed(1) : Math.round(value)} ${units[Math.max(power, 1) - 1]}`
}

/** `512 bytes`, `1.4 KiB`, `31 MiB` */
export function byteSize(bytes: number): string {
  if (bytes < 1024) return count(bytes, 'byte')
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 3)
  const value = bytes / 1024 ** power
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${['KiB', 'MiB', 'GiB'][power - 1]}`
}

/** `3f2c1a9` */
export const shortCommit = (commit: string): string => commit.slice(0, 7)

/** `a3f…`, the part of a store path that people compare; `nothing` for none. */
export const shortSystem = (path: string): string =>
  path === '' ? 'nothing' : `${path.replace('/nix/store/', '').slice(0, 3)}…`

/**
 * Gives names as short as they are clear among all: `vm0` for `vm0.example.com` where no other
 * machine is called so.
 */
export function shortNames(all: readonly string[]): (name: string) => string {
  const label = (name: string): string => name.split('.')[0] ?? name
  const uses = new Map<string, number>()
  for (const name of new Set(all)) uses.set(label(name), (uses.get(label(name)) ?? 0) + 1)
  return (name) => ((uses.get(label(name)) ?? 0) > 1 ? name : label(name))
}

/** `web1`, or `web1` to `web48`: names that differ by a number that goes up by one. */
export interface NameRange {
  readonly first: string
  readonly last: string
  readonly size: number
}

/** Names with those that follow each other put together, from three on; none is left out between. */
export function nameRanges(names: readonly string[]): readonly NameRange[] {
  const ranges: { first: string; last: string; names: string[] }[] = []
  for (const name of names) {
    const range = ranges.at(-1)
    if (range !== undefined && follows(range.last, name)) {
      range.last = name
      range.names.push(name)
    } else {
      ranges.push({ first: name, last: name, names: [name] })
    }
  }
  return ranges.flatMap(({ first, last, names: all }) =>
    all.length > 2
      ? [{ first, last, size: all.length }]
      : all.map((name) => ({ first: name, last: name, size: 1 })),
  )
}

function follows(before: string, name: string): boolean {
  const [, start, digits, rest] =
    /^((?:[^.]*[^.\d])?)(\d{1,9})([^.\d]*(?:\..*)?)$/.exec(before) ?? []
  if (digits === undefined) return false
  const next = String(Number(digits) + 1).padStart(digits.length, '0')
  return name === `${start}${next}${rest}`
}
