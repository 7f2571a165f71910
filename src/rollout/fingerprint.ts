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
  /** Whether a path is a YAML document of the configuration. */
  readonly configuration: (path: string) => boolean
  /** Whether any Nix file might read YAML: then the configuration counts too. */
  readonly nixReadsYaml: boolean
  readonly nixVersion: string
}

/** Canonical text of everything that a machine's system can depend on; the caller hashes it. Sound before narrow. */
export function fingerprintText(input: FingerprintInput): string {
  throw new Error(`not written yet: ${input.machine}`)
}

/** The system that was built for this machine from the same inputs, if it is remembered. */
export function recall(
  record: MachineRecord | undefined,
  fingerprint: string,
): BuiltSystem | undefined {
  return record?.history.find((built) => built.fingerprint === fingerprint)
}
