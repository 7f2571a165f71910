import type { Diagnostic } from '../model/diagnostic.ts'

/** Diagnostics as GitHub's workflow commands, which a job's log turns into annotations of lines. */
export const workflowCommands = (diagnostics: readonly Diagnostic[], prefix = ''): string =>
  diagnostics.map((diagnostic) => `${workflowCommand(diagnostic, prefix)}\n`).join('')

function workflowCommand(
  { severity, code, message, hint, file, line, column, endLine, endColumn }: Diagnostic,
  prefix: string,
): string {
  const place = { file: `${prefix}${file}`, line, endLine }
  // GitHub takes columns within one line only.
  const columns = line === endLine ? { col: column, endColumn } : {}
  const properties = Object.entries({ ...place, ...columns, title: code })
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`)
    .join(',')
  return `::${severity} ${properties}::${escapeText(hint ? `${message}\n${hint}` : message)}`
}

const escapeText = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

const escapeProperty = (text: string): string =>
  escapeText(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
