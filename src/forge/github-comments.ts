import type { Answer, CommandComment, Forge, Proposal } from '../model/forge.ts'
import { answerComment, findAnswer, findCommands, findPlanComment, planComment } from './comment.ts'
import type { ListedComment } from './comment.ts'
import { all, ask, perPage, type GithubClient } from './github-client.ts'

/**
 * GitHub speaks of 65,536 characters. Where it was measured, that were bytes of UTF-8 in one place and
 * code points in another, so the fewest are taken: bytes.
 * https://github.com/dead-claudia/github-limits/pull/13
 */
const longestComment = 65_536

/** How an answer is marked. */
const reactions = { done: '+1', refused: '-1', unknown: 'confused' } as const

interface GithubComment extends ListedComment {
  readonly hasReactions: boolean
}

/** What we say below a pull request, and what is said to us there. */
export function createGithubComments(
  client: GithubClient,
  planAccount?: string,
): Pick<Forge, 'ensureComment' | 'commands' | 'answer'> {
  const { owner, repo, request } = client

  async function commentsOf({ id }: Proposal): Promise<readonly GithubComment[]> {
    const comments = await all((page) =>
      ask(`reading the comments of ${id}`, () =>
        request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...{ owner, repo, issue_number: Number(id), per_page: perPage, page },
        }),
      ),
    )
    const us = await client.login()
    return comments.map((comment) => {
      const isBot = comment.user?.type === 'Bot'
      const author = comment.user?.login ?? 'ghost'
      return {
        ...{ id: String(comment.id), author, isBot, url: comment.html_url },
        isOurs: author === planAccount || (us === undefined ? isBot : author === us),
        hasReactions: (comment.reactions?.total_count ?? 0) > 0,
        // GitHub gives line breaks back as it got them from whom it got them.
        body: (comment.body ?? '').replaceAll('\r\n', '\n'),
        ...{ createdAt: comment.created_at, updatedAt: comment.updated_at },
      }
    })
  }

  /** Writes a comment, or makes of the one that there is what it ought to be. */
  async function ensure(
    { id }: Proposal,
    doing: string,
    there: ListedComment | undefined,
    body: string,
  ): Promise<void> {
    if (there === undefined) {
      await ask(doing, () =>
        request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...{ owner, repo, issue_number: Number(id), body },
        }),
      )
    } else if (there.body !== body) {
      await ask(doing, () =>
        request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
          ...{ owner, repo, comment_id: Number(there.id), body },
        }),
      )
    }
  }

  /** Whether we have reacted to a comment in one of the ways that mean an answer. */
  async function isMarked({ id }: ListedComment): Promise<boolean> {
    const given = await all((page) =>
      ask(`reading the reactions to comment ${id}`, () =>
        request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
          ...{ owner, repo, comment_id: Number(id), per_page: perPage, page },
        }),
      ),
    )
    const us = await client.login()
    const marks: readonly string[] = Object.values(reactions)
    return given.some(
      ({ user, content }) =>
        marks.includes(content) && (us === undefined ? user?.type === 'Bot' : user?.login === us),
    )
  }

  return {
    async ensureComment(proposal, { markdown }) {
      const { id, kind, head } = proposal
      if (kind === 'queue') return
      const body = planComment(markdown, head, longestComment)
      const there = findPlanComment(await commentsOf(proposal))
      await ensure(proposal, `commenting on ${id}`, there, body)
    },

    async commands(proposal) {
      if (proposal.kind === 'queue') return []
      const comments = await commentsOf(proposal)
      const unanswered: CommandComment[] = []
      for (const command of findCommands(comments)) {
        const { hasReactions, ...listed } = comments.find(({ id }) => id === command.id)!
        if (!hasReactions || !(await isMarked(listed))) unanswered.push(command)
      }
      return unanswered
    },

    // The reply comes first: it is found again by its marker, so that an answer which broke off in between
    // is neither lost nor said twice.
    async answer(proposal, { id }, { kind, text }: Answer) {
      const comments = await commentsOf(proposal)
      const listed = comments.find((comment) => comment.id === id)
      // Whoever took the question back needs no answer.
      if (listed === undefined) return
      if (text !== undefined) {
        const body = answerComment(listed, text)
        await ensure(proposal, `answering comment ${id}`, findAnswer(comments, id), body)
      }
      await ask(`marking comment ${id}`, () =>
        request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
          ...{ owner, repo, comment_id: Number(id), content: reactions[kind] },
        }),
      )
    },
  }
}
