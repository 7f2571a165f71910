import type { Forge, Proposal } from '../model/forge.ts'
import { cutCharacters } from './cut.ts'
import { createGithubChecks } from './github-checks.ts'
import { all, ask, perPage, undefinedIf, type GithubClient } from './github-client.ts'
import { createGithubComments } from './github-comments.ts'
import { createGithubDeliveries } from './github-deliveries.ts'
import { createGithubDeployments } from './github-deployments.ts'
import { createGithubExamine } from './github-examine.ts'

interface Pull {
  readonly number: number
  readonly user: { readonly login: string } | null
  readonly head: {
    readonly ref: string
    readonly sha: string
    readonly repo: { readonly full_name: string; readonly owner: { readonly login: string } } | null
  }
  readonly base: { readonly ref: string; readonly repo: { readonly full_name: string } }
}

/** The port over GitHub's REST API; `branch` is the one that is deployed. Throws as its client does. */
export function createGithub(client: GithubClient, branch: string, planAccount?: string): Forge {
  const { owner, repo, project, request } = client
  const queue = `heads/gh-readonly-queue/${branch}/`

  async function mayPush(username: string): Promise<boolean> {
    const answer = await ask(`asking what ${username} may do`, () =>
      request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
        ...{ owner, repo, username },
      }),
    ).catch(undefinedIf(404))
    // `maintain`, and what a role of one's own allows, are told here as the nearest of these.
    return answer !== undefined && ['admin', 'maintain', 'write'].includes(answer.data.permission)
  }

  /** For one look: whoever has several pull requests is asked for once. */
  function createTrust(): (pull: Pull) => Promise<boolean> {
    const known = new Map<string, Promise<boolean>>()
    return async ({ user, head, base }) => {
      // Only people who may push can have a branch here; a deleted fork has no repository.
      if (head.repo?.full_name === base.repo.full_name) return true
      // In somebody else's fork others may push, after its author opened the pull request.
      if (user === null || head.repo?.owner.login !== user.login) return false
      const asked = known.get(user.login) ?? mayPush(user.login)
      known.set(user.login, asked)
      return asked
    }
  }

  async function toProposal(pull: Pull, isTrusted = createTrust()): Promise<Proposal> {
    return {
      id: String(pull.number),
      kind: 'pull-request',
      branch: pull.head.ref,
      head: pull.head.sha,
      base: pull.base.ref,
      trusted: await isTrusted(pull),
      ...(pull.user === null ? {} : { author: pull.user.login }),
    }
  }

  const toQueued = (ref: string, head: string): Proposal => ({
    id: `queue/${ref.slice(`refs/${queue}`.length)}`,
    kind: 'queue',
    branch: ref.slice('refs/heads/'.length),
    head,
    base: branch,
    // GitHub alone writes these, for whoever may push and chose to have this very head merged.
    trusted: true,
  })

  const isQueued = (ref: string): boolean => ref.startsWith(`refs/${queue}`)

  return {
    kind: 'github',
    blob: (commit) => `${webUrl(client.apiUrl)}/${project}/blob/${commit}`,
    mayPush,
    ...createGithubComments(client, planAccount),
    ...createGithubChecks(client),
    ...createGithubDeployments(client),
    ...createGithubDeliveries(client),
    ...createGithubExamine(client),

    async proposals() {
      const pulls = await all((page) =>
        ask('listing pull requests', () =>
          request('GET /repos/{owner}/{repo}/pulls', {
            ...{ owner, repo, state: 'open', base: branch, per_page: perPage, page },
          }),
        ),
      )
      // In a repository without any commit nothing is queued.
      const refs = await ask('reading the merge queue', () =>
        request('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', { owner, repo, ref: queue }),
      ).catch(undefinedIf(409))
      const isTrusted = createTrust()
      return [
        ...(await Promise.all(pulls.map((pull) => toProposal(pull, isTrusted)))),
        ...(refs?.data ?? [])
          .filter(({ ref }) => isQueued(ref))
          .map(({ ref, object }) => toQueued(ref, object.sha)),
      ]
    },

    async proposal(id) {
      if (id.startsWith('queue/')) {
        const ref = queue + id.slice('queue/'.length)
        const found = await ask(`reading ${id}`, () =>
          request('GET /repos/{owner}/{repo}/git/ref/{ref}', { owner, repo, ref }),
        ).catch(undefinedIf(404))
        return found && toQueued(found.data.ref, found.data.object.sha)
      }
      if (!/^\d+$/.test(id)) return undefined
      const pull = await ask(`reading pull request ${id}`, () =>
        request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
          ...{ owner, repo, pull_number: Number(id) },
        }),
      ).catch(undefinedIf(404))
      if (pull === undefined || pull.data.state !== 'open') return undefined
      return pull.data.base.ref === branch ? toProposal(pull.data) : undefined
    },

    async mergedBy(commit) {
      const pulls = await all((page) =>
        ask(`asking who merged ${commit}`, () =>
          request('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', {
            ...{ owner, repo, commit_sha: commit, per_page: perPage, page },
          }),
        ),
      ).catch(undefinedIf(404, 409, 422))
      const merged = (pulls ?? []).filter(({ merged_at, base }) => merged_at && base.ref === branch)
      const found =
        merged.find(({ merge_commit_sha }) => merge_commit_sha === commit) ??
        // A branch that was pushed on its own: its head is the commit.
        merged.find(({ head }) => head.sha === commit)
      return found && toProposal(found)
    },

    async isPrivate() {
      const { data } = await ask(`reading the repository ${project}`, () =>
        request('GET /repos/{owner}/{repo}', { owner, repo }),
      )
      // `internal` is shown to the members of an enterprise.
      return data.private || data.visibility === 'internal'
    },

    async ensureStatus(commit, { context, state, description, url }) {
      const wanted = {
        ...{ context, state, description: cutCharacters(description, 140) },
        target_url: url ?? null,
      }
      const statuses = await all(async (page) => {
        const combined = await ask(`reading the statuses of ${commit}`, () =>
          request('GET /repos/{owner}/{repo}/commits/{ref}/status', {
            ...{ owner, repo, ref: commit, per_page: perPage, page },
          }),
        )
        return { data: combined.data.statuses }
      })
      if (statuses.some((one) => isSame(one, wanted))) return
      await ask(`setting a status of ${commit}`, () =>
        request('POST /repos/{owner}/{repo}/statuses/{sha}', {
          ...{ owner, repo, sha: commit, ...wanted },
        }),
      )
    },
  }
}

/** `https://api.github.com` -> `https://github.com`; an Enterprise Server's API is below its pages. */
const webUrl = (apiUrl: string): string =>
  apiUrl.replace(/\/api\/v3$/, '').replace('://api.', '://')

interface GithubStatus {
  readonly context: string
  readonly state: string
  readonly description: string | null
  readonly target_url: string | null
}

const isSame = (one: GithubStatus, wanted: GithubStatus): boolean =>
  one.context === wanted.context &&
  one.state === wanted.state &&
  one.description === wanted.description &&
  (one.target_url ?? '') === (wanted.target_url ?? '')
