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

/** A change with a text for each of its facts, the same where they read the same. */
interface KeyedChange {
  readonly change: Change
  readonly keys: readonly string[]
}

/**
 * Puts machines together whose change reads the same, with `patches` line by line; what all of these
 * have in common comes first.
 */
export function planChanges(
  machines: readonly PlannedMachine[],
  { patches }: { readonly patches: boolean },
): readonly Change[] {
  const groups = Map.groupBy(machines, (machine) => textOf(machine, patches))
  const changes = [...groups.values()].map((members): KeyedChange => {
    const facts = factsOf(members[0]!, patches)
    return { change: changeOf(members, facts), keys: facts.map((fact) => JSON.stringify(fact)) }
  })
  return shared(changes, machines)
}

/** The same for machines whose change reads the same; made more quickly than its facts. */
function textOf({ diff }: PlannedMachine, patches: boolean): string {
  if (diff === undefined) return ''
  if (diff.before === undefined) return firstSystem(diff)
  return JSON.stringify(readable(diff, patches))
}

/** Without what each machine has of its own: the systems' names, and bytes. */
function readable(
  { before: _, after: __, sizeDelta: ___, units, files, virtualHosts, ...rest }: SystemDiff,
  patches: boolean,
): object {
  return {
    ...rest,
    units: patches ? units : units.map(({ patch: _, ...unit }) => unit),
    files: patches ? files : files.map(({ patch: _, ...file }) => file),
    virtualHosts: virtualHosts.map(({ diff, ...host }) =>
      diff === undefined ? host : { ...host, diff: readable(diff, patches) },
    ),
  }
}

function shared(
  changes: readonly KeyedChange[],
  machines: readonly PlannedMachine[],
): readonly Change[] {
  const whole = changes.map(({ change }) => change)
  const [first, ...others] = changes
  if (first === undefined || others.length === 0) return whole
  let common = new Set(first.keys)
  for (const { keys } of others) {
    common = new Set(keys.filter((key) => common.has(key)))
    if (common.size < worthSharing) return whole
  }
  const facts = first.change.facts.filter((_, at) => common.has(first.keys[at]!))
  return [
    { machines: machines.map(({ name }) => name), part: 'shared', facts, size: '' },
    ...changes.map(({ change, keys }): Change => {
      const rest = change.facts.filter((_, at) => !common.has(keys[at]!))
      return {
        ...change,
        part: 'rest',
        facts: rest,
        ...(rest.length > 0 ? {} : { words: 'nothing else' }),
      }
    }),
  ]
}

const isFirst = ({ diff }: PlannedMachine): boolean =>
  diff !== undefined && diff.before === undefined

function factsOf(machine: PlannedMachine, patches: boolean): readonly Fact[] {
  if (machine.diff === undefined || isFirst(machine)) return []
  const facts = changeFacts(machine.diff)
  return patches ? facts : facts.map(bare)
}

/** What is said of a machine of which there are no facts. */
const wordsOf = (machine: PlannedMachine): string =>
  machine.diff !== undefined && isFirst(machine)
    ? `+ ${firstSystem(machine.diff)}`
    : unseenChange(machine.diff)

function changeOf(members: readonly PlannedMachine[], facts: readonly Fact[]): Change {
  const [machine] = members as [PlannedMachine]
  const { diff } = machine
  return {
    machines: members.map(({ name }) => name),
    part: 'whole',
    facts,
    ...(facts.length > 0 ? {} : { words: wordsOf(machine) }),
    size: sizes(members),
    ...(members.length === 1 && diff?.before !== undefined
      ? { systems: { before: diff.before, after: diff.after } }
      : {}),
  }
}

const bare = ({ patch: _, inner, ...fact }: Fact): Fact => ({
  ...fact,
  ...(inner === undefined ? {} : { inner: inner.map(bare) }),
})

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
