import type { Ledger } from '../model/ledger.ts'
import type { LedgerStore } from '../model/ports.ts'
import type { Change } from '../rollout/record.ts'

/** Applies a change to the ledger as it is now, again whenever somebody was faster (R1); no change, no commit. */
export async function writeChange(
  store: LedgerStore,
  change: (ledger: Ledger) => Change,
): Promise<void> {
  for (;;) {
    const { ledger, commit } = await store.read()
    const changed = change(ledger)
    if (changed.ledger === ledger) return
    if ((await store.write(changed.ledger, commit, changed.message)) === 'pushed') return
  }
}
