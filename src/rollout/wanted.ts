import type { Ledger, WantedSystem } from '../model/ledger.ts'

/** Writes down the newest commit that compiled; its tip must have been read after this ledger (R2). */
export function setPublished(
  ledger: Ledger,
  published: { readonly source: string; readonly generated: string },
): { readonly ledger: Ledger; readonly message: string } {
  throw new Error(`not written yet: ${ledger.id} ${published.source}`)
}

/** Writes down the evaluated and built systems of `seq`, and remembers them; the same ledger when another is wanted by now. */
export function setSystems(
  ledger: Ledger,
  seq: number,
  systems: Readonly<Record<string, WantedSystem>>,
): { readonly ledger: Ledger; readonly message: string } {
  throw new Error(`not written yet: ${ledger.id} ${seq} ${Object.keys(systems).length}`)
}

/** The source commit that the next tick wants: the fleet that it is given must be this one's. */
export function wantedSource(ledger: Ledger, descends: boolean): string | undefined {
  throw new Error(`not written yet: ${ledger.id} ${descends}`)
}
