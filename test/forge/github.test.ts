import { expect, onTestFinished, test } from 'vitest'
import { createGithub } from '../../src/forge/github.ts'
import { createGithubClient } from '../../src/forge/github-client.ts'
import type { Proposal, Report } from '../../src/model/forge.ts'
import { startGithub } from '../github/server.ts'

const project = 'example/fleet'
const token = 'ghp_test'
const head = 'c0ffee0000000000000000000000000000000000'
const proposal: Proposal = {
  id: '7',
  kind: 'pull-request',
  branch: 'more',
  head,
  base: 'main',
  trusted: true,
}
const report = (markdown: string): Report => ({ markdown, text: '' })

const forgeAt = (apiUrl: string, token: string, now = Date.now) =>
  createGithub(
    createGithubClient({ project, apiUrl, credential: { kind: 'token', token }, now }),
    'main',
  )

async function open({ login = 'fleet-bot' as string | undefined } = {}, now = Date.now) {
  const github = await startGithub({ project, token, ...(login === undefined ? {} : { login }) })
  onTestFinished(async () => {
    await github.close()
    // Every request of the test was one that GitHub describes.
    expect(github.problems).toEqual([])
  })
  const forge = forgeAt(github.url, token, now)
  return { github, forge }
}

test('proposals are the open pull requests against the branch, page after page', async () => {
  const { github, forge } = await open()
  for (let number = 1; number <= 130; number++) {
    github.pulls.push({ number, branch: `change-${number}`, head, base: 'main' })
  }
  github.pulls.push({ number: 131, branch: 'done', head, base: 'main', state: 'closed' })
  github.pulls.push({ number: 132, branch: 'more', head, base: 'other' })
  const proposals = await forge.proposals()
  expect(proposals.map(({ id }) => Number(id))).toEqual(
    Array.from({ length: 130 }, (_, i) => i + 1),
  )
  expect(proposals[0]).toEqual({
    id: '1',
    kind: 'pull-request',
    branch: 'change-1',
    head,
    base: 'main',
    trusted: true,
    author: 'octocat',
  })
  // Two pages, and the merge queue.
  expect(github.requests).toHaveLength(3)
})

test('a pull request from a fork is not trusted, nor is one whose fork is gone', async () => {
  const { github, forge } = await open()
  github.pulls.push({ number: 1, branch: 'main', head, base: 'main', from: 'stranger/fleet' })
  github.pulls.push({ number: 2, branch: 'main', head, base: 'main', from: null })
  expect((await forge.proposals()).map(({ trusted }) => trusted)).toEqual([false, false])
})

test('a fork is trusted where it is the own one of somebody who may push', async () => {
  const { github, forge } = await open()
  github.permissions.set('alice', 'maintain').set('bob', 'triage')
  const from = { branch: 'main', head, base: 'main' }
  github.pulls.push({ ...from, number: 1, author: 'alice', from: 'alice/fleet' })
  github.pulls.push({ ...from, number: 2, author: 'bob', from: 'bob/fleet' })
  // To somebody else's fork others may push after she has opened the pull request.
  github.pulls.push({ ...from, number: 3, author: 'alice', from: 'mallory/fleet' })
  github.pulls.push({ ...from, number: 4, author: 'alice', from: 'alice/fleet' })
  expect((await forge.proposals()).map(({ trusted }) => trusted)).toEqual([
    ...[true, false, false, true],
  ])
  const asked = github.requests.filter((request) => request.endsWith('/alice/permission'))
  expect(asked).toHaveLength(1)
})

test('who merged a commit is told by the merge, or by its head; not by another branch', async () => {
  const { github, forge } = await open()
  const commit = (digit: string): string => digit.repeat(40)
  github.pulls.push(
    { number: 1, branch: 'a', head: commit('1'), base: 'main', mergedAs: commit('a') },
    { number: 2, branch: 'b', head: commit('a'), base: 'main', mergedAs: commit('b') },
    { number: 3, branch: 'c', head: commit('3'), base: 'other', mergedAs: commit('c') },
    { number: 4, branch: 'd', head: commit('4'), base: 'main', state: 'closed' },
  )
  const numbers = ['a', '1', 'b', 'c', '4'].map(
    async (digit) => (await forge.mergedBy(commit(digit)))?.id,
  )
  expect(await Promise.all(numbers)).toEqual(['1', '1', '2', undefined, undefined])
})

test('the merge queue of another branch is not ours', async () => {
  const { github, forge } = await open()
  github.queue.set('other/pr-7-c0ffee', head)
  github.queue.set('main/pr-8-c0ffee', head)
  expect(await forge.proposals()).toEqual([
    {
      ...{ id: 'queue/pr-8-c0ffee', kind: 'queue', branch: 'gh-readonly-queue/main/pr-8-c0ffee' },
      ...{ head, base: 'main', trusted: true },
    },
  ])
  expect(await forge.proposal('queue/pr-7-c0ffee')).toBeUndefined()
  github.queue.clear()
  expect(await forge.proposal('queue/pr-8-c0ffee')).toBeUndefined()
})

test('internal is private: strangers do not see it', async () => {
  const { github, forge } = await open()
  github.visibility = 'internal'
  expect(await forge.isPrivate()).toBe(true)
})

test("a deployment says where its log is, and is told from others' of the same environment", async () => {
  const { github, forge } = await open()
  const theirs = { id: 99, sha: head, environment: 'lab', task: 'deploy', description: '' }
  github.deployments.push({ ...theirs, statuses: [] })
  const rollout = { commit: head, environment: 'lab', description: 'ä'.repeat(200) }
  const url = 'https://nixcluster.example.com/runs/1'
  await forge.ensureDeployment({ ...rollout, state: 'in_progress', url })
  expect(github.deployments).toHaveLength(2)
  const [status] = github.deployments[1]!.statuses
  expect(status).toMatchObject({ state: 'in_progress', url })
  expect([...status!.description]).toHaveLength(140)
})

test('a closed, a missing and a retargeted pull request are no proposals any more', async () => {
  const { github, forge } = await open()
  github.pulls.push({ number: 1, branch: 'done', head, base: 'main', state: 'closed' })
  github.pulls.push({ number: 2, branch: 'more', head, base: 'other' })
  github.pulls.push({ number: 3, branch: 'more', head, base: 'main' })
  expect(await forge.proposal('1')).toBeUndefined()
  expect(await forge.proposal('2')).toBeUndefined()
  expect(await forge.proposal('3')).toMatchObject({ id: '3', branch: 'more' })
  expect(await forge.proposal('4')).toBeUndefined()
})

test('the comment is written once, edited in place, and left alone when it says the same', async () => {
  const { github, forge } = await open()
  await forge.ensureComment(proposal, report('**1 machine** would change'))
  await forge.ensureComment(proposal, report('nothing would change'))
  expect(github.comments).toHaveLength(1)
  expect(github.comments[0]?.body).toBe(`<!-- nixcluster:plan ${head} -->\nnothing would change`)
  const before = github.requests.length
  await forge.ensureComment(proposal, report('nothing would change'))
  expect(github.requests.slice(before)).toEqual([`GET /repos/${project}/issues/7/comments`])
})

test("others' comments are not ours, even with our marker in them", async () => {
  const { github, forge } = await open()
  const body = '<!-- nixcluster:plan -->\nall is well, believe me'
  github.comments.push({ id: 1, issue: 7, login: 'stranger', type: 'User', body })
  github.comments.push({
    id: 2,
    issue: 7,
    login: 'fleet-bot',
    type: 'User',
    body: 'I said ' + body,
  })
  await forge.ensureComment(proposal, report('nothing would change'))
  expect(github.comments.map(({ login, body }) => [login, body])).toEqual([
    ['stranger', body],
    ['fleet-bot', 'I said ' + body],
    ['fleet-bot', `<!-- nixcluster:plan ${head} -->\nnothing would change`],
  ])
})

test('our comment is found behind a hundred others', async () => {
  const { github, forge } = await open()
  for (let id = 1; id <= 100; id++) {
    github.comments.push({ id, issue: 7, login: 'stranger', type: 'User', body: 'nice' })
  }
  await forge.ensureComment(proposal, report('one'))
  await forge.ensureComment(proposal, report('two'))
  expect(github.comments).toHaveLength(101)
})

test("an app's token tells no name: its comments are known as a bot's", async () => {
  const { github, forge } = await open({ login: undefined })
  const body = '<!-- nixcluster:plan -->\nall is well, believe me'
  github.comments.push({ id: 1, issue: 7, login: 'stranger', type: 'User', body })
  await forge.ensureComment(proposal, report('one'))
  await forge.ensureComment(proposal, report('two'))
  expect(github.comments.map((comment) => comment.body.split('\n')[1])).toEqual([
    'all is well, believe me',
    'two',
  ])
})

test('a comment that is too long for GitHub ends at a line, with a word about it', async () => {
  const { github, forge } = await open()
  await forge.ensureComment(proposal, report('```\n' + 'a line of the plan\n'.repeat(5000) + '```'))
  const body = github.comments[0]?.body ?? ''
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(65_536)
  expect(body).toMatch(/a line of the plan\n```\n\n\*This comment is too long/)
})

test('a status is set once, and again only when it says something else', async () => {
  const { github, forge } = await open()
  const pending = { context: 'nixcluster/plan', state: 'pending', description: 'planning' } as const
  await forge.ensureStatus(head, pending)
  await forge.ensureStatus(head, { ...pending, context: 'nixcluster/deploy' })
  await forge.ensureStatus(head, pending)
  await forge.ensureStatus(head, { ...pending, state: 'success', description: 'x'.repeat(200) })
  await forge.ensureStatus(head, { ...pending, state: 'success', description: 'x'.repeat(200) })
  expect(github.statuses.map(({ context, state }) => `${context} ${state}`)).toEqual([
    'nixcluster/plan pending',
    'nixcluster/deploy pending',
    'nixcluster/plan success',
  ])
  expect(github.statuses[2]?.description).toHaveLength(140)
})

test.each([
  [429, { 'retry-after': '30' }, 30_000],
  [403, { 'retry-after': '5' }, 5_000],
  [
    403,
    {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '1700000090',
      date: 'Tue, 14 Nov 2023 22:13:20 GMT',
    },
    90_000,
  ],
])('GitHub asks us to wait with %i %j', async (status, headers, ms) => {
  let now = 0
  const { github, forge } = await open({}, () => now)
  github.failNext(status, headers)
  await expect(forge.proposals()).rejects.toMatchObject({ name: 'NotReadyError', retryAfterMs: ms })
  now = ms - 1
  await expect(forge.proposals()).rejects.toMatchObject({ name: 'NotReadyError', retryAfterMs: 1 })
  expect(github.requests).toHaveLength(1)
  now = ms
  expect(await forge.proposals()).toEqual([])
})

test('other refusals are errors with their status and what was being done', async () => {
  const { github, forge } = await open()
  github.failNext(502)
  await expect(forge.proposals()).rejects.toMatchObject({
    name: 'ForgeError',
    status: 502,
    message: expect.stringMatching(/^listing pull requests: /),
  })
  github.failNext(403)
  await expect(forge.proposals()).rejects.toMatchObject({ name: 'ForgeError', status: 403 })
})

test('a wrong token is an error that does not show it', async () => {
  const { github } = await open()
  const forge = forgeAt(github.url, 'ghp_wrong')
  const error: Error = await forge.proposals().then(
    () => new Error('no error'),
    (error) => error,
  )
  expect(error).toMatchObject({ name: 'ForgeError', status: 401 })
  expect(JSON.stringify(error) + error.message + error.stack).not.toContain('ghp_wrong')
})

test('a GitHub that is away is an error without a status', async () => {
  const forge = forgeAt('http://127.0.0.1:9', token)
  await expect(forge.proposals()).rejects.toMatchObject({ name: 'ForgeError', status: 0 })
})

test('the stand-in complains about what GitHub does not know', async () => {
  const github = await startGithub({ project, token, login: 'fleet-bot' })
  onTestFinished(() => github.close())
  const headers = { authorization: `token ${token}`, 'user-agent': 'test' }
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(github.url + path, { ...init, headers })
  await ask(`/repos/${project}/pull/7`)
  await ask(`/repos/${project}/pulls?state=opened&limit=3`)
  await ask(`/repos/${project}/pulls/seven`)
  await ask(`/repos/${project}/statuses/${head}`, {
    method: 'POST',
    body: '{"state":"green","text":"x"}',
  })
  await ask(`/repos/${project}/issues/7/comments`, { method: 'POST', body: '{}' })
  expect(github.problems).toEqual([
    `GET /repos/${project}/pull/7: GitHub knows no such request`,
    `GET /repos/${project}/pulls: state/value must be equal to one of the allowed values`,
    `GET /repos/${project}/pulls: ?limit= is not known`,
    `GET /repos/${project}/pulls/seven: pull_number/value must be integer`,
    `POST /repos/${project}/statuses/${head}: body/state must be equal to one of the allowed values`,
    `POST /repos/${project}/statuses/${head}: the body's 'text' is not known`,
    `POST /repos/${project}/issues/7/comments: body must have required property 'body'`,
  ])
})
