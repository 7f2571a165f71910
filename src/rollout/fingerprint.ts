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
  /** Whether a path is YAML that only we read; by default `nixcluster.yaml` and what lies in `clusters/`. */
  readonly configuration?: (path: string) => boolean
  /** Whether any Nix file might read a file as text or a folder as a whole: then the configuration counts too. */
  readonly nixReadsYaml: boolean
  readonly nixVersion: string
}

/**
 * machine -> hash of everything that its system can depend on. Sound before narrow: every file of the
 * tree counts, but for the configuration where no Nix can see it. What machines share is hashed once.
 */
export function fingerprintMachines(
  input: FingerprintInput,
  hash: (text: string) => string,
): ReadonlyMap<string, string> {
  const { rendered, configuration = isConfiguration, nixReadsYaml } = input
  const sources = input.sources.filter(({ path }) => nixReadsYaml || !configuration(path))
  const common = hash(
    JSON.stringify([
      'nixcluster fingerprint 2',
      input.nixVersion,
      rendered.common,
      input.lock,
      sources.map(({ path, mode, id }) => [path, mode, id] as const).sort(byFirst),
    ]),
  )
  const digests = new Map<string, string>()
  const digestOf = (path: string): string => {
    const known = digests.get(path) ?? hash(rendered.files.get(path) ?? '')
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

const isConfiguration = (path: string): boolean =>
  path === 'nixcluster.yaml' || /^clusters\/.*\.ya?ml$/.test(path)

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
