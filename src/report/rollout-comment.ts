import type { Ledger, Rollout } from '../model/ledger.ts'
import {
  code,
  commitText,
  cutLines,
  escapeText,
  fence,
  fitting,
  maxComment,
  prose,
  sizeOf,
  tableRow,
} from './markdown.ts'
import type { Standing } from '../model/standing.ts'
import { count, duration, list, nameRanges, shortCommit, shortNames } from './wording.ts'

export interface RolloutCommentInput {
  readonly ledger: Ledger
  readonly rollout: Rollout
  /** Of the machines of the wanted commit, by full name, in the order to show. */
  readonly standings: Readonly<Record<string, Standing>>
  /** The source commit is a merge, which a revert has to be told. */
  readonly isMerge: boolean
  /** Address of the log of a machine's attempt; undefined where there is none. */
  readonly logUrl?: (machine: string, attempt: number) => string | undefined
  /** How long a machine took, milliseconds, where that is known. */
  readonly tookMs?: Readonly<Record<string, number>>
  /** What a machine said last, where it failed. */
  readonly lines?: Readonly<Record<string, readonly string[]>>
  /** What the plan came to, as a sentence. */
  readonly planned?: string
  /** Bytes at most; default 65,000. */
  readonly limit?: number
}

/** Where a machine stands in one rollout; in the order of the table. */
const states = ['failed', 'offline', 'paused', 'deploying', 'waiting', 'done'] as const
type State = (typeof states)[number]

const marks: Readonly<Record<State, string>> = {
  failed: '✗',
  offline: '…',
  paused: '…',
  deploying: '…',
  waiting: '',
  done: '✓',
}

/** More machines that are done than these are told as one. */
const manyDone = 12
const maxNames = 8
const maxFailures = 10

interface Row {
  readonly machine: string
  readonly state: State
  readonly words: string
  /** What was said of it, in lines. */
  readonly lines?: string
  readonly link?: string
}

/**
 * The comment of a proposal after its merge: how the rollout goes. It has only times of the ledger, so
 * another tick in which nothing happened makes the same text.
 */
export function rolloutComment(input: RolloutCommentInput): string {
  const { rollout, standings, limit = maxComment } = input
  const short = shortNames(Object.keys(standings))
  const isOver = rollout.state === 'superseded'
  const rows = isOver ? [] : rowsOf(input)
  const current = isOver ? 0 : Object.keys(standings).length - rows.length
  const head = [`### ${title(input, rows, short)}`, ...remarks(input, rows)]
  const foot = [...wayBack(input), footer(input, current)]
  let room = limit - 500 - [...head, ...foot].reduce((sum, part) => sum + sizeOf(part) + 2, 0)
  const groups = grouped(rows)
  const shown = fitting(
    groups.map((group) => groupRow(group, short)),
    Math.floor(room / 2),
  )
  room -= shown.reduce((sum, row) => sum + sizeOf(row) + 2, 0)
  const left = groups.slice(shown.length).reduce((sum, group) => sum + group.length, 0)
  const said = fitting(
    groups
      .filter(([row]) => row!.lines !== undefined)
      .slice(0, maxFailures)
      .map((group) => `${names(group, short)}:\n\n${fence(cutLines(group[0]!.lines!, 20))}`),
    room,
  )
  return [
    ...head,
    ...(shown.length > 0 ? [['| | machines | |', '|---|:--|:--|', ...shown].join('\n')] : []),
    ...(left > 0 ? [`And ${count(left, 'more machine')}: \`nixcluster status\` shows them.`] : []),
    ...said,
    ...foot,
  ].join('\n\n')
}

/** The comment of a proposal that is merged and waits, for `why`: a sentence without its dot. */
export const waitingComment = (source: string, why: string): string =>
  [
    '### Merged, not deployed yet',
    `${prose(why)}.`,
    `<sub>${commitText(source)} · \`/nixcluster help\`</sub>`,
  ].join('\n\n')

function title(input: RolloutCommentInput, rows: readonly Row[], short: (name: string) => string) {
  const { ledger, rollout } = input
  const of = (...wanted: readonly State[]): readonly string[] =>
    rows.filter(({ state }) => wanted.includes(state)).map(({ machine }) => short(machine))
  const done = of('done').length
  const [failed, offline, paused] = [of('failed'), of('offline'), of('paused')]
  const moving = of('deploying', 'waiting').length > 0
  const total = count(rows.length, 'machine')
  const share = done === rows.length ? total : `${done} of ${total}`
  const rest = [
    ...(failed.length > 0 ? [`${whom(failed)} failed`] : []),
    ...(offline.length > 0
      ? [`${whom(offline)} ${offline.length === 1 ? 'is' : 'are'} offline${since(input, rows)}`]
      : []),
    ...(paused.length > 0 ? [`${whom(paused)} ${paused.length === 1 ? 'is' : 'are'} paused`] : []),
  ]
  const parts = ((): readonly string[] => {
    if (rollout.state === 'superseded') {
      const by = ledger.wanted?.source
      return [
        by === undefined || by === rollout.source
          ? 'Superseded by a newer commit'
          : `Superseded by ${shortCommit(by)}`,
      ]
    }
    if (rollout.state === 'stopped' || rollout.state === 'back') {
      return [`Stopped: ${done} of ${total} done`, ...rest]
    }
    if (rows.length === 0) return ['Nothing to deploy: every machine is current']
    return [moving ? `Deploying: ${done} of ${rows.length} done` : `Deployed to ${share}`, ...rest]
  })()
  return parts.map(escapeText).join(' · ')
}

const whom = (all: readonly string[]): string =>
  all.length > 3 ? count(all.length, 'machine') : list(all)

/** Of a single machine; several have their times in the table. */
function since({ ledger }: RolloutCommentInput, rows: readonly Row[]): string {
  const [row, ...others] = rows.filter(({ state }) => state === 'offline')
  const lost = ledger.machines[row?.machine ?? '']?.intent?.lost
  return lost === undefined || others.length > 0 ? '' : ` since ${minute(lost.since)}`
}

/** `2025-01-02 14:02 UTC` of a time in ISO 8601. */
export const minute = (iso: string): string => {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?Z$/.exec(iso) ?? []
  return day === undefined ? iso : `${day} ${time} UTC`
}

/** Machines that this rollout concerns; the others were current before. */
function rowsOf(input: RolloutCommentInput): readonly Row[] {
  const { ledger, rollout, standings, logUrl, tookMs = {}, lines = {} } = input
  const all = Object.entries(standings).flatMap(([machine, { state, note = '' }]): Row[] => {
    const record = ledger.machines[machine]
    const url = logUrl?.(machine, record?.attempt ?? 0)
    const link = url !== undefined && /^https?:\/\/[^\s()<>|]+$/.test(url) ? { link: url } : {}
    const row = (as: State, words: string, said?: string): Row => ({
      ...{ machine, state: as, words },
      ...(as === 'done' || as === 'failed' ? link : {}),
      ...(said === undefined || said.trim() === '' ? {} : { lines: said }),
    })
    switch (state) {
      case 'current': {
        if (record?.given?.seq !== rollout.seq) return []
        const took = tookMs[machine]
        return [
          row('done', took === undefined ? 'checks passed' : `${duration(took)}, checks passed`),
        ]
      }
      case 'held':
        return [row('failed', note === '' ? 'failed' : note, lines[machine]?.join('\n'))]
      case 'failed-evaluation':
        return [row('failed', 'cannot be evaluated or built', note)]
      case 'lost':
        return [row('offline', offlineWords(ledger, machine))]
      case 'paused':
        return [row('paused', note.replaceAll(/\S+T\S+Z/g, minute))]
      case 'deploying':
        return [row('deploying', note === 'withdrawn' ? 'ends what was begun before' : 'under way')]
      case 'pending':
      case 'unknown':
        return [row('waiting', rollout.state === 'running' ? note || 'waits' : 'not begun')]
    }
  })
  return states.flatMap((state) => all.filter((row) => row.state === state))
}

function offlineWords({ machines }: Ledger, machine: string): string {
  const lost = machines[machine]?.intent?.lost
  const when = lost === undefined ? '' : ` since ${minute(lost.since)}`
  const began = lost?.begun ? 'in mid-deployment it stopped answering,' : 'does not answer'
  return `${began}${when}; gets the newest state when it is back`
}

/** Rows that read the same are one; so are those that are done, where they are many. */
function grouped(rows: readonly Row[]): readonly (readonly Row[])[] {
  const isMany = rows.filter(({ state }) => state === 'done').length > manyDone
  const plainRows = rows.map(({ link, ...row }): Row => {
    if (row.state === 'done' && isMany) return { ...row, words: 'checks passed' }
    return link === undefined ? row : { ...row, link }
  })
  return [
    ...Map.groupBy(plainRows, ({ state, words, lines, link }) =>
      JSON.stringify([state, words, lines, link]),
    ).values(),
  ]
}

function names(rows: readonly Row[], short: (name: string) => string): string {
  const ranges = nameRanges(rows.map(({ machine }) => short(machine)))
  const words = ranges
    .slice(0, maxNames)
    .map(({ first, last }) => (first === last ? code(first) : `${code(first)} to ${code(last)}`))
  const left = ranges.slice(maxNames).reduce((sum, { size }) => sum + size, 0)
  const all = left > 0 ? `${words.join(', ')} and ${left} more` : words.join(', ')
  return rows.length > 3 ? `${all} (${rows.length})` : all
}

function groupRow(rows: readonly Row[], short: (name: string) => string): string {
  const [{ state, words, link }] = rows as [Row]
  const log = link === undefined ? '' : ` · [log](${link})`
  return tableRow([marks[state], names(rows, short), prose(words.split('\n')[0] ?? '') + log])
}

/** Why it does not go on, where a person has to say something. */
function remarks(
  { ledger, rollout }: RolloutCommentInput,
  rows: readonly Row[],
): readonly string[] {
  if (rollout.state === 'superseded') return ['The machines get that one instead.']
  const isStopped = rollout.state === 'stopped' || rollout.state === 'back'
  const isTold = rows.some(({ state }) => state === 'failed')
  return [
    ...(ledger.adopted === undefined
      ? [
          'The machines were only read: nothing is deployed before somebody says `nixcluster deploy`.',
        ]
      : []),
    ...(isStopped && !isTold && rollout.reason !== undefined ? [`${prose(rollout.reason)}.`] : []),
  ]
}

function wayBack({ rollout, isMerge }: RolloutCommentInput): readonly string[] {
  if (rollout.state !== 'stopped' && rollout.state !== 'back') return []
  const revert = `git revert ${isMerge ? '-m1 ' : ''}${shortCommit(rollout.source)}`
  return [`Go back with ${code(revert)}, or try again with \`/nixcluster retry\`.`]
}

function footer({ rollout, planned }: RolloutCommentInput, current: number): string {
  return `<sub>${[
    commitText(rollout.source),
    ...(current > 0 ? [`${count(current, 'machine')} unaffected`] : []),
    ...(planned === undefined ? [] : [`planned: ${prose(planned.replace(/\.$/, ''))}`]),
    '`/nixcluster help`',
  ].join(' · ')}</sub>`
}
