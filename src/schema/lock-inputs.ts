import { type LockNode, readLock } from './lock.ts'

/** An input as a lock has it, itself and not as one that follows another. */
export interface LockedInput {
  /** Of the node in the lock. */
  readonly key: string
  /** An input's input is named behind it: `disko/nixpkgs`. */
  readonly name: string
  readonly node: LockNode
}

/** Every input that is locked itself, by the path that leads to it first. */
export function lockedInputs(text: string | undefined): readonly LockedInput[] {
  const lock = text === undefined ? undefined : readLock(text)
  if (!lock) return []
  const found = new Map<string, LockedInput>()
  const waiting: { readonly node: LockNode; readonly path: readonly string[] }[] = [
    { node: lock.root, path: [] },
  ]
  for (const { node, path } of waiting) {
    for (const [name, key] of Object.entries(node.inputs ?? {})) {
      const next =
        typeof key === 'string' && Object.hasOwn(lock.nodes, key) ? lock.nodes[key] : undefined
      if (typeof key !== 'string' || next === undefined || found.has(key)) continue
      found.set(key, { key, name: [...path, name].join('/'), node: next })
      waiting.push({ node: next, path: [...path, name] })
    }
  }
  return [...found.values()]
}

/**
 * The inputs of a lock that come from where none of another lock does, each with its place; another
 * revision of the same place is nothing new.
 */
export function foreignInputs(
  lock: string | undefined,
  known: string | undefined,
): readonly { readonly name: string; readonly from: string }[] {
  const places = new Set(lockedInputs(known).map(({ node }) => placeOf(node)))
  return lockedInputs(lock).flatMap(({ name, node }) => {
    const from = placeOf(node)
    return isOwnFolder(node) || places.has(from) ? [] : [{ name, from }]
  })
}

/** A folder of the repository itself, which is committed and not fetched. */
export const isOwnFolder = ({ locked }: LockNode): boolean =>
  locked?.['type'] === 'path' &&
  typeof locked['path'] === 'string' &&
  !locked['path'].startsWith('/') &&
  !locked['path'].split('/').includes('..')

/** What tells which content it is of all that a place has. */
const contents = new Set(['rev', 'revCount', 'narHash', 'lastModified', 'lastModifiedDate', 'ref'])

/** `github:NixOS/nixpkgs`, `git+https://git.example.com/a.git`; all that a fetcher is told counts. */
function placeOf({ locked = {} }: LockNode): string {
  const { type, owner, repo, host, url, path, ...rest } = locked
  const others = Object.entries(rest).filter(([key]) => !contents.has(key) && key !== 'dir')
  const place = typeof owner === 'string' ? `${owner}/${String(repo)}` : String(url ?? path ?? '')
  const more = [...(host === undefined ? [] : [['host', host] as const]), ...others]
    .map(([key, value]) => `${key}=${String(value)}`)
    .sort()
  return `${String(type)}:${place}${more.length === 0 ? '' : `?${more.join('&')}`}`
}
