/** A place in a source file as the parser knows it; line and column are worked out when someone asks. */
export interface Position {
  readonly file: string
  /** Index of the YAML document in the file. */
  readonly document: number
  /** Keys and indices from the document's root. */
  readonly path: readonly (string | number)[]
  /** Points at the last key of `path` instead of its value. */
  readonly atKey?: boolean
  /** Points at the tag in front of the value. */
  readonly atTag?: boolean
  /** Offsets in the text that stands there. */
  readonly part?: { readonly start: number; readonly end: number }
}

export type Severity = 'error' | 'warning'

/** What codes begin with: the room that finds the mistake, or the noun that it is about. */
export const codeRooms = [
  'compile',
  'config',
  'diff',
  'lock',
  'names',
  'schema',
  'selectors',
] as const

/** `room/kebab`, stable; written out where it is used, and explained in docs/diagnostics.md. */
export type Code = `${(typeof codeRooms)[number]}/${string}`

/** A user's mistake while it still has its place in the parser's terms. */
export interface Complaint {
  readonly severity: Severity
  readonly code: Code
  readonly message: string
  readonly at?: Position
  /** The other place, where two are in each other's way. */
  readonly related?: Position
  readonly hint?: string
}

/** A user's mistake with its place; lines and columns count from 1, `endColumn` is exclusive. */
export interface Diagnostic {
  readonly severity: Severity
  readonly code: Code
  readonly message: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
  readonly hint?: string
}
