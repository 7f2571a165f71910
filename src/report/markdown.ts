import { shortCommit } from './wording.ts'

/**
 * Longest comment that we write, in bytes: no forge counts fewer characters than bytes, whatever a
 * character is to it. GitHub takes 65,536, the forge's hidden marker included.
 */
export const maxComment = 65_000

/** Bytes of a text as UTF-8; what a forge counts, code points or UTF-16, is never more. */
export const sizeOf = (text: string): number => Buffer.byteLength(text)

/** Characters that are no text: they move a cursor, turn the line's direction, or are half of a pair. */
const controls =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\p{Cs}]/gu

/** No name, path or sentence of a person is longer. */
const longestLine = 300

function oneLine(text: string): string {
  const line = text.replaceAll(controls, '').replaceAll(/\s+/g, ' ').trim()
  return line.length > longestLine
    ? `${line.slice(0, longestLine).replace(/[\ud800-\udbff]$/, '')}…`
    : line
}

/**
 * Parts what a forge would turn into a link, a mention, a reference or a picture after it has read the
 * Markdown, by a space without width: `@name`, `#1`, `!1`, `GH-1`, `https://`, `www.`, `:100:`.
 */
const unlinked = (text: string): string =>
  text.replaceAll(
    /[@#]|!(?=\d)|GH(?=-\d)|:(?=\/\/)|:(?=[\w+-]+(?::|$))|www(?=\.)|(?:mailto|xmpp)(?=:)/gi,
    '$&\u200b',
  )

/**
 * Text of others as one line of Markdown: nothing in it formats, links, mentions, begins a list or ends
 * a table's cell, and it is no command of ours.
 */
export const escapeText = (text: string): string => lineStart(escapeInner(text))

/** The same within a line. */
const escapeInner = (text: string): string =>
  unlinked(oneLine(text)).replaceAll(/[\\`*_{}[\]()<>~|!&$]/g, '\\$&')

const lineStart = (line: string): string =>
  line.replace(/^(?:(\d+)([.)])(?=\s|$)|([-+=/]))/, '$1\\$2$3')

/** `3f2c1a9` */
export const commitText = (commit: string): string => escapeText(shortCommit(commit))

/** Text of others as code in a line. */
export function code(text: string): string {
  const line = oneLine(text)
  if (line === '') return ''
  const ticks = '`'.repeat(longestRun(line) + 1)
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return ticks + pad + line + pad + ticks
}

/** A sentence in which backticks hold code; whatever else is in it is text of others. */
export function prose(text: string): string {
  const parts = text.split('`')
  const last = parts.length - 1
  const line = parts
    .map((part, at) => {
      if (at % 2 === 1 && at < last) return code(part) || ' '
      if (part.trim() === '') return ' '
      const [before, after] = [/^\s/.test(part) ? ' ' : '', /\s$/.test(part) ? ' ' : '']
      return before + escapeInner(part) + after
    })
    .join('')
  return lineStart(line.trim())
}

/** Markdown of ours as one row of a table: a bar ends a cell even inside of code, unless it is escaped. */
export const tableRow = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll(/(\\*)\|/g, escapeBar)).join(' | ')} |`

const escapeBar = (bar: string, slashes: string): string =>
  slashes.length % 2 === 0 ? `${slashes}\\|` : bar

/** Text of others as a block of code that it cannot leave. */
export function fence(text: string, language = ''): string {
  const clean = text.replaceAll(controls, '').trimEnd()
  const ticks = '`'.repeat(Math.max(3, longestRun(clean) + 1))
  return `${ticks}${language}\n${clean}\n${ticks}`
}

/** A part that is closed until it is asked for; `summary` is HTML of ours. */
export const details = (summary: string, body: string): string =>
  `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`

/** Text of others as HTML, for places where Markdown is not read. */
export const escapeHtml = (text: string): string =>
  unlinked(oneLine(text))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/** A place, `clusters/example.yaml:18` or with a column, as a link to its line where there is a page of it. */
export function placeLink(place: string, blob: string | undefined): string {
  const [, file = '', line] = /^(.*?):(\d+)(?::\d+)?$/.exec(place) ?? []
  const steps = file.split('/')
  // A browser would walk up from the repository.
  const leaves = steps.some((step) => ['', '.', '..'].includes(step))
  if (blob === undefined || leaves) return code(place)
  return `[${code(place)}](${blob}/${steps.map(urlPart).join('/')}#L${line})`
}

const urlPart = (text: string): string =>
  encodeURIComponent(text.replaceAll(controls, '')).replaceAll(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const longestRun = (text: string): number => {
  let longest = 0
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length)
  return longest
}

/** The parts at the beginning that fit into so many bytes with a blank line between. */
export function fitting(parts: readonly string[], room: number): readonly string[] {
  let used = 0
  const fit = parts.findIndex((part) => (used += sizeOf(part) + 2) > room)
  return fit < 0 ? parts : parts.slice(0, fit)
}

/**
 * Lines of a text of others: so many at most, none longer than a screen is wide three times, and how many
 * lines were left out at the end.
 */
export function cutLines(text: string, maxLines: number, maxWidth = 300): string {
  const lines = text.trimEnd().split('\n')
  const cut = lines
    .slice(0, maxLines)
    .map((line) => (line.length > maxWidth ? `${line.slice(0, maxWidth)}…` : line))
  const left = lines.length - cut.length
  return [...cut, ...(left > 0 ? [`[${left} more line${left === 1 ? '' : 's'}]`] : [])].join('\n')
}
