import { expect } from 'vitest'
import { createGitea } from '../../src/forge/gitea.ts'
import type { Forge } from '../../src/model/forge.ts'
import { startGitea } from '../gitea/server.ts'
import type { ForgeSite } from './conformance.ts'

const project = 'example/fleet'
const token = '0123456789abcdef'
const us = 'fleet-bot'

/** The stand-in of Gitea, seen as any forge. */
export async function startGiteaSite(): Promise<ForgeSite> {
  const gitea = await startGitea({ project, token, login: us })
  const create = (): Forge => createGitea({ project, branch: 'main', token, apiUrl: gitea.apiUrl })
  let commits = 0
  const commit = (): string => (++commits).toString(16).padStart(40, 'c')
  const change = (id: string, over: Partial<(typeof gitea.pulls)[number]>): void => {
    const index = gitea.pulls.findIndex(({ number }) => String(number) === id)
    gitea.pulls[index] = { ...gitea.pulls[index]!, ...over }
  }
  return {
    forge: create(),
    restarted: create,
    async open({ branch, author = 'alice', fork = false }) {
      const number = gitea.pulls.length + 1
      const head = commit()
      const from = fork ? { from: `${author}/fleet` } : {}
      gitea.pulls.push({ number, branch, head, base: 'main', author, ...from })
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
    enqueue: () => Promise.reject(new Error('Gitea has no merge queue')),
    comment: async (id, login, body) => String(gitea.comment(Number(id), login, body).id),
    comments: async (id) =>
      gitea.comments
        .filter(({ issue }) => String(issue) === id)
        .map(({ login, body }) => ({ ours: login === us, body })),
    async reactions(_, comment) {
      const { reactions } = gitea.comments.find(({ id }) => String(id) === comment)!
      return reactions.filter(({ login }) => login === us).map(({ content }) => content)
    },
    permit: async (login, permission) => void gitea.permissions.set(login, permission),
    async setPrivate(isPrivate) {
      gitea.repository.visibility = isPrivate ? 'private' : 'public'
    },
    statuses: async (sha) =>
      gitea.statuses
        .filter((status) => status.sha === sha)
        .map(({ context, state, description, url }) => ({
          ...{ context, state: state as 'pending', description },
          ...(url === '' ? {} : { url }),
        })),
    checks: () => Promise.resolve([]),
    deployments: () => Promise.resolve([]),
    loseDelivery: () => Promise.reject(new Error('Gitea does not tell of deliveries')),
    writes: async () => gitea.requests.filter((request) => !request.startsWith('GET')).length,
    async stop() {
      await gitea.close()
      // Every request of the test was one that Gitea describes.
      expect(gitea.problems).toEqual([])
    },
  }
}
