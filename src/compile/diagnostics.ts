import type { Complaint, Diagnostic, Position } from '../model/diagnostic.ts'
import { projectFile } from '../schema/decode.ts'
import type { Place } from '../schema/parse.ts'

/** Complaints with their lines and columns, each once, in the order of their places. */
export function toDiagnostics(
  complaints: readonly Complaint[],
  locate: (position: Position) => Place,
): readonly Diagnostic[] {
  const nowhere: Position = { file: projectFile, document: 0, path: [] }
  const diagnostics = complaints.map((complaint): Diagnostic => {
    const { severity, code, at: place = nowhere, hint, related } = complaint
    const other = related && `${related.file}:${locate(related).line}`
    const message = other ? `${complaint.message} (${other})` : complaint.message
    const known = { severity, code, message, file: place.file, ...locate(place) }
    return hint === undefined ? known : { ...known, hint }
  })
  diagnostics.sort(
    (a, b) =>
      order(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      order(a.code, b.code) ||
      order(a.message, b.message) ||
      order(a.severity, b.severity) ||
      order(a.hint ?? '', b.hint ?? '') ||
      a.endLine - b.endLine ||
      a.endColumn - b.endColumn,
  )
  // Sorted before, so that which one is kept does not depend on who complained first.
  return [...new Map(diagnostics.map((diagnostic) => [keyOf(diagnostic), diagnostic])).values()]
}

function keyOf({ file, line, column, code, message }: Diagnostic): string {
  return JSON.stringify([file, line, column, code, message])
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
