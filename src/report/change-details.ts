import { aligned, changeFacts, factName, flatFacts } from './change-facts.ts'
import type { PlacedFact } from './change-facts.ts'
import type { ChangeGroup } from './change-groups.ts'
import { code, cutLines, details, escapeHtml, escapeText, fence } from './markdown.ts'
import { plain } from './plain.ts'
import { nameRanges, shortSystem } from './wording.ts'

export interface DetailOptions {
  /** What is in files and units may be shown. */
  readonly showContents: boolean
  /** Of each patch; none: no patch is shown. */
  readonly patchLines: number
  /** Lines of what changes without a patch. */
  readonly rows: number
}

/** Facts of a kind that a row of the table has room for. */
const inTable = 4
const maxNames = 8

/** A change's folded part, in Markdown; undefined where the table says it all. */
export function groupDetails(
  { machines, diff }: ChangeGroup,
  short: (name: string) => string,
  { showContents, patchLines, rows }: DetailOptions,
): string | undefined {
  if (diff?.before === undefined) return undefined
  const facts = changeFacts(diff)
  const flat = flatFacts(facts)
  const patched = flat.filter(({ patch }) => showContents && patch !== undefined)
  const kinds = Map.groupBy(facts, ({ kind }) => kind)
  const isWhole = [...kinds.values()].every((all) => all.length <= inTable)
  if (patched.length === 0 && isWhole && flat.length === facts.length) return undefined
  const listed = flat.filter((fact) => !patched.includes(fact) || patchLines === 0)
  const parts = [
    ...(listed.length > 0 ? [fence(factLines(listed, rows), 'diff')] : []),
    ...(patchLines === 0 ? [] : patched.map((fact) => patchPart(fact, patchLines))),
    ...(machines.length > 1
      ? []
      : [`System ${code(shortSystem(diff.before))} → ${code(shortSystem(diff.after))}`]),
  ]
  return details(summaryOf(machines.map(short)), parts.join('\n\n'))
}

function summaryOf(names: readonly string[]): string {
  const ranges = nameRanges(names)
  const words = ranges
    .slice(0, maxNames)
    .map(({ first, last }) =>
      first === last ? escapeHtml(first) : `${escapeHtml(first)} to ${escapeHtml(last)}`,
    )
    .join(', ')
  const left = ranges.slice(maxNames).reduce((sum, { size }) => sum + size, 0)
  const rest = left > 0 ? ` and ${left} more` : ''
  return `<b>${words}</b>${rest}${names.length > 1 ? ` (${names.length} alike)` : ''}`
}

/** As on a terminal. */
function factLines(facts: readonly PlacedFact[], max: number): string {
  const shown = facts.slice(0, max)
  const lines = aligned(
    shown.map((fact) => ({
      start: `${'  '.repeat(fact.hosts.length)}${fact.mark} ${plain(factName(fact))}`,
      words: plain(fact.words),
    })),
  )
  const left = facts.length - shown.length
  return [...lines, ...(left > 0 ? [`and ${left} more`] : [])].join('\n')
}

function patchPart({ hosts, mark, name, words, patch }: PlacedFact, lines: number): string {
  const where = hosts.map((host) => `${code(host)}: `).join('')
  // In bold, or the sign would begin a list.
  const line = `**${mark}** ${where}${code(name)} ${escapeText(words)}`.trim()
  return `${line}\n\n${fence(cutLines(patch!, lines), 'diff')}`
}
