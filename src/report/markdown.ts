/** Longest comment that we write; GitHub takes 65,536 characters, the forge's hidden marker included. */
export const maxComment = 65_000

const controls = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g

/**
 * Text of others as one line of Markdown: nothing in it formats, links, mentions or ends a table's
 * cell. A forge looks for mentions after it has read the Markdown, so `@` and `#` are parted from
 * what follows by a space without width.
 */
export const escapeText = (text: string): string =>
  text
    .replaceAll(controls, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_{}[\]()<>~|!&$]/g, '\\$&')
    .replaceAll(/[@#]|:(?=\/\/)|\bwww(?=\.)/g, '$&\u200b')

/** Text of others as code in a line. */
export function code(text: string): string {
  const line = text.replaceAll(controls, '').replaceAll(/\s+/g, ' ').trim()
  if (line === '') return ''
  const ticks = '`'.repeat(longestRun(line) + 1)
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return ticks + pad + line + pad + ticks
}

/** Markdown of ours as one row of a table: a bar ends a cell even inside of code. */
export const tableRow = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll(/(?<!\\)\|/g, '\\|')).join(' | ')} |`

/** Text of others as a block of code that it cannot leave. */
export function fence(text: string, language = ''): string {
  const clean = text.replaceAll('\r', '').replaceAll(controls, '').trimEnd()
  const ticks = '`'.repeat(Math.max(3, longestRun(clean) + 1))
  return `${ticks}${language}\n${clean}\n${ticks}`
}

/** A part that is closed until it is asked for; `summary` is Markdown of ours. */
export const details = (summary: string, body: string): string =>
  `<details><summary>${summary}</summary>\n\n${body}\n</details>`

/** Text of others as HTML, for places where Markdown is not read. */
export const escapeHtml = (text: string): string =>
  text
    .replaceAll(controls, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[@#]/g, '$&\u200b')

/** Address of a line of a file at a commit; `blob` ends before the file's path. */
export const lineUrl = (blob: string, file: string, line: number): string =>
  `${blob}/${file.split('/').map(encodeURIComponent).join('/').replaceAll('(', '%28').replaceAll(')', '%29')}#L${line}`

const longestRun = (text: string): number =>
  Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))

/** Parts that fit, in order, and how many at the end did not. */
export function fitting(
  parts: readonly string[],
  room: number,
): { readonly parts: readonly string[]; readonly left: number } {
  let used = 0
  const fit = parts.findIndex((part) => (used += part.length + 2) > room)
  return fit < 0 ? { parts, left: 0 } : { parts: parts.slice(0, fit), left: parts.length - fit }
}
