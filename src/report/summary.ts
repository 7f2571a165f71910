import type { Plan } from '../model/plan.ts'
import type { FileChange, PackageChange, SystemDiff, UnitChange } from '../model/system-diff.ts'
import { count, list, shortNames } from './wording.ts'

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

/** What a plan comes to. */
export function headline(plan: Plan): Headline {
  const { machines, unaffected, removed, failures, kind } = plan
  const total = count(machines.length + unaffected.length + failures.length, 'machine')
  const verb = kind === 'static' ? 'may change' : machines.length === 1 ? 'changes' : 'change'
  const changes =
    machines.length === 0 ? 'no machine changes' : `${machines.length} of ${total} ${verb}`
  const nothing = machines.length === 0 && removed.length === 0
  return {
    changes,
    ...(failures.length > 0
      ? { failed: `${failures.length} of ${total} cannot be ${failureVerb(plan)}` }
      : {}),
    rest: kind === 'static' || nothing ? [] : [reboots(plan), ...removals(plan)],
  }
}

function reboots(plan: Plan): string {
  const names = plan.machines
    .filter(({ diff }) => (diff?.reboot.length ?? 0) > 0)
    .map(({ name }) => planNames(plan)(name))
  if (names.length === 0) return 'nothing reboots'
  return `reboot needed on ${list(names)}`
}

function removals(plan: Plan): readonly string[] {
  const short = planNames(plan)
  const leaving = plan.removed.map(short)
  const losing = plan.machines
    .filter(({ diff }) => diff?.units.some(isLost))
    .map(({ name }) => short(name))
  const parts = [
    ...(leaving.length > 0
      ? [`${list(leaving)} ${leaving.length === 1 ? 'leaves' : 'leave'} the configuration`]
      : []),
    ...(losing.length > 0 ? [`services are removed from ${list(losing)}`] : []),
  ]
  return parts.length > 0 ? parts : ['nothing is removed']
}

/** A headline as sentences. */
export const sentences = ({ changes, failed, rest }: Headline): string =>
  [changes, failed ?? '', rest.join(', ')]
    .filter((part) => part !== '')
    .map((part) => `${capital(part)}.`)
    .join(' ')

/** With a capital at its beginning. */
export const capital = (text: string): string => text.replace(/^./, (first) => first.toUpperCase())

const isLost = ({ kind, effect }: UnitChange): boolean => kind === 'removed' && effect === 'stops'

function failureVerb({ failures }: Plan): string {
  const stages = new Set(failures.map(({ stage }) => stage))
  if (stages.size > 1) return 'evaluated or built'
  return stages.has('build') ? 'built' : 'evaluated'
}

/** `+`, `-` or `~`: new, gone, changed. */
export const sign = ({ kind }: Pick<UnitChange | FileChange, 'kind'>): string =>
  ({ added: '+', removed: '-', changed: '~' })[kind]

/** `vault 1.16.1 -> 1.17.2` with its sign. */
export function packageWords({ name, before, after }: PackageChange): string {
  const [old, now] = [before, after].map((versions) => versions.join(', '))
  if (before.length === 0) return `+ ${name} ${now}`.trimEnd()
  if (after.length === 0) return `- ${name} ${old}`.trimEnd()
  return `~ ${name} ${old} -> ${now}`
}

/** What a first deployment brings, where listing everything would help nobody. */
export const firstSystem = ({ units, files }: SystemDiff): string =>
  `gets its first system: ${count(units.length, 'unit')}, ${count(files.length, 'file')}`
