import picocolors from 'picocolors'
import type { Plan, Reason } from '../model/plan.ts'
import { aligned, factName, flatFacts, overview } from './change-facts.ts'
import type { Fact, FactRow } from './change-facts.ts'
import type { Change, FailureGroup } from './change-groups.ts'
import { groupFailures, planChanges } from './change-groups.ts'
import { plain, plainLines, terminalWidth, wrap } from './plain.ts'
import { cautions, headline, isAlone, planNames, sentences, wholePlan } from './summary.ts'
import type { Caution } from './summary.ts'
import { commaList, count, duration, nameRanges, shortCommit } from './wording.ts'

export interface PlanTextOptions {
  /** Columns; default 72, which is a terminal beside git's `remote: `. */
  readonly width?: number
  /** For state only; default none. */
  readonly colour?: boolean
  /** All of it, what is in files included: for whoever has the repository; default what can be read at once. */
  readonly whole?: boolean
}

/** How much is read at once: reasons, changes, facts of one kind in a change, and lines of an error. */
const atOnce = { reasons: 12, changes: 20, facts: 7, errorLines: 16 }
const all = { reasons: Infinity, changes: Infinity, facts: Infinity, errorLines: Infinity }
/** Names of machines, or ranges of them, in one place. */
const maxNames = 4

type Colours = ReturnType<typeof picocolors.createColors>

type Short = (name: string) => string

/** The plan for a terminal, in the words and the order of the comment. */
export function planText(
  plan: Plan,
  { width = terminalWidth, colour = false, whole = false }: PlanTextOptions = {},
): readonly string[] {
  const { title, machines, unaffected, reasons, failures, rollout, tookMs, kind } = plan
  const colours = picocolors.createColors(colour)
  const { bold, dim, red } = colours
  const short = planNames(plan)
  const inner = width - 2
  const isStatic = kind === 'static'
  const max = whole ? all : atOnce
  const changes = isStatic ? [] : planChanges(machines, { patches: whole })
  const shown = changes.slice(0, max.changes)
  const given = reasons.slice(0, max.reasons)
  const left = [
    ...(reasons.length > given.length ? [count(reasons.length - given.length, 'reason')] : []),
    ...(changes.length > shown.length ? [count(changes.length - shown.length, 'change')] : []),
  ]
  const waits = plan.waits !== undefined || (plan.removals ?? 0) > 0
  const nothing = machines.length === 0 && plan.removed.length === 0
  return [
    dim(
      `plan of ${plain(title.branch)} (${shortCommit(title.head)}) into ${plain(title.base)} (${shortCommit(title.baseCommit)})`,
    ),
    '',
    ...indented(wrap(sentences(headline(plan)), inner).map(bold)),
    ...(isStatic ? indented(['Static plan: nobody’s code was run.']) : []),
    ...(plan.approvedBy === undefined
      ? []
      : indented(
          wrap(`Evaluated: ${plan.approvedBy} approved ${shortCommit(title.head)}.`, inner),
        )),
    ...section(cautions(plan).flatMap((caution) => cautionLines(caution, inner))),
    ...groupFailures(failures).flatMap((group) =>
      section(failureLines(group, short, width, max.errorLines, red)),
    ),
    ...section(given.flatMap((reason) => reasonLines(reason, plan, short, width))),
    ...(isStatic && machines.length > 0
      ? section(
          wrap(
            nameList(
              machines.map(({ name }) => name),
              short,
              20,
            ),
            inner,
          ),
        )
      : []),
    ...changeParts(shown, short, max.facts, colours).flatMap(section),
    ...section(
      left.length === 0 ? [] : wrap(`And ${left.join(', ')} more: ${wholePlan(plan)}`, inner),
    ),
    ...section(
      withTime(
        [
          ...(unaffected.length > 0
            ? [
                unaffected.length === 1
                  ? '1 machine stays as it is.'
                  : `${unaffected.length} machines stay as they are.`,
              ]
            : []),
          ...(rollout === undefined || isAlone(plan) ? [] : wrap(`Rollout: ${rollout}.`, inner)),
          ...(nothing || waits || isStatic
            ? []
            : wrap(`Merge to ${plain(title.base)} to deploy.`, inner)),
        ],
        tookMs,
        inner,
      ),
    ),
  ]
}

const indented = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => (line === '' ? '' : `  ${line}`))

const section = (lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', ...indented(lines)]

/** What can be typed is not broken; on a terminal it is a command, no comment. */
function cautionLines({ word, text }: Caution, width: number): readonly string[] {
  const typed = text.replaceAll(
    /`\/?([^`]*)`/g,
    (_, inner: string) => `\`${inner.replaceAll(' ', '\u00a0')}\``,
  )
  return wrap(`${word}: ${typed}`, width).map((line) => line.replaceAll('\u00a0', ' '))
}

function withTime(
  lines: readonly string[],
  tookMs: number | undefined,
  width: number,
): readonly string[] {
  if (tookMs === undefined) return lines
  const time = duration(tookMs)
  const last = lines.at(-1) ?? ''
  const room = width - last.length
  return room < time.length + 2
    ? [...lines, time.padStart(width)]
    : [...lines.slice(0, -1), last + time.padStart(room)]
}

/** `web1 to web48 (48)` */
function nameList(all: readonly string[], short: Short, max = maxNames): string {
  const ranges = nameRanges(all.map(short))
  const words = ranges.map(({ first, last }) => (first === last ? first : `${first} to ${last}`))
  if (ranges.length > max) return commaList(all.map(short), max)
  return ranges.length < all.length && all.length > 3
    ? `${words.join(', ')} (${all.length})`
    : words.join(', ')
}

/** Place, text, and whom it concerns where that is not everybody who changes. */
function reasonLines(
  { place, text, machines }: Reason,
  plan: Plan,
  short: Short,
  width: number,
): readonly string[] {
  const concerned = new Set(machines)
  const all = plan.machines.every(({ name }) => concerned.has(name))
  const isSaid = machines.length === 1 && text.includes(short(machines[0]!))
  const whom = all || isSaid || machines.length === 0 ? '' : ` → ${nameList(machines, short)}`
  const start = place === undefined ? '' : `${plain(place)}  `
  if (start.length > 32) return [start.trimEnd(), ...indented(wrap(text + whom, width - 4))]
  const [first = '', ...rest] = wrap(text + whom, width - 2 - start.length)
  return [start + first, ...rest.map((line) => ' '.repeat(start.length) + line)]
}

/** Names to the left of what changes, or above it where one of them is long. */
function changeParts(
  changes: readonly Change[],
  short: Short,
  maxFacts: number,
  colours: Colours,
): readonly (readonly string[])[] {
  const names = changes.map(({ machines, part }) =>
    part === 'shared' ? `all ${machines.length}` : nameList(machines, short),
  )
  const width = Math.max(...names.map((name) => name.length)) + 3
  return changes.map(({ facts, words, size }, at) => {
    const rows = [
      ...(words === undefined ? [] : [words]),
      ...factLines(facts, maxFacts, colours),
      ...(size === '' ? [] : [`  ${size}`]),
    ]
    const patches = patchLines(facts, colours)
    return width > 24
      ? [names[at]!, ...rows.map((row) => `    ${row}`), ...patches]
      : [...rows.map((row, line) => (line === 0 ? names[at]! : '').padEnd(width) + row), ...patches]
  })
}

/** What changes in files and units, below all that changes. */
const patchLines = (facts: readonly Fact[], { dim, green, red }: Colours): readonly string[] =>
  flatFacts(facts).flatMap(({ hosts, name, patch }) => {
    if (patch === undefined) return []
    const paint = { '+': green, '-': red, '@': dim }
    const lines = patch.trimEnd().split('\n').map(plain)
    return [
      '',
      `  ${plain([...hosts, name].join(': '))}`,
      ...lines.map((line) =>
        `    ${paint[line[0] as keyof typeof paint]?.(line) ?? line}`.trimEnd(),
      ),
    ]
  })

/** The mark is coloured after the lines are laid out. */
function factLines(facts: readonly Fact[], max: number, colours: Colours): readonly string[] {
  const rows = placedRows(facts, 0, max)
  const lines = aligned(
    rows.map(({ depth, row: { fact, more } }) => ({
      start: `${'  '.repeat(depth)}${fact === undefined ? `  ${more}` : `${fact.mark} ${plain(factName(fact))}`}`,
      words: plain(fact?.words ?? ''),
    })),
  )
  return lines.map((line, at) => {
    const { depth, row } = rows[at]!
    if (row.fact === undefined) return line
    const from = 2 * depth
    return line.slice(0, from) + markColour(row.fact, colours)(row.fact.mark) + line.slice(from + 1)
  })
}

interface PlacedRow {
  readonly depth: number
  readonly row: FactRow
}

const placedRows = (facts: readonly Fact[], depth: number, max: number): readonly PlacedRow[] =>
  overview(facts, max).flatMap((row) => [
    { depth, row },
    ...placedRows(row.fact?.inner ?? [], depth + 1, max),
  ])

const markColour = ({ mark }: Fact, { green, red, yellow }: Colours) =>
  ({ '+': green, '-': red, '~': yellow, '!': yellow })[mark]

function failureLines(
  { machines, stage, message }: FailureGroup,
  short: Short,
  width: number,
  maxLines: number,
  red: (text: string) => string,
): readonly string[] {
  const verb = stage === 'evaluation' ? 'evaluated' : 'built'
  return [
    `${red('✗')} ${nameList(machines, short)} cannot be ${verb}:`,
    ...plainLines(message, width - 6, maxLines).map((line) => `    ${line}`.trimEnd()),
  ]
}
