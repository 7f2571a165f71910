import type { PlanFailure, PlannedMachine } from '../model/plan.ts'
import type { SystemDiff } from '../model/system-diff.ts'
import { firstSystem } from './change-facts.ts'
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
  const groups = Map.groupBy(machines, ({ diff }) => keyOf(diff, patches))
  return [...groups.values()].map((members) => ({
    machines: members.map(({ name }) => name),
    diff: members[0]!.diff,
  }))
}

function keyOf(diff: SystemDiff | undefined, patches: boolean): string {
  if (diff === undefined) return ''
  if (diff.before === undefined) return firstSystem(diff)
  return JSON.stringify(readable(diff), (key: string, value: unknown) =>
    key === 'patch' && !patches ? undefined : value,
  )
}

/** Without what each machine has of its own: the systems' names, and bytes that nobody is told of. */
const readable = ({
  before: _,
  after: __,
  sizeDelta,
  virtualHosts,
  ...rest
}: SystemDiff): object => ({
  ...rest,
  size: sizeChange(sizeDelta),
  virtualHosts: virtualHosts.map(({ diff, ...host }) => ({
    ...host,
    ...(diff === undefined ? {} : { diff: readable(diff) }),
  })),
})

/** Machines that fail with the same message. */
export interface FailureGroup extends Omit<PlanFailure, 'machine'> {
  readonly machines: readonly string[]
}

/** One mistake in a file that many machines import is shown once. */
export function groupFailures(failures: readonly PlanFailure[]): readonly FailureGroup[] {
  const groups = Map.groupBy(failures, ({ stage, message }) => `${stage}\0${message}`)
  return [...groups.values()].map((members) => {
    const [{ stage, message }] = members as [PlanFailure]
    return { stage, message, machines: members.map(({ machine }) => machine) }
  })
}
