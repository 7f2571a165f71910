import type { CommandComment } from '../model/forge.ts'
import { cutMarkdown } from './cut.ts'

/** A comment of a pull request as a forge lists it, whichever forge. */
export interface ListedComment {
  readonly id: string
  readonly body: string
  readonly author: string
  readonly isOurs: boolean
  /** By another program. */
  readonly isBot: boolean
  /** ISO 8601 */
  readonly createdAt: string
  readonly updatedAt: string
  readonly url?: string
}

/** Invisible, at the very beginning: what makes a comment ours. Older ones do not name a head. */
const planMarker = /^<!-- nixcluster:plan(?: ([0-9a-f]{40,64}))? -->/

const answerMarker = (id: string): string => `<!-- nixcluster:answer ${id} -->`

/** The one comment of a proposal; what is over the limit in bytes of UTF-8 is cut at the end of a line. */
export function planComment(markdown: string, head: string, longest: number): string {
  const marker = `<!-- nixcluster:plan ${head} -->`
  const note = '\n\n*This comment is too long and ends here.*'
  return cutMarkdown(`${marker}\n${markdown}`, longest, { keep: marker.length, note })
}

/** Our comment of the plan; others may write our marker, and are not us. */
export function findPlanComment(comments: readonly ListedComment[]): ListedComment | undefined {
  return comments.find(({ isOurs, body }) => isOurs && planMarker.test(body))
}

/** True for what begins with `/nixcluster`, in whatever case and after whatever blanks. */
export function isCommand(body: string): boolean {
  return /^\s*\/nixcluster(?![\w-])/i.test(body)
}

/** What people tell us, answered or not, the oldest first; what a program writes is no command. */
export function findCommands(comments: readonly ListedComment[]): readonly CommandComment[] {
  const plan = findPlanComment(comments)
  const head = planMarker.exec(plan?.body ?? '')?.[1]
  return comments
    .filter(({ isOurs, isBot, body }) => !isOurs && !isBot && isCommand(body))
    .map(({ id, author, body, createdAt }) => {
      // In the very second of an edit nobody can tell which of both texts was read.
      const isAbout = plan !== undefined && Date.parse(plan.updatedAt) < Date.parse(createdAt)
      return { id, author, body, ...(isAbout && head !== undefined ? { planned: head } : {}) }
    })
}

/** The reply to a comment: it names its author without calling it, and is found again by its marker. */
export function answerComment({ id, author, url }: ListedComment, text: string): string {
  const name = author.replaceAll(/[^\w.-]/g, '')
  const title = `Answer to ${name}`
  return `${answerMarker(id)}\n${url === undefined ? title : `[${title}](${url})`}\n\n${text}`
}

/** Our reply to a comment, where there is one already. */
export function findAnswer(
  comments: readonly ListedComment[],
  id: string,
): ListedComment | undefined {
  return comments.find(({ isOurs, body }) => isOurs && body.startsWith(answerMarker(id)))
}
