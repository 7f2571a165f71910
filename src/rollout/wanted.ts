import type { BuiltSystem, Ledger, MachineRecord, WantedSystem } from '../model/ledger.ts'
import { recordOf, unchanged, withRolloutState, type Change } from './record.ts'
import type { FleetMachine } from './standing.ts'

/** How many systems a machine's record remembers. */
const remembered = 10

/** The commit that the next tick will want: the fleet that it is given must be this one's. */
export function wantedSource(ledger: Ledger, descends: boolean): string | undefined {
  return descends ? (ledger.published?.source ?? ledger.wanted?.source) : ledger.wanted?.source
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
  const { published, wanted, rewound: _, ...rest } = ledger
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
  fleet: readonly FleetMachine[],
): Change {
  const { wanted } = ledger
  if (wanted === undefined || wanted.seq !== seq) return unchanged(ledger)
  const machines: Record<string, MachineRecord> = { ...ledger.machines }
  for (const machine of fleet) {
    const built = systems[machine.name]
    if (built === undefined || 'failed' in built) continue
    machines[machine.name] = remember(recordOf(ledger, machine), built, wanted.source)
  }
  const failed = Object.values(systems).filter((system) => 'failed' in system).length
  return {
    ledger: { ...ledger, machines, wanted: { ...wanted, systems } },
    message: `rollout ${seq}: ${Object.keys(systems).length - failed} systems built${failed > 0 ? `, ${failed} failed` : ''}`,
  }
}

function remember(record: MachineRecord, built: BuiltSystem, source: string): MachineRecord {
  if (record.history[0]?.fingerprint === built.fingerprint) return record
  const others = record.history.filter(({ fingerprint }) => fingerprint !== built.fingerprint)
  return { ...record, history: [{ ...built, source }, ...others].slice(0, remembered) }
}
