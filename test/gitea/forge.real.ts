import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createGitea } from '../../src/forge/gitea.ts'
import { createGit } from '../../src/git/git.ts'
import { password, startRealGitea, type RealGitea } from './real.ts'
import { addPeople, bot, startRealSite } from './real-site.ts'

let gitea: RealGitea
let token: string
beforeAll(async () => {
  gitea = await startRealGitea()
  token = await addPeople(gitea)
})
afterAll(() => gitea.stop())

/** A repository with an adapter. */
async function begin() {
  const site = await startRealSite(gitea, token)
  onTestFinished(() => site.stop())
  return site
}

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-gitea-git-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('more pull requests than fit on a page are all given', async () => {
  const { forge, ...site } = await begin()
  // Its pages have two entries.
  for (const branch of ['a', 'b', 'c', 'd', 'e']) await site.open({ branch })
  const branches = (await forge.proposals()).map((proposal) => proposal.branch)
  expect(branches.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test.each(['merge', 'rebase', 'rebase-merge', 'squash'])(
  'a %s is found by its commit',
  async (Do) => {
    const { forge, project, ...site } = await begin()
    const { id, head } = await site.open({ branch: 'more' })
    const pull = () =>
      gitea.ask<{ mergeable: boolean; merge_commit_sha: string }>(
        'GET',
        `/repos/${project}/pulls/${id}`,
      )
    while (!(await pull()).mergeable) await pause(50)
    await gitea.ask('POST', `/repos/${project}/pulls/${id}/merge`, { Do, MergeTitleField: Do })
    const commit = (await pull()).merge_commit_sha
    expect(await forge.mergedBy(commit)).toMatchObject({ id, head, branch: 'more' })
  },
)

test('what a stranger pushes to refs/for/ is not trusted', async () => {
  const { forge, project, ...site } = await begin()
  const folder = createFolder()
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=m', '-c', 'user.email=m@example.com', ...args], {
      ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    })
  const [scheme, host] = gitea.url.split('://')
  git('clone', '--quiet', `${scheme}://mallory:${password}@${host}/${project}.git`, '.')
  git('commit', '--quiet', '--allow-empty', '-m', 'Mine')
  git('push', '--quiet', 'origin', 'HEAD:refs/for/main', '-o', 'topic=mine')
  const [proposal] = await forge.proposals()
  expect(proposal).toMatchObject({ trusted: false, author: 'mallory' })
  expect(await forge.proposal(proposal!.id)).toEqual(proposal)
  await site.permit('mallory', 'write')
  expect(await forge.proposal(proposal!.id)).toMatchObject({ trusted: true })
})

test('an edit makes a comment no command, a reaction does not', async () => {
  const { forge, project, ...site } = await begin()
  const { id } = await site.open({ branch: 'more' })
  const proposal = (await forge.proposal(id))!
  const first = await site.comment(id, 'alice', '/nixcluster plan')
  const second = await site.comment(id, 'alice', '/nixcluster plan')
  const comments = `/repos/${project}/issues/comments`
  await gitea.ask('POST', `${comments}/${first}/reactions`, { content: 'heart' }, 'bob')
  await gitea.ask('PATCH', `${comments}/${second}`, { body: '/nixcluster approve' }, 'alice')
  expect((await forge.commands(proposal)).map((command) => command.id)).toEqual([first])
})

test('whoever is no administrator is told nothing about others', async () => {
  const { project, ...site } = await begin()
  await site.open({ branch: 'more', author: 'mallory', fork: true })
  await gitea.ask('PUT', `/repos/${project}/collaborators/${bot}`, { permission: 'write' })
  const apiUrl = `${gitea.url}/api/v1`
  const forge = createGitea({ project, branch: 'main', token, apiUrl })
  expect(await forge.proposals()).toMatchObject([{ trusted: false }])
  await expect(forge.mayPush('alice')).rejects.toThrow(/has to be an administrator/)
})

test('git comes in with the token: fetches pull requests of forks, and pushes', async () => {
  const { project, ...site } = await begin()
  const { id, head } = await site.open({ branch: 'more', author: 'mallory', fork: true })
  await site.setPrivate(true)
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64')
  const git = createGit({
    url: `${gitea.url}/${project}.git`,
    mirror: join(createFolder(), 'mirror'),
    env: { PATH: process.env['PATH']! },
    refs: ['refs/pull/*/head'],
    identity: { kind: 'http', authorization: () => Promise.resolve(`Basic ${basic}`) },
  })
  await git.fetch()
  expect((await git.readCommit(head)).id).toBe(head)
  expect(await git.push('nixcluster/pr/' + id, head, undefined)).toBe('pushed')
  expect(await git.remoteTip('nixcluster/pr/' + id)).toBe(head)
})

test('what a Gitea tells of permissions, webhooks and protected branches is understood', async () => {
  const { forge, project } = await begin()
  const root = `/repos/${project}`
  const asked = {
    ...{ branches: ['nixcluster/state', 'nixcluster/main'], pushes: true, now: new Date() },
  }
  const states = async (): Promise<readonly string[]> =>
    (await forge.examine(asked)).map(({ name, state }) => `${name} ${state}`)
  expect(await states()).toEqual([
    ...['credential fine', 'clock fine', 'permissions fine', 'webhook wrong'],
    'own branches warning',
  ])
  const url = 'https://nixcluster.example.com/webhooks/gitea'
  const events = ['push', 'pull_request_only', 'pull_request_sync', 'pull_request_comment']
  await gitea.ask('POST', `${root}/hooks`, {
    ...{ type: 'gitea', active: true, events },
    config: { url, content_type: 'json', secret: 'a secret of sixteen characters' },
  })
  await gitea.ask('POST', `${root}/branch_protections`, {
    ...{ rule_name: 'nixcluster/**', enable_push: true, enable_push_whitelist: true },
    push_whitelist_usernames: [bot],
  })
  expect(await states()).toEqual([
    ...['credential fine', 'clock fine', 'permissions fine', 'webhook fine', 'events fine'],
    'own branches fine',
  ])
  await gitea.ask('PUT', `${root}/collaborators/${bot}`, { permission: 'write' })
  expect(await states()).toEqual([
    ...['credential fine', 'clock fine', 'permissions warning', 'webhook warning'],
    'own branches warning',
  ])
})
