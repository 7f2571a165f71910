import type { Diagnostic } from '../model/diagnostic.ts'
import { code, escapeText, fitting, lineUrl, maxComment } from './markdown.ts'
import { count, shortCommit } from './wording.ts'

export interface ProblemsCommentOptions {
  readonly head: string
  /** Address of the head's files, up to their path. */
  readonly blob?: string
}

/** The mistakes of a proposal as the body of its comment, and nothing else. */
export function problemsComment(
  diagnostics: readonly Diagnostic[],
  { head, blob }: ProblemsCommentOptions,
): string {
  const of = (severity: Diagnostic['severity']) =>
    diagnostics.filter((diagnostic) => diagnostic.severity === severity)
  const [errors, warnings] = [of('error'), of('warning')]
  const title = [
    count(errors.length, 'mistake'),
    ...(warnings.length > 0 ? [count(warnings.length, 'warning')] : []),
  ].join(', ')
  const lines = fitting(
    [...errors, ...warnings].map((diagnostic) => problemLine(diagnostic, blob)),
    maxComment - 1000,
  )
  return [
    `### ${title} in the configuration; nothing is rendered, nothing would be deployed`,
    [...lines.parts, ...(lines.left > 0 ? [`- and ${lines.left} more`] : [])].join('\n'),
    `<sub>${shortCommit(head)} · \`nixcluster validate\` shows the same before you push</sub>`,
  ].join('\n\n')
}

function problemLine(
  { severity, message, file, line, column, hint, code: name }: Diagnostic,
  blob: string | undefined,
): string {
  const place = code(`${file}:${line}:${column}`)
  const linked = blob === undefined ? place : `[${place}](${lineUrl(blob, file, line)})`
  const mark = severity === 'warning' ? 'warning: ' : ''
  const advice = hint === undefined ? '' : `; ${escapeText(hint)}`
  return `- ${linked} ${mark}${escapeText(message)}${advice} ${code(name)}`
}
