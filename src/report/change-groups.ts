import type { PlanFailure, PlannedMachine } from '../model/plan.ts'
import type { SystemDiff } from '../model/system-diff.ts'
import { sizeChange } from './wording.ts'

/** Machines for which the change is the same. */
export interface ChangeGroup {
  /** Full names, in the plan's order. */
  readonly machines: readonly string[]
  readonly diff: SystemDiff | undefined
}

/** Puts machines together whose change reads the same; with `patches` its lines must be the same too. */
export function groupChanges(
  machines: readonly PlannedMachine[],
  { patches }: { readonly patches: boolean },
): readonly ChangeGroup[] {
  const groups = new Map<string, PlannedMachine[]>()
  for (const machine of machines) {
    const key = keyOf(machine.diff, patches)
    groups.set(key, [...(groups.get(key) ?? []), machine])
  }
  return [...groups.values()].map((members) => ({
    machines: members.map(({ name }) => name),
    diff: members[0]!.diff,
  }))
}

function keyOf(diff: SystemDiff | undefined, patches: boolean): string {
  if (diff === undefined) return ''
  const isFirst = diff.before === undefined
  const { units, files, packages, reboot } = diff
  return JSON.stringify(
    [
      isFirst,
      isFirst ? [units.length, files.length] : [units, files, packages],
      reboot,
      sizeChange(diff.sizeDelta),
    ],
    (key: string, value: unknown) => (key === 'patch' && !patches ? undefined : value),
  )
}

/** Machines that fail with the same message. */
export interface FailureGroup extends Omit<PlanFailure, 'machine'> {
  readonly machines: readonly string[]
}

/** One mistake in a file that many machines import is shown once. */
export function groupFailures(failures: readonly PlanFailure[]): readonly FailureGroup[] {
  const groups = new Map<string, FailureGroup>()
  for (const { machine, stage, message } of failures) {
    const key = `${stage}\0${message}`
    const machines = [...(groups.get(key)?.machines ?? []), machine]
    groups.set(key, { stage, message, machines })
  }
  return [...groups.values()]
}
