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
  /** Comments show what is in files; absent: where the forge says that strangers cannot read them. */
  readonly showContents?: boolean
  /** Each plan's rendering is kept on a branch of its own, for people. */
  readonly proposalBranches?: boolean
}
