/** A comment as GitHub lists it, as far as it says whose it is. */
export interface ListedComment {
  readonly id: number | bigint
  readonly body?: string
  readonly user: { readonly login: string; readonly type: string } | null
}

/** What makes a comment ours, at its very beginning and invisible. */
const marker = '<!-- nixcluster:plan -->'

/** GitHub refuses longer ones. */
const longestBody = 65_536

/** Puts the marker first, and cuts what is too long at the end of a line. */
export function withMarker(body: string): string {
  const text = `${marker}\n${body}`
  if (text.length <= longestBody) return text
  const note = '\n\n*This comment is too long for GitHub and ends here.*'
  const cut = text.slice(0, longestBody - note.length - 4)
  const whole = cut.slice(0, Math.max(cut.lastIndexOf('\n'), marker.length))
  const fences = whole.match(/^```/gm)?.length ?? 0
  return whole + (fences % 2 === 1 ? '\n```' : '') + note
}

/**
 * Finds our comment: it begins with the marker, and is by us. An app's token does not tell its name
 * (`login` is undefined): then any bot's comment counts, since people cannot pass for one.
 */
export function findOwnComment(
  comments: readonly ListedComment[],
  login: string | undefined,
): { readonly id: number; readonly body: string } | undefined {
  const own = comments.find(
    ({ body = '', user }) =>
      body.startsWith(marker) &&
      (login === undefined ? user?.type === 'Bot' : user?.login === login),
  )
  // GitHub gives line breaks back as it got them from whom it got them.
  return own && { id: Number(own.id), body: (own.body ?? '').replaceAll('\r\n', '\n') }
}
