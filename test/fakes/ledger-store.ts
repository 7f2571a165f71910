import type { Ledger } from '../../src/model/ledger.ts'
import type { LedgerStore } from '../../src/model/ports.ts'

/** The ledger's branch in memory: every write is compared and swapped. */
export function createMemoryLedger(first: Ledger) {
  let ledger = first
  let commit = 0
  const messages: string[] = []
  const store: LedgerStore = {
    read: () => Promise.resolve({ ledger, commit: String(commit) }),
    write: (next, expected, message) => {
      if (expected !== String(commit)) return Promise.resolve('stale')
      ledger = next
      commit += 1
      messages.push(message)
      return Promise.resolve('pushed')
    },
  }
  return {
    ...store,
    messages,
    get current() {
      return ledger
    },
    /** Somebody else's commit. */
    change(to: (ledger: Ledger) => Ledger): void {
      ledger = to(ledger)
      commit += 1
    },
  }
}
