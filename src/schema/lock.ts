import type { Code, Complaint, Position } from '../model/diagnostic.ts'
import type { FlakeInput } from '../model/inventory.ts'

type LockState = 'ok' | 'missing' | 'stale'

/** What a lock says of an input: an input of it is a node by key, or follows another one by path. */
export interface LockNode {
  readonly inputs?: Readonly<Record<string, string | readonly string[]>>
  readonly locked?: Readonly<Record<string, unknown>>
  readonly original?: Readonly<Record<string, unknown>>
}

/** The path of the lock in a repository. */
export const lockFile = 'flake.lock'
const commit = 'and commit flake.lock'
const hint = `run nixcluster update, ${commit}`

/** Whether a `flake.lock` fits the inputs, as far as that is seen without Nix. */
export function checkLock(
  text: string | undefined,
  inputs: readonly FlakeInput[],
  placeOf: (input: string) => Position | undefined,
): { state: LockState; complaints: readonly Complaint[] } {
  const whole: Position = { file: lockFile, document: 0, path: [] }
  const warning = (code: Code, message: string, at: Position, input?: string): Complaint => ({
    severity: 'warning',
    code,
    message,
    at,
    hint: input === undefined ? hint : `run nixcluster update ${input}, ${commit}`,
  })
  if (text === undefined)
    return {
      state: 'missing',
      complaints: [warning('lock/missing', 'there is no flake.lock', whole)],
    }
  const lock = readLock(text)
  if (!lock)
    return {
      state: 'stale',
      complaints: [warning('lock/stale', 'flake.lock cannot be read', whole)],
    }
  const complaints = inputs.flatMap((input) => {
    const problem = staleness(input, lock)
    if (problem === undefined) return []
    return [warning('lock/stale', problem, placeOf(input.name) ?? whole, input.name)]
  })
  return { state: complaints.length > 0 ? 'stale' : 'ok', complaints }
}

/** The nodes of a lock; undefined where it cannot be read. */
export function readLock(
  text: string,
): { root: LockNode; nodes: Readonly<Record<string, LockNode>> } | undefined {
  try {
    const lock = JSON.parse(text) as { root?: string; nodes?: Record<string, LockNode> } | null
    const root = lock?.nodes?.[lock.root ?? 'root']
    return lock?.nodes && root ? { root, nodes: lock.nodes } : undefined
  } catch {
    // Whatever is wrong with the JSON, `update` writes it anew.
    return undefined
  }
}

function staleness(
  { name, url, follows, more = [] }: FlakeInput,
  { root, nodes }: { root: LockNode; nodes: Readonly<Record<string, LockNode>> },
): string | undefined {
  const key = root.inputs?.[name]
  if (Array.isArray(key) && more.some(([path]) => path.join('.') === 'follows')) return undefined
  const node = typeof key === 'string' ? nodes[key] : undefined
  if (!node) return `flake.lock does not have the input '${name}'`
  const wanted = originalOf(url)
  const differs = Object.entries(wanted ?? {}).some(
    ([attribute, value]) => value !== node.original?.[attribute],
  )
  if (differs) return `flake.lock has the input '${name}' from elsewhere than ${url}`
  const own = Object.entries(node.inputs ?? {})
  const unfollowed = own.find(
    ([inner, target]) => follows[inner] !== undefined && typeof target === 'string',
  )
  return unfollowed
    ? `flake.lock has another '${unfollowed[0]}' for the input '${name}' than it is to follow`
    : undefined
}

/** What Nix writes as `original` for the commonest references; undefined where that is not evident. */
function originalOf(url: string): Readonly<Record<string, string | undefined>> | undefined {
  // What is no text when it is decoded, Nix takes in ways of its own.
  if (/%(?![0-9A-Fa-f]{2})/.test(url)) return undefined
  const [bare = '', query] = url.split('?')
  const forge = /^(github|gitlab|sourcehut):([^/]+)\/([^/]+)(?:\/(.+))?$/.exec(bare)
  if (forge && query === undefined) {
    const [, type, owner, repo, branch] = forge
    const isCommit = /^[0-9a-f]{40}$/.test(branch ?? '')
    return {
      type: type!,
      owner: decode(owner!),
      repo: decode(repo!),
      ref: isCommit ? undefined : branch,
      rev: isCommit ? branch : undefined,
    }
  }
  if (bare.startsWith('path:') && query === undefined)
    return { type: 'path', path: decode(bare.slice('path:'.length)) }
  return undefined
}

/** Bytes that are no UTF-8 stay as they are written: Nix' lock has no other way to say them either. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
