/** A person's clone with the files that they work on; nothing of what they see of it is changed. */
export interface WorkTree {
  /** Undefined where the revision names no commit. */
  commitOf(revision: string): Promise<string | undefined>
  /** The branch that is checked out, if one is. */
  branch(): Promise<string | undefined>
  /** The branch that is deployed, as it was last fetched: what the remote's HEAD names. */
  deployed(): Promise<{ readonly branch: string; readonly commit: string } | undefined>
  /** The ledger's commit as it was last fetched. */
  ledgerTip(): Promise<string | undefined>
  /** A commit of the files as they are now, but for ignored ones; HEAD where nothing was changed. */
  snapshot(): Promise<string>
}
