import { generateKeyPairSync } from 'node:crypto'
import { createGithub } from '../../src/forge/github.ts'
import {
  createGithubClient,
  type GithubClientOptions,
  type GithubCredential,
} from '../../src/forge/github-client.ts'
import { expect, onTestFinished } from 'vitest'
import type { Forge, Proposal } from '../../src/model/forge.ts'
import { startGithub, type GithubStandIn } from '../github/server.ts'
import type { ForgeSite } from './conformance.ts'

export const project = 'example/fleet'
export const token = 'ghp_test'

const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  // As GitHub makes them.
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
})

/** An app of the stand-in, and what we know of it. */
export const app = {
  ...{ id: 123_456, slug: 'fleet-app', installation: 654_321, publicKey: keys.publicKey },
  credential: { kind: 'app', id: '123456', privateKey: keys.privateKey },
} as const

/** A stand-in whose every request must be one that GitHub describes, and us at it: a person, or an app. */
export async function openGithub({
  as = 'token',
  login = 'fleet-bot',
  ...options
}: {
  readonly as?: 'token' | 'app' | GithubCredential
  readonly login?: string
} & Partial<Pick<GithubClientOptions, 'waits' | 'now'>> = {}) {
  const github = await startGithub({ project, token, login, app })
  onTestFinished(async () => {
    await github.close()
    expect(github.problems).toEqual([])
  })
  const credential =
    as === 'app' ? app.credential : as === 'token' ? ({ kind: 'token', token } as const) : as
  const open = () => createGithubClient({ project, apiUrl: github.url, credential, ...options })
  const client = open()
  const proposal: Proposal = {
    ...{ id: '7', kind: 'pull-request', branch: 'more', head: 'c0ffee'.padEnd(40, '0') },
    ...{ base: 'main', trusted: true },
  }
  return {
    ...{ github, client, proposal, forge: createGithub(client, 'main') },
    restarted: (): Forge => createGithub(open(), 'main'),
  }
}

/** The stand-in of GitHub, seen as any forge: with the token of a person, or as an app. */
export async function startGithubSite(as: 'person' | 'app'): Promise<ForgeSite> {
  const github = await startGithub({ project, token, login: 'fleet-bot', app })
  const credential = as === 'app' ? app.credential : ({ kind: 'token', token } as const)
  const create = (): Forge =>
    createGithub(createGithubClient({ project, apiUrl: github.url, credential }), 'main')
  return githubSite(github, create, as === 'app' ? 'fleet-app[bot]' : 'fleet-bot')
}

function githubSite(github: GithubStandIn, create: () => Forge, us: string): ForgeSite {
  let commits = 0
  const commit = (): string => (++commits).toString(16).padStart(40, 'c')
  const indexOf = (id: string): number =>
    github.pulls.findIndex(({ number }) => String(number) === id)
  const change = (id: string, over: Partial<GithubStandIn['pulls'][number]>): void => {
    const index = indexOf(id)
    github.pulls[index] = { ...github.pulls[index]!, ...over }
  }
  return {
    forge: create(),
    restarted: create,
    async open({ branch, author = 'alice', fork = false }) {
      const number = github.pulls.length + 1
      const head = commit()
      const from = fork ? { from: `${author}/fleet` } : {}
      github.pulls.push({ number, branch, head, base: 'main', author, ...from })
      return { id: String(number), head }
    },
    async push(id) {
      const head = commit()
      change(id, { head })
      return head
    },
    close: async (id) => change(id, { state: 'closed' }),
    async merge(id) {
      const mergedAs = commit()
      change(id, { mergedAs })
      return mergedAs
    },
    async enqueue(id) {
      const head = commit()
      github.queue.set(`main/pr-${id}-${commit()}`, head)
      return head
    },
    comment: async (id, login, body) => String(github.comment(Number(id), login, body).id),
    comments: async (id) =>
      github.comments
        .filter(({ issue }) => String(issue) === id)
        .map(({ login, body }) => ({ ours: login === us, body })),
    async reactions(_, comment) {
      const { reactions = [] } = github.comments.find(({ id }) => String(id) === comment)!
      return reactions.filter(({ login }) => login === us).map(({ content }) => content)
    },
    permit: async (login, permission) => void github.permissions.set(login, permission),
    async setPrivate(isPrivate) {
      github.visibility = isPrivate ? 'private' : 'public'
    },
    statuses: async (sha) =>
      github.statuses
        .filter((status) => status.sha === sha)
        .map(({ sha: _, state, ...rest }) => ({ ...rest, state: state as 'pending' })),
    async checks(sha) {
      const runs = github.checkRuns.filter((run) => run.sha === sha)
      const shown = [...new Map(runs.map((run) => [run.name, run])).values()]
      const severities = { failure: 'error', warning: 'warning', notice: 'notice' } as const
      return shown.map(({ name, conclusion, title, summary, annotations }) => ({
        ...{ name, state: conclusion as 'success', title, summary },
        annotations: annotations.map((one) => ({
          ...{ file: one.path, line: one.start_line, endLine: one.end_line },
          severity: severities[one.annotation_level],
          ...{ title: one.title ?? '', message: one.message },
        })),
      }))
    },
    deployments: async (environment) =>
      github.deployments
        .filter((deployment) => deployment.environment === environment)
        .map(({ sha, statuses }) => ({ commit: sha, states: statuses.map(({ state }) => state) })),
    loseDelivery: async () => void github.deliver(502),
    // An app asks for tokens by POST, which changes nothing that anybody sees.
    writes: async () =>
      github.requests.filter((request) => !/^GET|access_tokens$/.test(request)).length,
    async stop() {
      await github.close()
      // Every request of the test was one that GitHub describes.
      expect(github.problems).toEqual([])
    },
  }
}
