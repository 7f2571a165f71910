/**
 * Where a part of a scalar's content stands in the file, for what is written between two offsets of
 * it; undefined where escapes or folded lines keep that from being said.
 */
export function spanInScalar(
  text: string,
  scalar: { readonly start: number; readonly end: number },
  content: string,
  part: { readonly start: number; readonly end: number },
): { start: number; end: number } | undefined {
  const offsetOf = offsetsOf(text.slice(scalar.start, scalar.end), content)
  const start = offsetOf?.(part.start)
  if (start === undefined) return undefined
  const end = part.end > part.start ? offsetOf!(part.end - 1)! + 1 : start
  return { start: scalar.start + start, end: scalar.start + end }
}

type OffsetOf = (offset: number) => number

/** From offsets of the content to those of what was written. */
function offsetsOf(written: string, content: string): OffsetOf | undefined {
  if (written.startsWith('|')) return offsetsOfLines(written, content)
  if (content.includes('\n') || written.includes('\n')) return undefined
  if (written.startsWith("'")) {
    const offsets = [...content.matchAll(/'/g)].map(({ index }) => index)
    return (offset) => 1 + offset + offsets.filter((quote) => quote < offset).length
  }
  if (written.startsWith('"')) return written.includes('\\') ? undefined : (offset) => 1 + offset
  return (offset) => offset
}

/** Below `|`, a line is written as it is behind the indentation of the first that has one. */
function offsetsOfLines(written: string, content: string): OffsetOf | undefined {
  const [head = '', ...lines] = written.split('\n')
  if (/\d/.test(head)) return undefined
  const indentation = /^ */.exec(lines.find((line) => line.trim() !== '') ?? '')![0].length
  return (offset) => {
    const before = content.slice(0, offset).split('\n')
    const lineStarts = lines
      .slice(0, before.length - 1)
      .reduce((sum, { length }) => sum + length + 1, 0)
    return head.length + 1 + lineStarts + indentation + before.at(-1)!.length
  }
}
