import type { Ledger } from '../model/ledger.ts'
import { currentRollout, unchanged, without, withRecord, withRolloutState } from './record.ts'
import type { Change } from './record.ts'
import { want } from './wanted.ts'

/**
 * A person says go: the machines of an empty ledger may be deployed, a rewound branch is taken up (R3).
 * The same ledger when nothing waited.
 */
export function approve(ledger: Ledger, by: string): Change {
  const { published, rewound } = ledger
  const accepts = rewound !== undefined && rewound.tip === published?.source
  const accepted = accepts ? want(ledger, by) : ledger
  if (accepted.adopted || !accepted.wanted) {
    return accepts
      ? { ledger: accepted, message: `${by} accepts the rewound branch` }
      : unchanged(ledger)
  }
  return {
    ledger: { ...accepted, adopted: { by, seq: accepted.wanted.seq } },
    message: `${by} has the machines deployed`,
  }
}

/**
 * A person lifts what holds a machine (R5): it is unknown again, so that the checks run again, and its
 * stopped rollout goes on. Nothing changes while an attempt is open.
 */
export function release(ledger: Ledger, machine: string): Change {
  const record = ledger.machines[machine]
  if (record === undefined || record.intent) return unchanged(ledger)
  if (Object.keys(record.held).length === 0 && !record.tries) return unchanged(ledger)
  const lifted = withRecord(ledger, { ...without(record, 'given', 'tries'), held: {} })
  const rollout = currentRollout(lifted)
  return {
    ledger:
      rollout?.state === 'stopped' ? withRolloutState(lifted, rollout.seq, 'running') : lifted,
    message: `${machine}: released`,
  }
}
