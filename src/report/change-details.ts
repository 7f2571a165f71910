import { aligned, factName, flatFacts, maxFacts, overview } from './change-facts.ts'
import type { Fact, PlacedFact } from './change-facts.ts'
import type { Change } from './change-groups.ts'
import { code, cutLines, details, escapeHtml, escapeText, fence } from './markdown.ts'
import { plain } from './plain.ts'
import { nameRanges, shortSystem } from './wording.ts'

export interface DetailOptions {
  /** Lines of each patch. */
  readonly patchLines: number
  /** Lines of what changes without a patch. */
  readonly rows: number
}

const maxNames = 8

/** A change's folded part, in Markdown; undefined where the table says it all. */
export function changeDetails(
  { machines, part, facts, systems }: Change,
  short: (name: string) => string,
  { patchLines, rows }: DetailOptions,
): string | undefined {
  if (!hasDetails({ facts })) return undefined
  const flat = flatFacts(facts)
  const patched = flat.filter(({ patch }) => patch !== undefined)
  const listed = flat.filter(({ patch }) => patch === undefined)
  const parts = [
    ...(listed.length > 0 ? [fence(factLines(listed, rows), 'diff')] : []),
    ...patched.map((fact) => patchPart(fact, patchLines)),
    ...(systems === undefined
      ? []
      : [`System ${code(shortSystem(systems.before))} → ${code(shortSystem(systems.after))}`]),
  ]
  const summary =
    part === 'shared' ? `<b>all ${machines.length}</b>` : summaryOf(machines.map(short))
  return details(summary, parts.join('\n\n'))
}

/** Whether the table does not say it all. */
export const hasDetails = ({ facts }: Pick<Change, 'facts'>): boolean =>
  !isInTable(facts) || flatFacts(facts).some(({ patch }) => patch !== undefined)

const isInTable = (facts: readonly Fact[]): boolean =>
  overview(facts, maxFacts).every(({ more }) => more === undefined) &&
  facts.every(({ inner }) => inner === undefined || isInTable(inner))

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
