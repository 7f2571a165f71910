import type { Plan, PlannedMachine } from '../model/plan.ts'
import { losesUnits } from './change-facts.ts'
import { count, list, nameRanges, shortNames } from './wording.ts'

/** Every machine of the plan by its shortest clear name. */
export function planNames({
  machines,
  unaffected,
  removed,
  failures,
}: Plan): (name: string) => string {
  const rest = failures.map(({ machine }) => machine)
  return shortNames([...machines.map(({ name }) => name), ...unaffected, ...removed, ...rest])
}

/** What matters first, in parts that are sentences or the words between dots. */
export interface Headline {
  readonly changes: string
  readonly failed?: string
  /** `nothing reboots`, `nothing is removed`, or what does. */
  readonly rest: readonly string[]
}

/** More machines than these are a number in a headline. */
const namedMachines = 3

/** What a plan comes to; nothing is said to stay of which nothing is known. */
export function headline(plan: Plan): Headline {
  const { machines, removed, failures, kind } = plan
  const nothing = machines.length === 0 && removed.length === 0
  const isFirst = machines.length > 0 && machines.every(({ diff }) => diff && !diff.before)
  const total = count(machines.length + plan.unaffected.length + failures.length, 'machine')
  return {
    changes: changes(plan, total, isFirst),
    ...(failures.length > 0 ? { failed: `${failures.length} cannot be ${failureVerb(plan)}` } : {}),
    rest:
      nothing || (kind === 'static' && removed.length === 0)
        ? []
        : [...(kind === 'static' || isFirst ? [] : reboots(plan)), ...removals(plan, isFirst)],
  }
}

function changes({ machines, kind }: Plan, total: string, isFirst: boolean): string {
  const [n, isOne] = [machines.length, machines.length === 1]
  if (n === 0) return 'no machine changes'
  if (kind === 'static') return `${n} of ${total} may change`
  if (isFirst) return `${n} of ${total} ${isOne ? 'gets its' : 'get their'} first system`
  return `${n} of ${total} ${isOne ? 'changes' : 'change'}`
}

/** Whether all that changes was compared file by file. */
const isKnown = ({ machines }: Plan): boolean =>
  machines.every(({ diff }) => diff?.compared === 'closures')

function reboots(plan: Plan): readonly string[] {
  const short = planNames(plan)
  const names = plan.machines
    .filter(({ diff }) => (diff?.reboot.length ?? 0) > 0)
    .map(({ name }) => short(name))
  if (names.length === 0) return isKnown(plan) ? ['nothing reboots'] : []
  return [`reboot needed on ${whom(names)}`]
}

function removals(plan: Plan, isFirst: boolean): readonly string[] {
  const short = planNames(plan)
  const leaving = plan.removed.map(short)
  const losing = plan.machines
    .filter(({ diff }) => diff !== undefined && losesUnits(diff))
    .map(({ name }) => short(name))
  const parts = [
    ...(leaving.length > 0 ? [`the configuration loses ${whom(leaving)}`] : []),
    ...(losing.length > 0 ? [`services are removed from ${whom(losing)}`] : []),
  ]
  if (parts.length > 0 || isFirst) return parts
  return isKnown(plan) ? ['nothing is removed'] : []
}

const whom = (names: readonly string[]): string =>
  names.length > namedMachines ? count(names.length, 'machine') : list(names)

/** A headline as sentences. */
export const sentences = ({ changes, failed, rest }: Headline): string =>
  [changes, failed ?? '', rest.join(', ')]
    .filter((part) => part !== '')
    .map((part) => `${capital(part)}.`)
    .join(' ')

/** With a capital at its beginning. */
export const capital = (text: string): string => text.replace(/^./, (first) => first.toUpperCase())

function failureVerb({ failures }: Plan): string {
  const stages = new Set(failures.map(({ stage }) => stage))
  if (stages.size > 1) return 'evaluated or built'
  return stages.has('build') ? 'built' : 'evaluated'
}

/** A rollout of one machine: it says nothing that the machine's change does not. */
export const isAlone = (plan: Plan): boolean =>
  plan.machines.length === 1 && plan.rollout === planNames(plan)(plan.machines[0]!.name)

/** A command that shows the whole plan; a branch that a shell would read is left to the reader. */
export const wholePlan = ({ title }: Plan): string =>
  /^[\w./-]+$/.test(title.branch) && !title.branch.startsWith('-')
    ? `nixcluster plan ${title.branch}`
    : 'nixcluster plan'

/** What a reader should know of a plan before the details of it. */
export interface Caution {
  /** `Paused` */
  readonly word: string
  /** A sentence that goes on behind the word; backticks hold what can be typed. */
  readonly text: string
}

/** `web1 to web48, db1` */
function rangesText(names: readonly string[]): string {
  const ranges = nameRanges(names)
  const words = ranges.map(({ first, last }) => (first === last ? first : `${first} to ${last}`))
  return ranges.length > 8 ? list(names, 8) : list(words, 8)
}

/** What waits for a person or comes later, and what is not known. */
export function cautions(plan: Plan): readonly Caution[] {
  const { title, machines, removals: removed = 0, paused = [], waits } = plan
  const short = planNames(plan)
  const names = (are: (machine: PlannedMachine) => boolean): readonly string[] =>
    machines.filter(are).map(({ name }) => short(name))
  const held = names(({ name }) => paused.includes(name))
  const pending = names((machine) => machine.pending === true)
  const unbuilt = names(({ diff }) => diff?.compared === 'derivations')
  return [
    ...(removed > 0
      ? [
          {
            word: 'Waits',
            text: `more is removed than one change may; a merge deploys nothing before \`/nixcluster allow removal ${removed}\`.`,
          },
        ]
      : []),
    ...(plan.removed.length > 0
      ? [
          {
            word: 'Leaving',
            text: `${rangesText(plan.removed.map(short))}; nothing is deployed there any more, what runs goes on.`,
          },
        ]
      : []),
    ...(waits === undefined ? [] : [{ word: 'Waits', text: `${waits}.` }]),
    ...(held.length > 0
      ? [
          {
            word: 'Paused',
            text: `${rangesText(held)}; a merge changes nothing there before \`/nixcluster resume\`.`,
          },
        ]
      : []),
    ...(pending.length > 0
      ? [
          {
            word: 'Pending',
            text: `${rangesText(pending)}; the rollout of ${title.base} is not done there, so what it brings is shown with the rest.`,
          },
        ]
      : []),
    ...(unbuilt.length > 0
      ? [
          {
            word: 'Not built here',
            text: `${unbuilt.length === machines.length ? 'the new systems' : rangesText(unbuilt)}; compared by derivations, so only packages are known, and among them those that building takes.`,
          },
        ]
      : []),
  ]
}
