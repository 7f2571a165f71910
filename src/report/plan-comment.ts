import type { Plan, Reason } from '../model/plan.ts'
import type { FileChange, SystemDiff, UnitChange } from '../model/system-diff.ts'
import type { ChangeGroup, FailureGroup } from './change-groups.ts'
import { groupChanges, groupFailures } from './change-groups.ts'
import {
  code,
  details,
  escapeHtml,
  escapeText,
  fence,
  fitting,
  lineUrl,
  maxComment,
  tableRow,
} from './markdown.ts'
import { capital, firstSystem, headline, packageWords, planNames, sign } from './summary.ts'
import { count, duration, shortCommit, shortSystem, sizeChange } from './wording.ts'

export interface PlanCommentOptions {
  /** What is in files and units may be read by everybody who can read the comment. */
  readonly showContents: boolean
  /** Address of the head's files, up to their path: `https://forge.example/o/r/blob/<commit>`. */
  readonly blob?: string
}

const maxRows = 60
const maxNames = 12

/** The plan as the body of a pull request's comment, in Markdown, short enough for any forge. */
export function planComment(plan: Plan, options: PlanCommentOptions): string {
  const short = planNames(plan)
  const isStatic = plan.kind === 'static'
  const groups = isStatic ? [] : groupChanges(plan.machines, { patches: options.showContents })
  const head = [
    `### ${title(plan)}`,
    ...(isStatic ? ['Static plan: nobody’s code was run.'] : []),
    ...(plan.reasons.length > 0 ? [reasonList(plan, short, options.blob)] : []),
    ...(isStatic && plan.machines.length > 0
      ? [
          `Machines: ${names(
            plan.machines.map(({ name }) => name),
            short,
          )}`,
        ]
      : []),
    ...(groups.length > 0 ? [table(groups, short)] : []),
    ...groupFailures(plan.failures)
      .slice(0, 10)
      .map((group) => failurePart(group, short)),
  ]
  const foot = [
    ...(plan.rollout === undefined
      ? []
      : [`**Rollout after the merge**: ${escapeText(plan.rollout)}.`]),
    ...(plan.waits === undefined ? [] : [`**Waits**: ${escapeText(plan.waits)}.`]),
    footer(plan),
  ]
  const shown = fitting(head, maxComment - length(foot) - 200)
  const room = maxComment - length(shown.parts) - length(foot) - 200
  const parts = fitting(
    groups
      .filter(({ diff }) => diff?.before !== undefined)
      .map((group) => groupDetails(group, short, options)),
    shown.left > 0 ? 0 : room,
  )
  const left = shown.left + parts.left
  return [
    ...shown.parts,
    ...parts.parts,
    ...(left > 0 ? [`${count(left, 'more part')} would not fit here.`] : []),
    ...foot,
  ].join('\n\n')
}

function title(plan: Plan): string {
  const { changes, failed, rest } = headline(plan)
  return [capital(changes), ...(failed === undefined ? [] : [failed]), ...rest].join(' · ')
}

/** What is said where a merge would not work, in place of a plan. */
export function conflictComment(title: Plan['title'], files: readonly string[]): string {
  return [
    '### Cannot be merged, so there is no plan',
    `In conflict with ${code(title.base)}:`,
    files
      .slice(0, 50)
      .map((file) => `- ${code(file)}`)
      .join('\n'),
    `<sub>${shortCommit(title.head)} into ${shortCommit(title.baseCommit)}</sub>`,
  ].join('\n\n')
}

const length = (parts: readonly string[]): number =>
  parts.reduce((sum, part) => sum + part.length + 2, 0)

function names(all: readonly string[], short: (name: string) => string): string {
  const shown = all
    .slice(0, maxNames)
    .map((name) => code(short(name)))
    .join(' ')
  return all.length > maxNames ? `${shown} and ${all.length - maxNames} more` : shown
}

function reasonList(plan: Plan, short: (name: string) => string, blob: string | undefined): string {
  const lines = plan.reasons.slice(0, maxRows).map(({ place, text, machines }: Reason) => {
    const all = plan.machines.every(({ name }) => machines.includes(name))
    const whom = all || machines.length === 0 ? '' : ` → ${names(machines, short)}`
    return `- ${place === undefined ? '' : `${placeLink(place, blob)} `}${escapeText(text)}${whom}`
  })
  const left = plan.reasons.length - lines.length
  return [...lines, ...(left > 0 ? [`- and ${count(left, 'more reason')}`] : [])].join('\n')
}

function placeLink(place: string, blob: string | undefined): string {
  const [, file, line] = /^(.*):(\d+)$/.exec(place) ?? []
  if (blob === undefined || file === undefined) return code(place)
  return `[${code(place)}](${lineUrl(blob, file, Number(line))})`
}

function table(groups: readonly ChangeGroup[], short: (name: string) => string): string {
  const rows = groups.slice(0, maxRows).map(({ machines, diff }) => {
    const cells =
      diff === undefined ? ['changes; not to be compared here', '', ''] : tableCells(diff)
    const mark = diff?.before === undefined ? '+' : '~'
    return tableRow([mark, names(machines, short), ...cells])
  })
  const left = groups.length - rows.length
  return [
    '| | machines | what changes | units | size |',
    '|---|---|---|---|---|',
    ...rows,
    ...(left > 0 ? [`| | and ${count(left, 'more kind')} of change | | | |`] : []),
  ].join('\n')
}

function tableCells(diff: SystemDiff): readonly string[] {
  const size = sizeChange(diff.sizeDelta)
  if (diff.before === undefined) return [firstSystem(diff), '', size]
  const things = [
    ...diff.files.map((file) => `${sign(file)} ${code(file.path)}`),
    ...diff.packages.map((change) => marked(packageWords(change))),
    ...(diff.reboot.length > 0 ? [`**needs a reboot**: ${diff.reboot.join(', ')}`] : []),
  ]
  const units = diff.units.map((unit) => `${code(unit.name)}${effectWords(unit)}`)
  return [some(things), some(units), size]
}

const effectWords = ({ effect, kind }: UnitChange): string =>
  effect === 'none' ? ` ${kind}` : ` ${effect}`

const marked = (words: string): string => `${words.slice(0, 2)}${code(words.slice(2))}`

function some(things: readonly string[], max = 4): string {
  return things.length <= max
    ? things.join('<br>')
    : `${things.slice(0, max - 1).join('<br>')}<br>and ${things.length - max + 1} more`
}

function groupDetails(
  { machines, diff }: ChangeGroup,
  short: (name: string) => string,
  { showContents }: PlanCommentOptions,
): string {
  const { before = '', after, units, files, packages } = diff!
  const heading = machines
    .slice(0, maxNames)
    .map((name) => escapeHtml(short(name)))
    .join(', ')
  const rest = machines.length > maxNames ? ` and ${machines.length - maxNames} more` : ''
  const alike = machines.length > 1 ? ' (alike)' : ''
  const systems =
    machines.length > 1 ? [] : [`System ${code(shortSystem(before))} → ${code(shortSystem(after))}`]
  const parts = [
    ...units.map((unit) => contentPart(unit.name, unit, effectWords(unit), showContents)),
    ...files.map((file) => contentPart(file.path, file, '', showContents)),
    ...(packages.length > 0
      ? [
          `Packages: ${packages
            .slice(0, 40)
            .map((change) => marked(packageWords(change)))
            .join(', ')}${packages.length > 40 ? ` and ${packages.length - 40} more` : ''}`,
        ]
      : []),
    ...systems,
  ]
  return details(`<b>${heading}</b>${rest}${alike}`, parts.join('\n\n'))
}

function contentPart(
  name: string,
  change: Pick<UnitChange | FileChange, 'kind' | 'patch'>,
  words: string,
  showContents: boolean,
): string {
  // In bold, or the sign would begin a list.
  const line = `**${sign(change)}** ${code(name)}${words}`
  if (!showContents || change.patch === undefined) return line
  return `${line}\n\n${fence(change.patch, 'diff')}`
}

function failurePart({ machines, stage, message }: FailureGroup, short: (name: string) => string) {
  const verb = stage === 'evaluation' ? 'evaluated' : 'built'
  return `**✗** ${names(machines, short)} cannot be ${verb}:\n\n${fence(message.slice(0, 4000))}`
}

function footer({ title, unaffected, kind, tookMs }: Plan): string {
  return `<sub>${[
    `${shortCommit(title.head)} into ${shortCommit(title.baseCommit)}`,
    `${count(unaffected.length, 'machine')} unaffected`,
    kind === 'static' ? 'nothing evaluated' : 'evaluated, closures built',
    ...(tookMs === undefined ? [] : [duration(tookMs)]),
  ].join(' · ')}</sub>`
}
