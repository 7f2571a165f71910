import type { Diagnostic } from '../model/diagnostic.ts'
import { code, commitText, fitting, maxComment, placeLink, prose, sizeOf } from './markdown.ts'
import { count } from './wording.ts'

export interface ProblemsCommentOptions {
  readonly head: string
  /** Address of the head's files, up to their path. */
  readonly blob?: string
  /** Bytes at most; default 65,000. */
  readonly limit?: number
  /** What the change removes, where somebody may allow that. */
  readonly removals?: number
}

/** The mistakes of a proposal as the body of its comment, and nothing else. */
export function problemsComment(
  diagnostics: readonly Diagnostic[],
  { head, blob, limit = maxComment, removals = 0 }: ProblemsCommentOptions,
): string {
  const of = (severity: Diagnostic['severity']) =>
    diagnostics.filter((diagnostic) => diagnostic.severity === severity)
  const all = [...of('error'), ...of('warning')]
  const allow = `If that is meant, somebody who may push can answer \`/nixcluster allow removal ${removals}\`.`
  const parts = [
    `### ${mistakesTitle(diagnostics)}; nothing would be deployed`,
    ...(removals > 0 ? [allow] : []),
    `<sub>${commitText(head)} · \`nixcluster validate\` shows the same before you push · \`/nixcluster help\`</sub>`,
  ]
  const room = limit - 500 - parts.reduce((sum, part) => sum + sizeOf(part) + 2, 0)
  const lines = fitting(
    all.map((diagnostic) => problemLine(diagnostic, blob)),
    room,
  )
  const left = all.length - lines.length
  const list = [...lines, ...(left > 0 ? [`- and ${left} more`] : [])].join('\n')
  return [parts[0], list, ...parts.slice(1)].join('\n\n')
}

/** `2 mistakes, 1 warning in the configuration` */
export function mistakesTitle(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  const warnings = diagnostics.length - errors
  const parts = [
    count(errors, 'mistake'),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ].join(', ')
  return `${parts} in the configuration`
}

/** One of a list: its place, what is wrong, and what to do. */
export function problemLine(
  { severity, message, file, line, column, hint, code: name }: Diagnostic,
  blob: string | undefined,
): string {
  const mark = severity === 'warning' ? 'warning: ' : ''
  const advice = hint === undefined ? '' : `; ${prose(hint)}`
  return `- ${placeLink(`${file}:${line}:${column}`, blob)} ${mark}${prose(message)}${advice} ${code(name)}`
}
