import type { Compilation, SourceTree } from '../model/compilation.ts'
import type { Complaint, Diagnostic } from '../model/diagnostic.ts'
import { ObstaclesError } from '../model/errors.ts'
import { diagnosticLine, diagnosticsText } from '../report/diagnostics.ts'
import { count } from '../report/wording.ts'
import type { CliContext } from './context.ts'

/** Prints what was found, the offending lines with it. */
export function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  texts: ReadonlyMap<string, string>,
  { colour }: Pick<CliContext, 'colour'>,
  write: (text: string) => void,
): void {
  if (diagnostics.length > 0) write(`${diagnosticsText(diagnostics, texts, { colour })}\n`)
}

/** Prints what is wrong with settings, a line each: the lines in question may hold a secret. */
export function printSettingsProblems(
  diagnostics: readonly Diagnostic[],
  { colour, stderr }: Pick<CliContext, 'colour' | 'stderr'>,
): void {
  for (const diagnostic of diagnostics) stderr(`${diagnosticLine(diagnostic, colour)}\n`)
}

/** Says why a folder does not compile; exit code 1. */
export function printErrors(
  { source, diagnostics }: Pick<Compilation, 'diagnostics'> & { readonly source: SourceTree },
  context: CliContext,
): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  printDiagnostics(errors, source.texts, context, context.stderr)
  context.exit(1)
}

/** Says what is wrong with a selector of the command line; false, with exit code 1, at an error. */
export function printComplaints(
  complaints: readonly Complaint[],
  { stderr, exit }: CliContext,
): boolean {
  for (const { severity, message, hint, code } of complaints)
    stderr(`${severity}: ${message}${hint ? `; ${hint}` : ''} [${code}]\n`)
  const isFine = !complaints.some(({ severity }) => severity === 'error')
  if (!isFine) exit(1)
  return isFine
}

/** `2 errors in 3 files, 4 machines, 2 services` */
export function summary({
  diagnostics,
  counts,
}: Pick<Compilation, 'diagnostics' | 'counts'>): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  const warnings = diagnostics.length - errors
  const found = [
    ...(errors > 0 ? [count(errors, 'error')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ]
  const problems = found.length > 0 ? found.join(' and ') : 'No problems'
  const { files, machines, services } = counts
  return `${problems} in ${count(files, 'file')}, ${count(machines, 'machine')}, ${count(services, 'service')}`
}

/** Whether nothing keeps the fleet from being rendered. */
export function isValid({ diagnostics }: Pick<Compilation, 'diagnostics'>): boolean {
  return !diagnostics.some(({ severity }) => severity === 'error')
}

/** Prints data for programs. */
export const printJson = (data: unknown, { stdout }: Pick<CliContext, 'stdout'>): void =>
  stdout(`${JSON.stringify(data, null, 2)}\n`)

/** One line on the standard error for each thing that kept a command from running, and exit code 2. */
export function couldNotRun({ stderr, exit }: CliContext, error: unknown): void {
  const lines =
    error instanceof ObstaclesError
      ? error.obstacles
      : [error instanceof Error ? whatWentWrong(error) : String(error)]
  for (const line of lines) stderr(`nixcluster: ${line}\n`)
  exit(2)
}

/** The file system's own words name the code first, and the call last. */
function whatWentWrong(error: NodeJS.ErrnoException): string {
  const { code, path, message } = error
  const why = fileTroubles[code ?? '']
  return path === undefined || why === undefined ? message : `${path}: ${why}`
}

const fileTroubles: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not read or write it',
  EPERM: 'this user may not change it',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'it is not a folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
}
