import type { Decision } from './next.ts'

/** Nothing more happens without a person, a machine that comes back, or a new commit. */
export function isSettled({ ledger, waits, contact, standing }: Decision): boolean {
  if (waits === 'adoption') return contact.length === 0
  const states = new Set(Object.values(standing).map(({ state }) => state))
  if (states.has('deploying')) return false
  const rollout = ledger.rollouts.find(({ seq }) => seq === ledger.wanted?.seq)
  return rollout?.state === 'running' ? !states.has('pending') && !states.has('unknown') : true
}
