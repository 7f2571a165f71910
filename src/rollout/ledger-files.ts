import type { Ledger } from '../model/ledger.ts'

/** The ledger as files of its branch: path -> text, the same bytes for the same ledger. */
export function toFiles(ledger: Ledger): ReadonlyMap<string, string> {
  throw new Error(`not written yet: ${ledger.id}`)
}

/** Reads the files of the ledger's branch; throws LedgerError that names the file. Without files: undefined. */
export function fromFiles(files: ReadonlyMap<string, string>): Ledger | undefined {
  throw new Error(`not written yet: ${files.size}`)
}

/** A ledger of a repository that has none yet. */
export function emptyLedger(id: string): Ledger {
  return { id, machines: {}, rollouts: [] }
}

/** A file of the ledger's branch cannot be read; the message names it. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError'
}
