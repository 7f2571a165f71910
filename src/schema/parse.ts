import type { Complaint, Diagnostic, Position } from '../model/diagnostic.ts'
import { longestText, parseExactly } from './parse-exactly.ts'
import { parseQuickly } from './parse-quickly.ts'
import type { Tree } from './tree.ts'

/** A YAML file: its documents, and the way from a position to a line. */
export interface SourceFile {
  readonly path: string
  /** In the file's order; undefined where a document is empty or broken. */
  readonly documents: readonly (Tree | undefined)[]
  readonly complaints: readonly Complaint[]
  locate(position: Position): Place
}

/** Lines and columns count from 1; the end is exclusive. */
export type Place = Pick<Diagnostic, 'line' | 'column' | 'endLine' | 'endColumn'>

/** Reads the YAML documents of a file; mistakes become complaints, never exceptions. */
export function parse(path: string, text: string): SourceFile {
  const documents = text.length > longestText ? undefined : parseQuickly(text)
  if (documents === undefined) return parseExactly(path, text)
  // Lines and columns are asked of few files: those are read again.
  let exact: SourceFile | undefined
  const locate = (position: Position): Place =>
    (exact ??= parseExactly(path, text)).locate(position)
  return { path, documents, complaints: [], locate }
}
