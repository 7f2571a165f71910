import type { Ledger } from '../model/ledger.ts'
import type { LedgerStore } from '../model/ports.ts'
import type { Change } from '../rollout/record.ts'

/** Applies a change to the ledger as it is now, again whenever somebody was faster (R1); gives the one that holds. */
export async function writeChange<Made extends Change>(
  store: LedgerStore,
  change: (ledger: Ledger) => Made,
): Promise<Made> {
  for (;;) {
    const { ledger, commit } = await store.read()
    const changed = change(ledger)
    // No change, no commit.
    if (changed.ledger === ledger) return changed
    if ((await store.write(changed.ledger, commit, changed.message)) === 'pushed') return changed
  }
}
