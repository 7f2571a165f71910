import type { Diagnostic } from '../model/diagnostic.ts'
import type { Annotation } from '../model/forge.ts'
import { plain } from './plain.ts'

/** GitHub takes as many in one request. */
const maxAnnotations = 50
/** GitHub takes a title of 255 characters, and 64 KiB of message. */
const maxTitle = 255
const maxMessage = 4000

/**
 * Diagnostics as what a forge shows beside their lines, at most 50: errors first, and of these the ones
 * in changed files, where people look. GitHub shows it all as text: nothing in it is read as Markdown.
 */
export function toAnnotations(
  diagnostics: readonly Diagnostic[],
  changedFiles: ReadonlySet<string> = new Set(),
): readonly Annotation[] {
  const rank = ({ severity, file }: Diagnostic): number =>
    (severity === 'error' ? 0 : 2) + (changedFiles.has(file) ? 0 : 1)
  return diagnostics
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, maxAnnotations)
    .map(({ severity, code, message, hint, file, line, endLine }) => ({
      file,
      line,
      endLine: Math.max(line, endLine),
      severity,
      title: cut(code, maxTitle),
      message: cut(
        [message, ...(hint === undefined ? [] : [hint])].map(plain).join('\n'),
        maxMessage,
      ),
    }))
}

const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`
