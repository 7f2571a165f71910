/** At most so many characters; an ellipsis is the last where some are missing. */
export function cutCharacters(text: string, most: number): string {
  const characters = [...text]
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`
}

/** At most so many bytes of UTF-8, without half a character. */
export function cutBytes(text: string, longest: number): string {
  if (Buffer.byteLength(text) <= longest) return text
  return Buffer.from(text)
    .subarray(0, longest)
    .toString()
    .replace(/\uFFFD+$/, '')
}

/** At most so many bytes of UTF-8: whole lines of Markdown from `keep` on, a fence that is open closed, and a note. */
export function cutMarkdown(text: string, longest: number, { keep = 0, note = '' } = {}): string {
  if (Buffer.byteLength(text) <= longest) return text
  const fence = '\n```'
  const room = longest - Buffer.byteLength(note) - fence.length
  const cut = cutBytes(text, room)
  const whole = cut.slice(0, Math.max(cut.lastIndexOf('\n'), keep))
  const fences = whole.match(/^```/gm)?.length ?? 0
  return whole + (fences % 2 === 1 ? fence : '') + note
}
