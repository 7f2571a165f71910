import type { Ledger, MachineRecord, Rollout, Wanted } from '../model/ledger.ts'

/** A ledger and the line that its commit gets; the same ledger object where nothing changes. */
export interface Change {
  readonly ledger: Ledger
  readonly message: string
}

/** The ledger as it is: nothing to push. */
export const unchanged = (ledger: Ledger): Change => ({ ledger, message: '' })

/** How many systems a machine's record remembers. */
const remembered = 10

/** The record of a machine; where it was never seen, a new one that knows only what was built for it. */
export function recordOf(
  ledger: Ledger,
  machine: { readonly name: string; readonly cluster: string },
): MachineRecord {
  const { name, cluster } = machine
  const record = ledger.machines[name]
  if (record !== undefined) return { ...record, cluster }
  return withBuilt({ name, cluster, attempt: 0, held: {}, history: [] }, ledger.wanted)
}

/** The record with what was built for it in front of its history. */
export function withBuilt(record: MachineRecord, wanted: Wanted | undefined): MachineRecord {
  const built = wanted?.systems?.[record.name]
  if (wanted === undefined || built === undefined || 'failed' in built) return record
  if (record.history[0]?.fingerprint === built.fingerprint) return record
  const others = record.history.filter(({ fingerprint }) => fingerprint !== built.fingerprint)
  const history = [{ ...built, source: wanted.source }, ...others].slice(0, remembered)
  return { ...record, history }
}

/** The ledger with this record in place of the old one. */
export function withRecord(ledger: Ledger, record: MachineRecord): Ledger {
  return { ...ledger, machines: { ...ledger.machines, [record.name]: record } }
}

/** The record without some of its optional parts. */
export function without<Part extends 'intent' | 'given' | 'tries' | 'drift'>(
  record: MachineRecord,
  ...parts: readonly Part[]
): Omit<MachineRecord, Part> {
  const rest: Partial<MachineRecord> = { ...record }
  for (const part of parts) delete rest[part]
  return rest as Omit<MachineRecord, Part>
}

/** The rollout of what is wanted now. */
export function currentRollout(ledger: Ledger): Rollout | undefined {
  return ledger.rollouts.find(({ seq }) => seq === ledger.wanted?.seq)
}

/** The ledger with another state of one rollout; the same object where it has that state. */
export function withRolloutState(
  ledger: Ledger,
  seq: number,
  state: Rollout['state'],
  reason?: string,
): Ledger {
  const old = ledger.rollouts.find((rollout) => rollout.seq === seq)
  if (old === undefined || (old.state === state && old.reason === reason)) return ledger
  const { reason: _, ...rest } = old
  const changed: Rollout = { ...rest, state, ...(reason === undefined ? {} : { reason }) }
  return { ...ledger, rollouts: ledger.rollouts.map((each) => (each === old ? changed : each)) }
}
