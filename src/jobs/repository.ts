import type { Forge } from '../model/forge.ts'
import type { Git, LedgerStore } from '../model/ports.ts'
import type { Source } from './source.ts'

/** One repository of the controller, with everything that jobs need of it. */
export interface Repository {
  readonly name: string
  /** The deployed branch. */
  readonly branch: string
  /** Where its rendering goes. */
  readonly generatedBranch: string
  /** Folder of the bare mirror, for Nix. */
  readonly mirror: string
  readonly git: Git
  readonly forge: Forge
  readonly ledger: LedgerStore
  readonly source: Source
}
