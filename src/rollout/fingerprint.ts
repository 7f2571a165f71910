import type { BuiltSystem, MachineRecord } from '../model/ledger.ts'
import type { TreeEntry } from '../model/ports.ts'

/** Everything that a machine's system can depend on. */
export interface FingerprintInput {
  readonly machine: string
  /** The generated files that it depends on: path and text. */
  readonly dependencies: readonly (readonly [path: string, text: string])[]
  /** What all machines share of the generated tree: `flake.nix` and `nixcluster/lib`, as text or digest. */
  readonly common: string
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
 * Canonical text of everything that a machine's system can depend on; the caller hashes it. Sound before
 * narrow: every file of the tree counts, but for the configuration where no Nix can see it.
 */
export function fingerprintText(input: FingerprintInput): string {
  const { configuration = isConfiguration, nixReadsYaml } = input
  const sources = input.sources.filter(({ path }) => nixReadsYaml || !configuration(path))
  return JSON.stringify([
    'nixcluster fingerprint 1',
    input.machine,
    input.nixVersion,
    input.common,
    input.lock,
    [...input.dependencies].sort(byPath),
    sources.map(({ path, mode, id }) => [path, mode, id] as const).sort(byPath),
  ])
}

const isConfiguration = (path: string): boolean =>
  path === 'nixcluster.yaml' || /^clusters\/.*\.ya?ml$/.test(path)

const byPath = (
  [a]: readonly [string, ...unknown[]],
  [b]: readonly [string, ...unknown[]],
): number => (a < b ? -1 : a > b ? 1 : 0)

/** The system that was built for this machine from the same inputs, if it is remembered. */
export function recall(
  record: MachineRecord | undefined,
  fingerprint: string,
): BuiltSystem | undefined {
  return record?.history.find((built) => built.fingerprint === fingerprint)
}
