import type { Plan, Reason } from '../model/plan.ts'
import type { SystemDiff } from '../model/system-diff.ts'
import type { ChangeGroup, FailureGroup } from './change-groups.ts'
import { groupChanges, groupFailures } from './change-groups.ts'
import { columns, plain, plainLines, terminalWidth, wrap } from './plain.ts'
import {
  capital,
  firstSystem,
  headline,
  packageWords,
  planNames,
  sentences,
  sign,
} from './summary.ts'
import { commaList, count, duration, shortCommit, sizeChange } from './wording.ts'

/** Rows of one kind (units, files, packages) that are shown of a machine. */
const maxRows = 8
const maxGroups = 20

/** The plan for the terminal of whoever pushed: lines without colour, 72 wide. */
export function planText(plan: Plan): readonly string[] {
  const { title, machines, unaffected, reasons, failures, waits, rollout, tookMs } = plan
  const short = planNames(plan)
  const groups = plan.kind === 'static' ? [] : groupChanges(machines, { patches: false })
  const shown = groups.slice(0, maxGroups)
  const merge =
    machines.length === 0 && plan.removed.length === 0
      ? []
      : [waits === undefined ? `Merge to ${plain(title.base)} to deploy.` : `${capital(waits)}.`]
  return [
    `plan of ${plain(title.branch)} (${shortCommit(title.head)}) into ${plain(title.base)} (${shortCommit(title.baseCommit)})`,
    '',
    ...indented(wrap(sentences(headline(plan)), terminalWidth - 2)),
    ...(plan.kind === 'static' ? indented(['Static plan: nobody’s code was run.']) : []),
    ...section(reasons.flatMap((reason) => reasonLines(reason, plan, short))),
    ...(plan.kind === 'static' && machines.length > 0
      ? section(
          wrap(
            commaList(
              machines.map(({ name }) => short(name)),
              20,
            ),
            terminalWidth - 2,
          ),
        )
      : []),
    ...groupLines(shown, short).flatMap(section),
    ...(groups.length > shown.length
      ? section([`and ${count(groups.length - shown.length, 'more kind')} of change`])
      : []),
    ...groupFailures(failures).flatMap((group) => section(failureLines(group, short))),
    ...section([
      ...(unaffected.length > 0
        ? [
            unaffected.length === 1
              ? '1 machine stays as it is.'
              : `${unaffected.length} machines stay as they are.`,
          ]
        : []),
      ...(rollout === undefined ? [] : wrap(`Rollout: ${rollout}.`, terminalWidth - 2)),
      ...withTime(
        merge.flatMap((sentence) => wrap(sentence, terminalWidth - 2)),
        tookMs,
      ),
    ]),
  ]
}

const indented = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => (line === '' ? '' : `  ${line}`))

const section = (lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', ...indented(lines)]

function withTime(lines: readonly string[], tookMs: number | undefined): readonly string[] {
  if (tookMs === undefined) return lines
  const time = duration(tookMs)
  const last = lines.at(-1) ?? ''
  const room = terminalWidth - 2 - last.length
  return room < time.length + 2
    ? [...lines, time.padStart(terminalWidth - 2)]
    : [...lines.slice(0, -1), last + time.padStart(room)]
}

/** Place, text, and whom it concerns where that is not everybody who changes. */
function reasonLines(
  { place, text, machines }: Reason,
  plan: Plan,
  short: (name: string) => string,
): readonly string[] {
  const all = plan.machines.every(({ name }) => machines.includes(name))
  const whom = all || machines.length === 0 ? '' : ` -> ${commaList(machines.map(short), 4)}`
  const start = place === undefined ? '' : `${plain(place)}  `
  if (start.length > 32) return [start.trimEnd(), ...indented(wrap(text + whom, terminalWidth - 4))]
  const [first = '', ...rest] = wrap(text + whom, terminalWidth - 2 - start.length)
  return [start + first, ...rest.map((line) => ' '.repeat(start.length) + line)]
}

/** Names to the left of what changes, or above it where one of them is long. */
function groupLines(
  groups: readonly ChangeGroup[],
  short: (name: string) => string,
): readonly (readonly string[])[] {
  const names = groups.map(({ machines }) => commaList(machines.map(short), 4))
  const width = Math.max(...names.map((name) => name.length)) + 3
  return groups.map(({ diff }, at) => {
    const rows = changeRows(diff)
    return width > 24
      ? [names[at]!, ...rows.map((row) => `    ${row}`)]
      : rows.map((row, line) => (line === 0 ? names[at]! : '').padEnd(width) + row)
  })
}

function changeRows(diff: SystemDiff | undefined): readonly string[] {
  if (diff === undefined) return ['changes; its systems are not here to be compared']
  const size = sizeChange(diff.sizeDelta)
  if (diff.before === undefined) return [[firstSystem(diff), size].filter(Boolean).join('   ')]
  const rows = [
    ...some(
      diff.units.map((unit) => [`${sign(unit)} ${plain(unit.name)}`, effectWord(unit.effect)]),
    ),
    ...some(diff.files.map((file) => [`${sign(file)} ${plain(file.path)}`])),
    ...some(diff.packages.map((change) => [plain(packageWords(change))])),
  ]
  const rest = [
    ...(diff.reboot.length > 0 ? [`! needs a reboot: ${diff.reboot.join(', ')}`] : []),
    ...(size === '' ? [] : [`  ${size}`]),
  ]
  const lines = [...columns(rows), ...rest]
  return lines.length > 0 ? lines : ['is built anew; units, files and packages stay']
}

const effectWord = (effect: string): string => (effect === 'none' ? '' : effect)

function some(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  if (rows.length <= maxRows) return rows
  return [...rows.slice(0, maxRows - 1), [`  and ${rows.length - maxRows + 1} more`]]
}

function failureLines({ machines, stage, message }: FailureGroup, short: (name: string) => string) {
  const verb = stage === 'evaluation' ? 'evaluated' : 'built'
  return [
    `✗ ${commaList(machines.map(short), 4)} cannot be ${verb}:`,
    ...plainLines(message, terminalWidth - 6, 16).map((line) => `    ${line}`),
  ]
}
