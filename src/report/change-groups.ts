import type { PlanFailure, PlannedMachine } from '../model/plan.ts'
import type { SystemDiff } from '../model/system-diff.ts'
import { changeFacts, firstSystem, unseenChange } from './change-facts.ts'
import type { Fact } from './change-facts.ts'
import { sizeChange } from './wording.ts'

/** What changes on machines for which it is the same. */
export interface Change {
  /** Full names, in the plan's order. */
  readonly machines: readonly string[]
  /** `shared`: on all machines; `rest`: what is different here besides. */
  readonly part: 'whole' | 'shared' | 'rest'
  readonly facts: readonly Fact[]
  /** What is said where there are no facts. */
  readonly words?: string
  /** `+31 MiB`, `+2 MiB to +5 MiB`, or empty. */
  readonly size: string
  /** Systems of a single machine. */
  readonly systems?: { readonly before: string; readonly after: string }
}

/** So much that all machines have in common is said once. */
const worthSharing = 3

/**
 * Puts machines together whose change reads the same, with `patches` line by line; what all of these
 * have in common comes first.
 */
export function planChanges(
  machines: readonly PlannedMachine[],
  { patches }: { readonly patches: boolean },
): readonly Change[] {
  const groups = Map.groupBy(machines, ({ diff }) => keyOf(diff, patches))
  const all = [...groups.values()].map((members) => changeOf(members, patches))
  const [first, ...others] = all
  if (first === undefined || others.length === 0) return all
  const sets = others.map(({ facts }) => new Set(facts.map(factKey)))
  const common = first.facts.filter((fact) => sets.every((keys) => keys.has(factKey(fact))))
  if (common.length < worthSharing) return all
  const shared = new Set(common.map(factKey))
  const everybody = machines.map(({ name }) => name)
  return [
    { machines: everybody, part: 'shared', facts: common, size: '' },
    ...all.map((change): Change => {
      const facts = change.facts.filter((fact) => !shared.has(factKey(fact)))
      return {
        ...change,
        part: 'rest',
        facts,
        ...(facts.length > 0 ? {} : { words: 'nothing else' }),
      }
    }),
  ]
}

function changeOf(members: readonly PlannedMachine[], patches: boolean): Change {
  const { diff } = members[0]!
  const machines = members.map(({ name }) => name)
  const isFirst = diff !== undefined && diff.before === undefined
  const facts = diff === undefined || isFirst ? [] : changeFacts(diff).map(patches ? whole : bare)
  const words = isFirst ? `+ ${firstSystem(diff)}` : unseenChange(diff)
  return {
    machines,
    part: 'whole',
    facts,
    ...(facts.length > 0 ? {} : { words }),
    size: sizes(members),
    ...(machines.length === 1 && diff?.before !== undefined
      ? { systems: { before: diff.before, after: diff.after } }
      : {}),
  }
}

const whole = (fact: Fact): Fact => fact

const bare = ({ patch: _, inner, ...fact }: Fact): Fact => ({
  ...fact,
  ...(inner === undefined ? {} : { inner: inner.map(bare) }),
})

const factKey = (fact: Fact): string => JSON.stringify(fact)

function keyOf(diff: SystemDiff | undefined, patches: boolean): string {
  if (diff === undefined) return ''
  if (diff.before === undefined) return firstSystem(diff)
  return JSON.stringify([diff.compared, changeFacts(diff).map(patches ? whole : bare)])
}

/** From the least to the most: machines that differ in nothing else are alike. */
function sizes(members: readonly PlannedMachine[]): string {
  const deltas = members.map(({ diff }) => diff?.sizeDelta ?? 0).toSorted((a, b) => a - b)
  const [least, most] = [sizeChange(deltas[0] ?? 0), sizeChange(deltas.at(-1) ?? 0)]
  if (least === most) return least
  return least === '' || most === '' ? `up to ${least}${most}` : `${least} to ${most}`
}

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
