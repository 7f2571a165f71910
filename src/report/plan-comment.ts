import type { Diagnostic } from '../model/diagnostic.ts'
import type { Plan, PlanTitle, Reason } from '../model/plan.ts'
import { maxFacts, overview } from './change-facts.ts'
import type { Fact } from './change-facts.ts'
import type { Change, FailureGroup } from './change-groups.ts'
import { groupFailures, planChanges } from './change-groups.ts'
import { changeDetails, hasDetails } from './change-details.ts'
import {
  code,
  commitText,
  cutLines,
  details,
  escapeText,
  fence,
  fitting,
  maxComment,
  placeLink,
  prose,
  sizeOf,
  tableRow,
} from './markdown.ts'
import { problemLine } from './problems-comment.ts'
import { capital, cautions, headline, isAlone, planNames, wholePlan } from './summary.ts'
import { count, duration, list, nameRanges } from './wording.ts'

export interface PlanCommentOptions {
  /** What is in files and units may be read by everybody who can read the comment. */
  readonly showContents: boolean
  /** Address of the head's files, up to their path: `https://forge.example/o/r/blob/<commit>`. */
  readonly blob?: string
  /** Bytes at most, at least 10,000; a forge that counts characters counts fewer. Default 65,000. */
  readonly limit?: number
  /** A page that has the whole plan. */
  readonly url?: string
  /** What is suspicious in the configuration, and no mistake. */
  readonly warnings?: readonly Diagnostic[]
  /** Of a static plan: it is being evaluated, nobody has to allow it. */
  readonly evaluating?: boolean
}

/** So many reasons are read before the table; more are folded. */
const openReasons = 5
/** Names of machines, or ranges of them, in one place. */
const maxNames = 8
const maxFailures = 10
/** Of each error, where there is room for it, and where there is less. */
const errorLines = [30, 8, 3]
/** Lines of details that are not folded, where nothing else is. */
const openLines = 30
/** Rows of the table that are read at once; more are folded. */
const openRows = 20
/** How much of a change's details is shown, where not all of it fits. */
const amounts = [
  { patchLines: 200, rows: 500 },
  { patchLines: 16, rows: 60 },
]
/** Bytes kept for what is said of what does not fit, and of a base that moved. */
const reserve = 1000

type Short = (name: string) => string

/**
 * The plan as the body of a pull request's comment, in Markdown. What does not fit is left out from the
 * least important on: details from the last change upwards, long patches, rows, reasons.
 */
export function planComment(plan: Plan, options: PlanCommentOptions): string {
  const short = planNames(plan)
  const isStatic = plan.kind === 'static'
  const head = [
    `### ${titleOf(plan)}`,
    ...origin(plan, options),
    ...cautions(plan).map(({ word, text }) => `**${word}**: ${prose(text)}`),
  ]
  const foot = [
    ...(plan.rollout === undefined || isAlone(plan)
      ? []
      : [`**Rollout after the merge**: ${prose(plan.rollout)}.`]),
    footer(plan),
  ]
  let room = (options.limit ?? maxComment) - reserve - length([...head, ...foot])
  const take = <T>(
    all: readonly T[],
    share: number,
    toText: (one: T) => string,
  ): readonly string[] => {
    // No comment has room for more.
    const taken = fitting(all.slice(0, 1000).map(toText), Math.floor(room * share))
    room -= length(taken)
    return taken
  }
  const failures = groupFailures(plan.failures)
  const lines = errorLines.find(
    (max) =>
      length(failures.slice(0, maxFailures).map((one) => failurePart(one, short, max))) < room / 2,
  )
  const failed = take(failures.slice(0, maxFailures), 1 / 2, (failure) =>
    failurePart(failure, short, lines ?? errorLines.at(-1)!),
  )
  const given = take(plan.reasons, 1 / 2, (reason) => reasonLine(reason, plan, short, options.blob))
  const compared = isStatic ? [] : plan.machines
  const changes = planChanges(compared, { patches: false })
  const detailed = options.showContents ? planChanges(compared, { patches: true }) : changes
  const rows = take(changes, 3 / 4, (change) => changeRow(change, short))
  const { warnings = [], blob } = options
  const warned = take(warnings, 1 / 4, (warning) => problemLine(warning, blob))
  const parts: string[] = []
  let unfolded = 0
  for (const change of detailed.filter(hasDetails)) {
    const part = unfolded > 0 ? undefined : detailsThatFit(change, short, room)
    if (part === undefined) unfolded++
    else {
      room -= sizeOf(part) + 2
      parts.push(part)
    }
  }
  return [
    ...head,
    ...failed,
    ...reasonParts(given),
    ...(isStatic && plan.machines.length > 0 ? [machinesLine(plan, short)] : []),
    ...tableParts(rows),
    ...(unfolded === 0 ? opened(parts) : parts),
    ...warningPart(warned, warnings.length),
    ...leftOut(plan, options, [
      ['', failures.length - failed.length, 'failure'],
      ['', plan.reasons.length - given.length, 'reason'],
      ['', changes.length - rows.length, 'change'],
      ['details of ', unfolded, 'change'],
    ]),
    ...foot,
  ].join('\n\n')
}

/** With long patches cut before it is left out. */
function detailsThatFit(change: Change, short: Short, room: number): string | undefined {
  for (const amount of amounts) {
    const part = changeDetails(change, short, amount)
    if (part !== undefined && sizeOf(part) + 2 <= room) return part
  }
  return undefined
}

/** What is said where a merge would not work, in place of a plan. */
export function conflictComment(title: PlanTitle, files: readonly string[]): string {
  const shown = files.slice(0, 50)
  const left = files.length - shown.length
  return [
    '### Cannot be merged, so there is no plan',
    `In conflict with ${code(title.base)}:`,
    [
      ...shown.map((file) => `- ${code(file)}`),
      ...(left > 0 ? [`- and ${count(left, 'more file')}`] : []),
    ].join('\n'),
    `<sub>${commits(title)} · ${help}</sub>`,
  ].join('\n\n')
}

/**
 * Our comment while its plan is made again, because the base has moved: the title stays, the next line
 * says so. Said of a comment that says it already, only the commit is another.
 */
export function staleComment(
  comment: string,
  { base, baseCommit }: Pick<PlanTitle, 'base' | 'baseCommit'>,
): string {
  const [title = '', ...rest] = comment.split('\n\n')
  const kept = rest[0]?.startsWith(staleMark) ? rest.slice(1) : rest
  const moved = `${staleMark} ${code(base)} moved to ${commitText(baseCommit)}: this plan is being made again.`
  return [title, moved, ...kept].join('\n\n')
}

const staleMark = '**Out of date**:'

const help = '`/nixcluster help`'

const length = (parts: readonly string[]): number =>
  parts.reduce((sum, part) => sum + sizeOf(part) + 2, 0)

function titleOf(plan: Plan): string {
  const { changes, failed, rest } = headline(plan)
  return [capital(changes), ...(failed === undefined ? [] : [failed]), ...rest]
    .map(escapeText)
    .join(' · ')
}

const commits = ({ head, baseCommit }: PlanTitle): string =>
  `${commitText(head)} into ${commitText(baseCommit)}`

/** Whether somebody’s code was run for the plan, and who allowed it. */
function origin(
  { kind, title, approvedBy }: Plan,
  { evaluating = false }: PlanCommentOptions,
): readonly string[] {
  const head = commitText(title.head)
  if (kind === 'evaluated') {
    return approvedBy === undefined ? [] : [`Evaluated: ${code(approvedBy)} approved ${head}.`]
  }
  return evaluating
    ? [`Static plan: nobody’s code was run yet; ${head} is being evaluated …`]
    : [
        `Static plan: nobody’s code was run; somebody who may push can answer \`/nixcluster approve\` for ${head}.`,
      ]
}

function names(all: readonly string[], short: Short): string {
  const ranges = nameRanges(all.map(short))
  const shown = ranges.slice(0, maxNames)
  const left = ranges.slice(maxNames).reduce((sum, { size }) => sum + size, 0)
  const words = shown
    .map(({ first, last }) => (first === last ? code(first) : `${code(first)} to ${code(last)}`))
    .join(', ')
  return left > 0 ? `${words} and ${left} more` : words
}

/** With their number, where nobody counts names. */
const counted = (all: readonly string[], short: Short): string =>
  all.length > 3 ? `${names(all, short)} (${all.length})` : names(all, short)

function reasonLine(
  { place, text, machines }: Reason,
  plan: Plan,
  short: Short,
  blob: string | undefined,
): string {
  const concerned = new Set(machines)
  const all = plan.machines.every(({ name }) => concerned.has(name))
  const isSaid = machines.length === 1 && text.includes(short(machines[0]!))
  const whom = all || isSaid || machines.length === 0 ? '' : ` → ${counted(machines, short)}`
  return `- ${place === undefined ? '' : `${placeLink(place, blob)} `}${prose(text)}${whom}`
}

function reasonParts(lines: readonly string[]): readonly string[] {
  if (lines.length <= openReasons + 1) return lines.length === 0 ? [] : [lines.join('\n')]
  const rest = lines.slice(openReasons)
  return [
    lines.slice(0, openReasons).join('\n'),
    details(count(rest.length, 'more reason'), rest.join('\n')),
  ]
}

function warningPart(lines: readonly string[], total: number): readonly string[] {
  if (total === 0) return []
  const left = total > lines.length ? [`- and ${total - lines.length} more`] : []
  return [details(count(total, 'warning'), [...lines, ...left].join('\n'))]
}

function tableParts(rows: readonly string[]): readonly string[] {
  const table = (some: readonly string[]): string => [...tableHead, ...some].join('\n')
  if (rows.length <= openRows + 1) return rows.length === 0 ? [] : [table(rows)]
  const rest = rows.slice(openRows)
  return [table(rows.slice(0, openRows)), details(count(rest.length, 'more change'), table(rest))]
}

const machinesLine = ({ machines }: Plan, short: Short): string =>
  `Machines: ${counted(
    machines.map(({ name }) => name),
    short,
  )}`

const tableHead = ['| machines | what changes |', '|:--|:--|']

function changeRow({ machines, part, facts, words, size }: Change, short: Short): string {
  const whom = part === 'shared' ? `all ${machines.length}` : counted(machines, short)
  const said = words === undefined ? [] : [words]
  const lines = [...said, ...factRows(facts, 0), ...(size === '' ? [] : [size])]
  return tableRow([whom, lines.join('<br>')])
}

/** Those of a virtual host stand below it, a step to the right. */
const factRows = (facts: readonly Fact[], depth: number): readonly string[] =>
  overview(facts, maxFacts).flatMap(({ fact, more }) => [
    '\u00a0'.repeat(3 * depth) + (fact === undefined ? more! : factWords(fact)),
    ...factRows(fact?.inner ?? [], depth + 1),
  ])

/** `~ user alice: keys` */
function factWords({ mark, kind, noun, name, words }: Fact): string {
  if (kind === 'reboot') return `${mark} **${noun}** ${escapeText(name)}`
  const what = [noun, code(name)].filter(Boolean).join(' ')
  const colon = kind === 'user' && words !== '' ? ':' : ''
  return `${mark} ${what}${words === '' ? '' : `${colon} ${escapeText(words)}`}`
}

/** A patch that is short and alone is not folded. */
function opened(parts: readonly string[]): readonly string[] {
  const [part = ''] = parts
  const isShort = part.split('\n').length <= openLines && part.includes('\n@@ ')
  return parts.length === 1 && isShort ? [part.replace('<details>', '<details open>')] : parts
}

function failurePart(
  { machines, stage, message }: FailureGroup,
  short: Short,
  maxLines: number,
): string {
  const verb = stage === 'evaluation' ? 'evaluated' : 'built'
  return `**✗** ${counted(machines, short)} cannot be ${verb}:\n\n${fence(cutLines(message, maxLines))}`
}

function leftOut(
  plan: Plan,
  { url }: PlanCommentOptions,
  left: readonly (readonly [string, number, string])[],
): readonly string[] {
  const what = left.filter(([, n]) => n > 0).map(([of, n, noun]) => of + count(n, noun))
  if (what.length === 0) return []
  const command = code(wholePlan(plan))
  const where =
    url === undefined ? `${command} shows all of it` : `[all of it](${url}), or ${command}`
  return [`Not shown, since a comment has an end: ${list(what)}; ${where}.`]
}

function footer({ title, machines, unaffected, kind, tookMs }: Plan): string {
  const partly = machines.some(({ diff }) => diff?.compared !== 'closures')
  return `<sub>${[
    commits(title),
    ...(unaffected.length > 0 ? [`${count(unaffected.length, 'machine')} unaffected`] : []),
    kind === 'static' ? 'nothing evaluated' : partly ? 'evaluated' : 'evaluated, closures built',
    ...(tookMs === undefined ? [] : [duration(tookMs)]),
    help,
  ].join(' · ')}</sub>`
}
