import type { Ledger, WantedSystem } from '../model/ledger.ts'
import { unchanged, withBuilt, withRolloutState, type Change } from './record.ts'

/** The commit that the next tick will want: the fleet that it is given must be this one's. */
export function wantedSource(ledger: Ledger, follows: boolean): string | undefined {
  return follows ? (ledger.published?.source ?? ledger.wanted?.source) : ledger.wanted?.source
}

/** Writes down the newest commit that compiled; its tip must have been read after this ledger (R2). */
export function setPublished(
  ledger: Ledger,
  published: { readonly source: string; readonly generated: string },
): Change {
  const { source, generated } = published
  const known = ledger.published
  if (known?.source === source && known.generated === generated) return unchanged(ledger)
  return {
    ledger: { ...ledger, published: { source, generated } },
    message: `publish ${source.slice(0, 12)}`,
  }
}

/** (R3) Wants what is published, as a rollout of its own; the one before is superseded, its intents withdrawn. */
export function want(ledger: Ledger, approvedBy?: string): Ledger {
  const { published, wanted, rewound: _, removal: _removal, ...rest } = ledger
  if (published === undefined) return ledger
  const seq = (wanted?.seq ?? 0) + 1
  const running = ledger.rollouts.filter(({ state }) => state === 'running')
  const superseded = running.reduce(
    (before, rollout) => withRolloutState(before, rollout.seq, 'superseded'),
    ledger,
  )
  return withdraw({
    ...rest,
    published,
    wanted: { seq, ...published, ...(approvedBy === undefined ? {} : { approvedBy }) },
    rollouts: [...superseded.rollouts, { seq, ...published, state: 'running' }],
  })
}

/** (R4) Marks every open intent; only a run that has read its machine back closes it. */
export function withdraw(ledger: Ledger): Ledger {
  const machines = Object.entries(ledger.machines).map(([name, record]) => [
    name,
    record.intent === undefined || record.intent.withdrawn
      ? record
      : { ...record, intent: { ...record.intent, withdrawn: true } },
  ])
  return { ...ledger, machines: Object.fromEntries(machines) }
}

/**
 * Writes down the evaluated and built systems of rollout `seq`, and remembers them for reverts;
 * changes nothing when another commit is wanted by now.
 */
export function setSystems(
  ledger: Ledger,
  seq: number,
  systems: Readonly<Record<string, WantedSystem>>,
): Change {
  if (ledger.wanted?.seq !== seq) return unchanged(ledger)
  const wanted = { ...ledger.wanted, systems }
  const machines = Object.entries(ledger.machines).map(([name, record]) => [
    name,
    withBuilt(record, wanted),
  ])
  const all = Object.values(systems)
  const failed = all.filter((system) => 'failed' in system).length
  return {
    ledger: { ...ledger, wanted, machines: Object.fromEntries(machines) },
    message: `rollout ${seq}: ${all.length - failed} systems built${failed > 0 ? `, ${failed} failed` : ''}`,
  }
}
