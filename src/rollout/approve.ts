import type { Ledger } from '../model/ledger.ts'

/** A person says go: an empty ledger is adopted, a rewound branch accepted (R3); the same ledger when nothing waited. */
export function approve(
  ledger: Ledger,
  by: string,
): { readonly ledger: Ledger; readonly message: string } {
  throw new Error(`not written yet: ${ledger.id} ${by}`)
}

/** A person lifts what holds a machine: it is unknown again, and its stopped rollout goes on (R5, R6). */
export function release(
  ledger: Ledger,
  machine: string,
): { readonly ledger: Ledger; readonly message: string } {
  throw new Error(`not written yet: ${ledger.id} ${machine}`)
}
