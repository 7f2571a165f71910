import { expect } from 'vitest'
import { setTimeout as pause } from 'node:timers/promises'
import { createGitea } from '../../src/forge/gitea.ts'
import type { CommitStatus, Forge } from '../../src/model/forge.ts'
import type { ForgeSite } from '../forge/conformance.ts'
import type { RealGitea } from './real.ts'
import { startRecorder } from './recorder.ts'

/** The controller's account. */
export const bot = 'fleet-bot'

/** What its token may do: what the documentation says, and no more. */
export const botScopes = ['write:repository', 'write:issue', 'read:user'] as const

const people = ['example', 'alice', 'bob', 'carol', 'mallory'] as const

/** Adds whom the tests speak of; gives the token of the controller. */
export async function addPeople(gitea: RealGitea): Promise<string> {
  for (const login of people) await gitea.addUser(login)
  return gitea.addUser(bot, botScopes)
}

let repositories = 0

/** A repository of its own at a real Gitea, seen as any forge. */
export async function startRealSite(
  gitea: RealGitea,
  token: string,
): Promise<ForgeSite & { readonly project: string }> {
  const { ask } = gitea
  const name = `fleet-${++repositories}`
  const project = `example/${name}`
  const root = `/repos/${project}`
  await ask('POST', '/admin/users/example/repos', { name, auto_init: true, default_branch: 'main' })
  await ask('PUT', `${root}/collaborators/${bot}`, { permission: 'admin' })
  const recorder = await startRecorder(gitea.url)
  const create = (): Forge =>
    createGitea({ project, branch: 'main', token, apiUrl: recorder.apiUrl })
  const pulls = new Map<string, { repository: string; branch: string; author: string }>()
  let files = 0

  /** One more file, as a commit of somebody's. */
  async function addFile(
    repository: string,
    author: string,
    where: { readonly branch: string; readonly new_branch?: string },
  ): Promise<string> {
    const path = `/repos/${repository}/contents/file-${++files}`
    const content = Buffer.from(`${files}\n`).toString('base64')
    const made = await ask<{ commit: { sha: string } }>('POST', path, { content, ...where }, author)
    return made.commit.sha
  }

  /** The forge's clock has whole seconds. */
  const nextSecond = (): Promise<void> => pause(1020 - (Date.now() % 1000))

  return {
    project,
    forge: create(),
    restarted: create,
    async open({ branch, author = 'alice', fork = false }) {
      if (fork) await ask('POST', `${root}/forks`, {}, author)
      else await ask('PUT', `${root}/collaborators/${author}`, { permission: 'write' })
      const repository = fork ? `${author}/${name}` : project
      const head = await addFile(repository, author, { branch: 'main', new_branch: branch })
      const wanted = { title: branch, base: 'main', head: fork ? `${author}:${branch}` : branch }
      const { number } = await ask<{ number: number }>('POST', `${root}/pulls`, wanted, author)
      pulls.set(String(number), { repository, branch, author })
      return { id: String(number), head }
    },
    async push(id) {
      const { repository, branch, author } = pulls.get(id)!
      const head = await addFile(repository, author, { branch })
      // It notices in the background.
      await until(async () => (await read(id)).head.sha === head)
      return head
    },
    close: async (id) => void (await ask('PATCH', `${root}/pulls/${id}`, { state: 'closed' })),
    async merge(id) {
      // It looks in the background whether a merge is possible.
      await until(async () => (await read(id)).mergeable)
      await ask('POST', `${root}/pulls/${id}/merge`, { Do: 'merge' })
      return (await read(id)).merge_commit_sha
    },
    enqueue: () => Promise.reject(new Error('Gitea has no merge queue')),
    async comment(id, login, body) {
      await nextSecond()
      const path = `${root}/issues/${id}/comments`
      const made = await ask<{ id: number }>('POST', path, { body }, login)
      await nextSecond()
      return String(made.id)
    },
    async comments(id) {
      const path = `${root}/issues/${id}/comments`
      const found = await ask<readonly { user: { login: string }; body: string }[]>('GET', path)
      return found.map(({ user, body }) => ({ ours: user.login === bot, body }))
    },
    async reactions(_, comment) {
      const path = `${root}/issues/comments/${comment}/reactions`
      const found = await ask<readonly { user: { login: string }; content: string }[]>('GET', path)
      return (found ?? []).filter(({ user }) => user.login === bot).map(({ content }) => content)
    },
    permit: async (login, permission) =>
      void (await ask('PUT', `${root}/collaborators/${login}`, { permission })),
    setPrivate: async (isPrivate) => void (await ask('PATCH', root, { private: isPrivate })),
    async statuses(commit) {
      const path = `${root}/statuses/${commit}?sort=oldest`
      const found = await ask<readonly (CommitStatus & { status: string; target_url: string })[]>(
        'GET',
        path,
      )
      return found.map(({ context, status, description, target_url: url }) => ({
        ...{ context, state: status as CommitStatus['state'], description },
        ...(url === '' ? {} : { url }),
      }))
    },
    checks: () => Promise.resolve([]),
    deployments: () => Promise.resolve([]),
    loseDelivery: () => Promise.reject(new Error('Gitea does not tell of deliveries')),
    writes: async () => recorder.requests.filter((request) => !request.startsWith('GET')).length,
    async stop() {
      await recorder.close()
      // Every request of the test was one that Gitea describes.
      expect(recorder.problems).toEqual([])
    },
  }

  function read(id: string) {
    return ask<{ head: { sha: string }; mergeable: boolean; merge_commit_sha: string }>(
      'GET',
      `${root}/pulls/${id}`,
    )
  }
}

async function until(happened: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await happened()); await pause(50)) {
    if (Date.now() > end) throw new Error('Gitea does not come to it')
  }
}
