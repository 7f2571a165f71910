import type { Ledger } from '../model/ledger.ts'
import { currentRollout, unchanged, without, withRecord, withRolloutState } from './record.ts'
import type { Change } from './record.ts'
import { want } from './wanted.ts'

/**
 * A person says go: the machines of an empty ledger may be deployed, a rewound branch (R3) or one that
 * removes much (R26) is taken up. The same ledger when nothing waited.
 */
export function approve(ledger: Ledger, by: string): Change {
  const { published, rewound, removal } = ledger
  const what =
    published === undefined
      ? undefined
      : rewound?.tip === published.source
        ? 'the rewound branch'
        : removal?.source === published.source
          ? `${removal.count} removals`
          : undefined
  const accepted = what === undefined ? ledger : want(ledger, by)
  if (accepted.adopted || !accepted.wanted) {
    return what === undefined
      ? unchanged(ledger)
      : { ledger: accepted, message: `${by} accepts ${what}` }
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
