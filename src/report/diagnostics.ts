import picocolors from 'picocolors'
import type { Diagnostic } from '../model/diagnostic.ts'

export interface DiagnosticsTextOptions {
  readonly colour?: boolean
}

/** Diagnostics for a terminal: place, message, the line in question and the one before, without a line break at the end. */
export function diagnosticsText(
  diagnostics: readonly Diagnostic[],
  texts: ReadonlyMap<string, string>,
  { colour = false }: DiagnosticsTextOptions = {},
): string {
  const lines = new Map<string, readonly string[]>()
  const linesOf = (file: string): readonly string[] => {
    const known = lines.get(file) ?? texts.get(file)?.split(/\r?\n/) ?? []
    lines.set(file, known)
    return known
  }
  return diagnostics
    .flatMap((diagnostic) => oneDiagnostic(diagnostic, linesOf(diagnostic.file), colour))
    .join('\n')
}

/** A diagnostic in one line, without an excerpt: for logs, and for texts that may hold secrets. */
export function diagnosticLine(diagnostic: Diagnostic, colour = false): string {
  const { hint } = diagnostic
  return headOf(diagnostic, hint === undefined ? '' : `; ${visible(hint)}`, colour)
}

function headOf(
  { file, line, column, severity, message, code }: Diagnostic,
  advice: string,
  colour: boolean,
): string {
  const { bold, dim, red, yellow } = picocolors.createColors(colour)
  const tint = severity === 'error' ? red : yellow
  const place = bold(`${visible(file)}:${line}:${column}`)
  return `${place} ${tint(`${severity}:`)} ${visible(message)}${advice} ${dim(`[${code}]`)}`
}

const width = 100

function oneDiagnostic(
  diagnostic: Diagnostic,
  lines: readonly string[],
  colour: boolean,
): readonly string[] {
  const { dim, red, yellow } = picocolors.createColors(colour)
  const { severity, line, column, hint } = diagnostic
  const tint = severity === 'error' ? red : yellow
  const head = headOf(diagnostic, '', colour)
  const text = lines[line - 1]
  const advice = hint === undefined ? [] : [`      ${dim('│')} ${visible(hint)}`]
  if (text === undefined || text.trim() === '') return [head, ...advice]
  const before = lines[line - 2]
  const from = Math.max(0, column - 1 - 60)
  const excerpt = (content: string): string => visible(content).slice(from, from + width)
  const gutter = (content: string | number): string => dim(`${String(content).padStart(5)} │`)
  const end = diagnostic.endLine === line ? diagnostic.endColumn - 1 : text.trimEnd().length
  const carets = Math.max(1, Math.min(end, from + width) - (column - 1))
  const context = before?.trim() ? [`${gutter(line - 1)} ${excerpt(before)}`] : []
  return [
    head,
    ...context,
    `${gutter(line)} ${excerpt(text)}`,
    `${gutter('')} ${' '.repeat(column - 1 - from)}${tint('^'.repeat(carets))}`,
    ...advice,
  ]
}

/** Foreign text, with nothing in it that a terminal would obey. */
function visible(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}
