import type { Diagnostic } from '../model/diagnostic.ts'
import type { Plan } from '../model/plan.ts'
import { plain } from './plain.ts'
import { mistakesTitle } from './problems-comment.ts'
import { headline, sentences } from './summary.ts'

/** GitHub refuses a longer description of a commit status. */
export const maxDescription = 140

/** One line of text, cut at the end of a word where it is too long for a commit status. */
export function statusLine(text: string): string {
  const line = plain(text.replaceAll(/\s+/g, ' ')).trim()
  if (line.length <= maxDescription) return line
  const cut = line.slice(0, maxDescription - 1).replace(/[\ud800-\udbff]$/, '')
  return `${cut.includes(' ') ? cut.slice(0, cut.lastIndexOf(' ')) : cut}…`
}

/** What `nixcluster/plan` says of a plan. */
export function planStatusLine(plan: Plan): string {
  const { removals = 0, kind } = plan
  return statusLine(
    [
      ...(removals > 0 ? [`Waits for: /nixcluster allow removal ${removals}.`] : []),
      sentences(headline(plan)),
      ...(kind === 'static' ? ['Static plan: nothing evaluated.'] : []),
    ].join(' '),
  )
}

/** What `nixcluster/plan` says where nothing could be planned. */
export const mistakesStatusLine = (diagnostics: readonly Diagnostic[]): string =>
  statusLine(`${mistakesTitle(diagnostics)}.`)
