import type { RenderedTree } from '../model/compilation.ts'
import type { BuiltSystem, MachineRecord } from '../model/ledger.ts'
import type { TreeEntry } from '../model/ports.ts'

/** Everything that the machines' systems can depend on. */
export interface FingerprintInput {
  readonly rendered: Pick<RenderedTree, 'files' | 'dependencies' | 'groups' | 'common'>
  /** Text of `flake.lock`. */
  readonly lock: string
  /** Every file of the source tree. */
  readonly sources: readonly TreeEntry[]
  /** Generated file -> paths of the source tree that its Nix can read; those that are left out read none. */
  readonly reads: ReadonlyMap<string, readonly string[] | 'everything'> | 'everything'
  readonly nixVersion: string
}

/**
 * machine -> hash of everything that its system can depend on, sound before narrow. What machines share is
 * hashed once.
 */
export function fingerprintMachines(
  { rendered, lock, sources, reads, nixVersion }: FingerprintInput,
  hash: (text: string) => string,
): ReadonlyMap<string, string> {
  const entries = sources.map(({ path, mode, id }) => [path, `${mode} ${id}`] as const)
  const contents = new Map(entries)
  let whole: string | undefined
  const everything = (): string => (whole ??= hash(JSON.stringify(entries.toSorted(byFirst))))
  const all = reads === 'everything' ? everything() : ''
  const common = hash(
    JSON.stringify(['nixcluster fingerprint 3', nixVersion, rendered.common, lock, all]),
  )
  const readBy = (path: string): unknown => {
    const found = reads === 'everything' ? undefined : reads.get(path)
    if (found === undefined) return ''
    if (found === 'everything') return everything()
    return hash(JSON.stringify(found.map((each) => [each, contents.get(each) ?? ''])))
  }
  const digests = new Map<string, string>()
  const digestOf = (path: string): string => {
    const known =
      digests.get(path) ?? hash(JSON.stringify([rendered.files.get(path) ?? '', readBy(path)]))
    digests.set(path, known)
    return known
  }
  const withDigests = (paths: readonly string[]) =>
    paths.map((path) => [path, digestOf(path)] as const).sort(byFirst)
  const groups = new Map(
    [...rendered.groups].map(([name, paths]) => [name, hash(JSON.stringify(withDigests(paths)))]),
  )
  return new Map(
    [...rendered.dependencies].map(([machine, own]) => {
      const shared = own.groups.map((name) => [name, groups.get(name)!] as const).sort(byFirst)
      return [machine, hash(JSON.stringify([common, machine, withDigests(own.files), shared]))]
    }),
  )
}

const byFirst = (
  [a]: readonly [string, ...unknown[]],
  [b]: readonly [string, ...unknown[]],
): number => (a < b ? -1 : a > b ? 1 : 0)

/** The system that was built for this machine from the same inputs, if it is remembered. */
export function recall(
  record: MachineRecord | undefined,
  fingerprint: string,
): BuiltSystem | undefined {
  const found = record?.history.find((built) => built.fingerprint === fingerprint)
  if (found === undefined) return undefined
  // Without its commit: what is recalled is written down as wanted, where that has no place.
  const { path, drv, system } = found
  return { path, drv, system, fingerprint }
}
