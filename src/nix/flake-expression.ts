import { isOwnFolder, lockedInputs } from '../schema/lock-inputs.ts'
import { readLock, type LockNode } from '../schema/lock.ts'
import { storeOnly } from './cage.ts'

/** What `nix flake prefetch --json` says of the tree that is evaluated. */
export interface FetchedTree {
  readonly storePath: string
  /** Of its content, as `narHash` has it. */
  readonly hash: string
  /** Nix from 2.20. */
  readonly locked?: Readonly<Record<string, unknown>>
}

/** A flake by its own reference, as `nix build` takes it. */
export const byReference = (flake: string): string => `builtins.getFlake ${nixText(flake)}`

/**
 * The same flake made of paths that are in the store, without `getFlake` and `fetchTree`: what a lock
 * means is written out, as Nix does it. Everything is there already, so that nothing is fetched.
 */
export function byStorePaths(tree: FetchedTree, lock: string | undefined): string {
  const read = lock === undefined ? undefined : readLock(lock)
  const nodes = new Map<string, LockNode>(lockedInputs(lock).map(({ key, node }) => [key, node]))
  const keys = [...nodes.keys()]
  const keyAt = (path: readonly string[], node = read?.root): string | undefined => {
    const [name, ...rest] = path
    const target = name === undefined ? undefined : node?.inputs?.[name]
    const key = typeof target === 'string' ? target : target && keyAt(target)
    if (rest.length === 0 || key === undefined) return key
    return keyAt(rest, nodes.get(key))
  }
  const inputsOf = (node: LockNode | undefined): string =>
    Object.entries(node?.inputs ?? {})
      .flatMap(([name, target]) => {
        const key = typeof target === 'string' ? target : keyAt(target)
        return key === undefined ? [] : [`${nixText(name)} = nodes.${nixText(key)};`]
      })
      .join(' ')
  const parentOf = ({ parent }: LockNode & { readonly parent?: readonly string[] }): string => {
    const key = parent === undefined || parent.length === 0 ? undefined : keyAt(parent)
    return key === undefined ? 'root' : `nodes.${nixText(key)}`
  }
  const sourceOf = (node: LockNode): string =>
    isOwnFolder(node)
      ? `(let parent = ${parentOf(node)}; in parent.sourceInfo // { outPath = parent.outPath + ${nixText(`/${normal(String(node.locked?.['path']))}`)}; })`
      : source(node.locked ?? {})
  const made = keys.map((key) => {
    const node = nodes.get(key)! as LockNode & { readonly flake?: boolean }
    const dir = typeof node.locked?.['dir'] === 'string' ? node.locked['dir'] : ''
    return `${nixText(key)} = ${node.flake === false ? 'plain' : 'flake'} ${sourceOf(node)} ${nixText(dir)} { ${inputsOf(node)} };`
  })
  return `let
  plain = sourceInfo: dir: inputs: sourceInfo // { inherit sourceInfo; outPath = placed sourceInfo dir; };
  placed = sourceInfo: dir: sourceInfo + (if dir == "" then "" else "/" + dir);
  flake = sourceInfo: dir: inputs:
    let
      outPath = placed sourceInfo dir;
      outputs = (import (outPath + "/flake.nix")).outputs (inputs // { self = result; });
      result = outputs // sourceInfo // {
        inherit outPath inputs outputs sourceInfo;
        _type = "flake";
      };
    in
    result;
  nodes = {
    ${made.join('\n    ')}
  };
  root = flake ${source({ ...tree.locked, narHash: tree.hash })} "" { ${inputsOf(read?.root)} };
in
root`
}

/** What Nix says of a source beside its path, made from what the lock says of it. */
function source(locked: Readonly<Record<string, unknown>>): string {
  const { narHash, rev, revCount, lastModified, type } = locked
  const attributes = [
    ...(typeof narHash === 'string' ? [`narHash = ${nixText(narHash)};`] : []),
    ...(typeof rev === 'string'
      ? [`rev = ${nixText(rev)};`, `shortRev = ${nixText(rev.slice(0, 7))};`]
      : []),
    ...(typeof revCount === 'number' ? [`revCount = ${Math.trunc(revCount)};`] : []),
    ...(typeof lastModified === 'number'
      ? [
          `lastModified = ${Math.trunc(lastModified)};`,
          `lastModifiedDate = ${nixText(dateText(lastModified))};`,
        ]
      : []),
    ...(type === 'git' ? [`submodules = ${String(locked['submodules'] === true)};`] : []),
  ]
  // A path of this hash that is in the store already is not asked for anywhere.
  const fetched = `builtins.fetchTarball { name = "source"; url = ${nixText(`${storeOnly}source.tar`)}; sha256 = ${nixText(String(narHash))}; }`
  return `({ outPath = ${fetched}; ${attributes.join(' ')} })`
}

/** `20251123150000` */
const dateText = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14)

const normal = (path: string): string =>
  path
    .split('/')
    .filter((step) => step !== '' && step !== '.')
    .join('/')

/** Text as Nix reads it. */
export const nixText = (text: string): string => `"${text.replaceAll(/["\\$]/g, '\\$&')}"`
