import { type LockNode, readLock } from './lock.ts'

/** An input that two locks have in different states; absent where one of them does not have it. */
export interface LockMove {
  /** An input's input is named behind it: `disko/nixpkgs`. */
  readonly name: string
  readonly from?: LockedState
  readonly to?: LockedState
}

/** The state of an input: its revision, or the hash of its content where it has none. */
export interface LockedState {
  readonly revision: string
  /** Seconds since 1970. */
  readonly modified?: number
}

/** What is different in a lock, in order of the inputs' names. */
export function lockMoves(before: string | undefined, after: string): readonly LockMove[] {
  const from = statesIn(before)
  const to = statesIn(after)
  return [...new Set([...from.keys(), ...to.keys()])].sort().flatMap((name) => {
    const [old, now] = [from.get(name), to.get(name)]
    if (old?.revision === now?.revision) return []
    return [{ name, ...(old && { from: old }), ...(now && { to: now }) }]
  })
}

/** Every input that is locked itself, by the path that leads to it; what follows another one is not. */
function statesIn(text: string | undefined): ReadonlyMap<string, LockedState> {
  const states = new Map<string, LockedState>()
  const lock = text === undefined ? undefined : readLock(text)
  if (!lock) return states
  const visit = (node: LockNode, path: readonly string[]): void => {
    const { rev, narHash, lastModified, path: folder } = node.locked ?? {}
    const revision = rev ?? narHash ?? folder
    if (path.length > 0 && typeof revision === 'string')
      states.set(path.join('/'), {
        revision,
        ...(typeof lastModified === 'number' ? { modified: lastModified } : {}),
      })
    // Deeper than any flake, should somebody's lock go round.
    if (path.length > 20) return
    for (const [name, key] of Object.entries(node.inputs ?? {})) {
      const next = typeof key === 'string' ? lock.nodes[key] : undefined
      if (next) visit(next, [...path, name])
    }
  }
  visit(lock.root, [])
  return states
}
