import { expect, onTestFinished, test } from 'vitest'
import { createGitea } from '../../src/forge/gitea.ts'
import type { Proposal, Report } from '../../src/model/forge.ts'
import { startGitea, type GiteaOptions } from '../gitea/server.ts'

const project = 'example/fleet'
const token = '0123456789abcdef'
const head = 'c0ffee0000000000000000000000000000000000'
const proposal: Proposal = {
  ...{ id: '7', kind: 'pull-request', branch: 'more', head, base: 'main', trusted: true },
}
const report = (markdown: string): Report => ({ markdown, text: '' })
const fromFork = { number: 1, branch: 'more', head, base: 'main', from: 'mallory/fleet' }

async function open(over: Partial<GiteaOptions> = {}) {
  const gitea = await startGitea({ project, token, login: 'fleet-bot', ...over })
  onTestFinished(async () => {
    await gitea.close()
    // Every request of the test was one that Gitea describes.
    expect(gitea.problems).toEqual([])
  })
  const create = (given = token) =>
    createGitea({ project, branch: 'main', token: given, apiUrl: gitea.apiUrl })
  return { gitea, forge: create(), create }
}

test('proposals are the open pull requests against the branch, however short the pages', async () => {
  // An administrator may have smaller pages than we ask for.
  const { gitea, forge } = await open({ pageSize: 30 })
  for (let number = 1; number <= 70; number++) {
    gitea.pulls.push({ number, branch: `change-${number}`, head, base: 'main' })
  }
  gitea.pulls.push({ number: 71, branch: 'done', head, base: 'main', state: 'closed' })
  gitea.pulls.push({ number: 72, branch: 'more', head, base: 'other' })
  const proposals = await forge.proposals()
  expect(proposals.map(({ id }) => Number(id))).toEqual(Array.from({ length: 70 }, (_, i) => i + 1))
  expect(gitea.requests).toHaveLength(3)
})

test('pull requests of one stranger are one question about them', async () => {
  const { gitea, forge } = await open()
  for (const number of [1, 2, 3]) gitea.pulls.push({ ...fromFork, number, author: 'mallory' })
  gitea.permissions.set('bob', 'write')
  gitea.pulls.push({ ...fromFork, number: 4, from: 'bob/fleet', author: 'bob' })
  const trusted = (await forge.proposals()).map((one) => one.trusted)
  expect(trusted).toEqual([false, false, false, true])
  expect(gitea.requests.filter((one) => one.includes('/collaborators/'))).toHaveLength(2)
})

test('a fork of somebody else is not trusted, whoever opened the pull request', async () => {
  const { gitea, forge } = await open()
  gitea.permissions.set('bob', 'write')
  gitea.pulls.push({ ...fromFork, from: 'mallory/fleet', author: 'bob' })
  gitea.pulls.push({ ...fromFork, number: 2, from: null, author: 'bob' })
  expect((await forge.proposals()).map(({ trusted }) => trusted)).toEqual([false, false])
})

test('neither a fork that is gone nor an account that is gone is trusted', async () => {
  const { gitea, forge } = await open()
  gitea.pulls.push({ ...fromFork, from: null, author: 'mallory' })
  gitea.pulls.push({ ...fromFork, number: 2, author: null })
  gitea.pulls.push({ ...fromFork, number: 3, author: 'Ghost' })
  expect((await forge.proposals()).map(({ trusted }) => trusted)).toEqual([false, false, false])
})

test('what was pushed to refs/for/ stands in no branch, and may be a stranger’s', async () => {
  const { gitea, forge } = await open()
  // Gitea shows this repository as its head's.
  gitea.pulls.push({
    ...{ number: 1, branch: 'refs/pull/1/head', head, base: 'main', author: 'mallory' },
  })
  expect(await forge.proposal('1')).toMatchObject({ trusted: false, author: 'mallory' })
})

test('a token that may not ask about others trusts no fork, and says what it needs', async () => {
  const { gitea, forge } = await open()
  gitea.permissions.set('fleet-bot', 'write').set('alice', 'write')
  gitea.pulls.push({ ...fromFork, from: 'alice/fleet', author: 'alice' })
  expect(await forge.proposals()).toMatchObject([{ trusted: false }])
  await expect(forge.mayPush('alice')).rejects.toMatchObject({
    ...{ name: 'ForgeError', status: 403 },
    message: expect.stringMatching(/^asking whether alice .* has to be an administrator/),
  })
})

test('a pull request against another branch is no proposal, and brought nothing to ours', async () => {
  const { gitea, forge } = await open()
  gitea.pulls.push({ number: 1, branch: 'more', head, base: 'other', mergedAs: 'd'.repeat(40) })
  expect(await forge.proposal('1')).toBeUndefined()
  expect(await forge.mergedBy('d'.repeat(40))).toBeUndefined()
})

test('an internal repository is not read by strangers', async () => {
  const { gitea, forge } = await open()
  gitea.repository.visibility = 'internal'
  expect(await forge.isPrivate()).toBe(true)
})

test('our marker in the comment of somebody else, or behind other words, is not ours', async () => {
  const { gitea, forge } = await open()
  const body = `<!-- nixcluster:plan ${head} -->\nall is well, believe me`
  gitea.comment(7, 'mallory', body)
  gitea.comment(7, 'fleet-bot', `I said ${body}`)
  await forge.ensureComment(proposal, report('nothing would change'))
  expect(gitea.comments.map((one) => one.body)).toEqual([
    body,
    `I said ${body}`,
    `<!-- nixcluster:plan ${head} -->\nnothing would change`,
  ])
})

test('whoever gave us a token of their own tells us something as well', async () => {
  const { gitea, forge } = await open({ login: 'alice' })
  await forge.ensureComment(proposal, report('the plan'))
  gitea.comment(7, 'alice', '/nixcluster approve')
  expect(await forge.commands(proposal)).toMatchObject([{ author: 'alice', planned: head }])
})

test('a comment that was edited is no command: nobody can tell by whom', async () => {
  const { gitea, forge } = await open()
  const comment = gitea.comment(7, 'alice', 'looks good')
  comment.body = '/nixcluster approve'
  comment.updated++
  expect(await forge.commands(proposal)).toEqual([])
})

test("others' reactions to a command are no answer", async () => {
  const { gitea, forge } = await open()
  gitea.comment(7, 'alice', '/nixcluster plan').reactions.push({ login: 'bob', content: '+1' })
  expect(await forge.commands(proposal)).toHaveLength(1)
})

test('an answered command costs no request any more', async () => {
  const { gitea, forge } = await open()
  gitea.comment(7, 'alice', '/nixcluster plan')
  const [command] = await forge.commands(proposal)
  await forge.answer(proposal, command!, { kind: 'done' })
  await forge.commands(proposal)
  const before = gitea.requests.length
  await forge.commands(proposal)
  expect(gitea.requests.slice(before)).toEqual([`GET /repos/${project}/issues/7/comments`])
})

test('where our reactions are not allowed, words are the answer', async () => {
  const { gitea, forge, create } = await open()
  gitea.repository.allowedReactions = ['heart']
  gitea.comment(7, 'alice', '/nixcluster plan')
  gitea.comment(7, 'alice', '/nixcluster dance')
  const [plan, dance] = await forge.commands(proposal)
  await forge.answer(proposal, plan!, { kind: 'done' })
  await forge.answer(proposal, dance!, { kind: 'unknown', text: 'There is `help`.' })
  expect(await create().commands(proposal)).toEqual([])
  expect(gitea.comments.map(({ body }) => body).slice(2)).toEqual([
    expect.stringMatching(/done\.$/),
    expect.stringMatching(/There is `help`\.$/),
  ])
})

test('a command that was taken back gets no answer', async () => {
  const { gitea, forge } = await open()
  gitea.comment(7, 'alice', '/nixcluster plan')
  const [command] = await forge.commands(proposal)
  gitea.comments.pop()
  await forge.answer(proposal, command!, { kind: 'done', text: 'Done.' })
  expect(gitea.comments).toEqual([])
})

test('a status has the page that tells more, and is set again for another one', async () => {
  const { gitea, forge } = await open()
  const status = { context: 'nixcluster/plan', state: 'success', description: 'x' } as const
  await forge.ensureStatus(head, status)
  await forge.ensureStatus(head, { ...status, url: 'https://nixcluster.example.com/1' })
  await forge.ensureStatus(head, { ...status, url: 'https://nixcluster.example.com/1' })
  expect(gitea.statuses.map(({ url }) => url)).toEqual(['', 'https://nixcluster.example.com/1'])
})

test('our status is found among more than fit on a page', async () => {
  const { gitea, forge } = await open({ pageSize: 20 })
  const status = { context: 'nixcluster/plan', state: 'success', description: 'x' } as const
  for (let index = 0; index < 60; index++)
    await forge.ensureStatus(head, { ...status, context: `${index}` })
  await forge.ensureStatus(head, { ...status, context: '59' })
  expect(gitea.statuses).toHaveLength(60)
})

test('what the account of plan has written is ours, but for what it says as a person', async () => {
  const { gitea } = await open()
  const forge = createGitea({
    ...{ project, branch: 'main', token, apiUrl: gitea.apiUrl, planAccount: 'fleet-plan' },
  })
  gitea.comment(7, 'fleet-plan', `<!-- nixcluster:plan ${head} -->\nthe plan`)
  gitea.comment(7, 'fleet-plan', '/nixcluster plan')
  expect(await forge.commands(proposal)).toMatchObject([{ author: 'fleet-plan' }])
  await forge.ensureComment(proposal, { markdown: 'the rollout', text: '' })
  expect(gitea.comments.map(({ body }) => body)[0]).toContain('the rollout')
  expect(gitea.comments).toHaveLength(2)
})

test('a file of a commit is shown below its address', async () => {
  const forge = createGitea({
    ...{ project, branch: 'main', token, apiUrl: 'https://example.com/git/api/v1' },
  })
  expect(forge.blob?.(head)).toBe(`https://example.com/git/${project}/src/commit/${head}`)
})

const date = 'Tue, 14 Nov 2023 22:13:20 GMT'

test.each([
  [429, { 'retry-after': '30' }, 30_000],
  [429, {}, 60_000],
  [503, { 'retry-after': '5' }, 5_000],
  [503, { 'retry-after': 'Tue, 14 Nov 2023 22:14:50 GMT', date }, 90_000],
])('Gitea, or the proxy before it, asks us to wait with %i %j', async (status, headers, ms) => {
  const { gitea, forge } = await open()
  gitea.failNext(status, { headers })
  await expect(forge.proposals()).rejects.toMatchObject({ name: 'NotReadyError', retryAfterMs: ms })
  expect(await forge.proposals()).toEqual([])
})

test.each([
  [502, '<html>Bad Gateway</html>', /^listing pull requests: status 502$/],
  [403, { message: 'no permission' }, /^listing pull requests: no permission$/],
  [404, '<html>Not Found</html>', /apiUrl.*ends in \/api\/v1$/],
  [200, '<html>Welcome</html>', /apiUrl.*ends in \/api\/v1$/],
])('%i %j is an error that says what was being done', async (status, body, message) => {
  const { gitea, forge } = await open()
  gitea.failNext(status, { body })
  await expect(forge.proposals()).rejects.toMatchObject({
    ...{ name: 'ForgeError', status, message: expect.stringMatching(message) },
  })
})

test('a wrong token is an error that does not show it', async () => {
  const { create } = await open()
  const error: Error = await create('f00f00f00')
    .proposals()
    .then(
      () => new Error('no error'),
      (error) => error,
    )
  expect(error).toMatchObject({ name: 'ForgeError', status: 401 })
  expect(JSON.stringify(error) + error.message + error.stack).not.toContain('f00f00f00')
})

test('a Gitea that is away is an error without a status', async () => {
  const forge = createGitea({ project, branch: 'main', token, apiUrl: 'http://127.0.0.1:9/api/v1' })
  await expect(forge.proposals()).rejects.toMatchObject({ name: 'ForgeError', status: 0 })
})

test('whose the token is, is asked again after it could not be told', async () => {
  const { gitea, forge } = await open()
  gitea.comment(7, 'fleet-bot', `<!-- nixcluster:plan ${head} -->\nthe plan`)
  gitea.failNext(500, { path: '/user' })
  await expect(forge.ensureComment(proposal, report('the plan'))).rejects.toMatchObject({
    ...{ name: 'ForgeError', status: 500 },
  })
  await forge.ensureComment(proposal, report('the plan'))
  expect(gitea.comments).toHaveLength(1)
})

test('the stand-in complains about what Gitea does not know', async () => {
  const gitea = await startGitea({ project, token, login: 'fleet-bot' })
  onTestFinished(() => gitea.close())
  const headers = { authorization: `token ${token}`, 'content-type': 'application/json' }
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(gitea.apiUrl + path, { ...init, headers })
  await ask(`/repos/${project}/pull/7`)
  await ask(`/repos/${project}/pulls?state=opened&per_page=3`)
  await ask(`/repos/${project}/pulls/seven`)
  await ask(`/repos/${project}/statuses/${head}`, {
    ...{ method: 'POST', body: '{"state":"green","text":"x"}' },
  })
  await ask(`/repos/${project}/issues/7/comments`, { method: 'POST', body: '{}' })
  expect(gitea.problems).toEqual([
    `GET /repos/${project}/pull/7: Gitea knows no such request, or its description lacks it here`,
    `GET /repos/${project}/pulls: state/value must be equal to one of the allowed values`,
    `GET /repos/${project}/pulls: ?per_page= is not known`,
    `GET /repos/${project}/pulls/seven: index/value must be integer`,
    `POST /repos/${project}/statuses/${head}: body/state must be equal to one of the allowed values`,
    `POST /repos/${project}/statuses/${head}: the body's 'text' is not known`,
    `POST /repos/${project}/issues/7/comments: body must have required property 'body'`,
  ])
})
