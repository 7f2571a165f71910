/** Width of a line on the pusher's terminal, where git puts `remote: ` in front. */
export const terminalWidth = 72

/** Text of others for a terminal: no character in it moves the cursor, colours or turns the line. */
export const plain = (text: string): string =>
  text
    .replaceAll(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .replaceAll('\t', '  ')
    .replaceAll(/[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '')

/** The lines of a text of others, each plain, cut to the width that is left; `max` lines at most. */
export function plainLines(text: string, width: number, max = 12): readonly string[] {
  const lines = text.trim().split(/\r?\n/).map(plain)
  const cut = (line: string): string =>
    line.length > width ? `${line.slice(0, width - 1)}…` : line
  return lines.length <= max
    ? lines.map(cut)
    : [...lines.slice(0, max - 1).map(cut), `[${lines.length - max + 1} more lines]`]
}

/** Words in lines of the width at most; a longer word has a line of its own. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of plain(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

/** Rows in columns as wide as their widest cell, the last as it is; no spaces at the end. */
export function columns(rows: readonly (readonly string[])[], gap = 3): readonly string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)))
  }
  return rows.map((row) =>
    row
      .map((cell, at) => (at < row.length - 1 ? cell.padEnd((widths[at] ?? 0) + gap) : cell))
      .join('')
      .trimEnd(),
  )
}
