import type { Code, Complaint, Position } from '../model/diagnostic.ts'

/** Where the steps of a compilation leave what they find. */
export interface Complaints {
  readonly all: readonly Complaint[]
  add(complaint: Complaint): void
  addAll(complaints: readonly Complaint[]): void
  error(code: Code, message: string, at: Position, hint?: string): void
  warn(code: Code, message: string, at: Position, hint?: string): void
}

/** An empty collection. */
export function createComplaints(): Complaints {
  const all: Complaint[] = []
  const say =
    (severity: Complaint['severity']) =>
    (code: Code, message: string, at: Position, hint?: string): void => {
      all.push({ severity, code, message, at, ...(hint ? { hint } : {}) })
    }
  return {
    all,
    add: (complaint) => void all.push(complaint),
    addAll: (complaints) => {
      // Spread over `push`, a broken fleet's many complaints would overflow the stack.
      for (const complaint of complaints) all.push(complaint)
    },
    error: say('error'),
    warn: say('warning'),
  }
}

/** A position some steps below another. */
export function below(at: Position, ...steps: (string | number)[]): Position {
  return { file: at.file, document: at.document, path: [...at.path, ...steps] }
}

/** The same position, shown by its key. */
export function byKey(at: Position): Position {
  return { ...at, atKey: true }
}
