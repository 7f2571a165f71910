import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { deliver, recordedPayload, sign } from '../gitea/deliveries.ts'
import { deliver as deliverToGithub, push, sign as signAsGithub } from '../github/deliveries.ts'
import { otherSecret, secret, startApp } from './app-of-the-test.ts'

const repositories = [
  { name: 'fleet', forge: 'gitea', project: 'example/fleet', secret },
  { name: 'attic', forge: 'gitea', project: 'example/attic', secret: otherSecret },
  { name: 'mirror', forge: 'github', project: 'example/fleet', secret },
] as const

const ref = 'refs/heads/main'
const pushed = recordedPayload('push', 'example/fleet', { ref })

test.each(['gitea', 'forgejo'] as const)('a push to a branch, told by %s', async (by) => {
  const { url, jobs } = await startApp({ repositories })
  const answer = await deliver(url, sign('push', pushed, secret, by))
  expect([answer.status, await answer.json()]).toEqual([202, { result: 'queued' }])
  expect(jobs()).toEqual([
    { kind: 'look', repository: 'fleet', ref: 'main' },
    { kind: 'publish', repository: 'fleet' },
  ])
})

test.each(['opened', 'synchronized', 'reopened', 'closed', 'edited'])(
  'a pull request that is %s is planned anew',
  async (action) => {
    const { url, jobs } = await startApp({ repositories })
    const payload = recordedPayload('pull_request', 'Example/Fleet', { action, number: 7 })
    expect((await deliver(url, sign('pull_request', payload, secret))).status).toBe(202)
    expect(jobs()).toEqual([{ kind: 'plan', repository: 'fleet', proposal: '7' }])
  },
)

test('a command below a pull request has its comments read; other comments, and issues, do not', async () => {
  const { url, jobs } = await startApp({ repositories })
  const told = recordedPayload('issue_comment', 'example/fleet')
  const saying = (body: string) => ({ ...told, comment: { ...(told['comment'] as object), body } })
  const { pull_request: _, ...issue } = told['issue'] as Readonly<Record<string, unknown>>
  await deliver(url, sign('issue_comment', saying('nice'), secret))
  await deliver(url, sign('issue_comment', { ...told, issue }, secret))
  expect(jobs()).toEqual([])
  await deliver(url, sign('issue_comment', told, secret))
  expect(jobs()).toEqual([{ kind: 'comments', repository: 'fleet', proposal: '1' }])
})

test.each([
  ['a tag', 'push', { ...pushed, ref: 'refs/tags/v1' }],
  ['our own branch', 'push', { ...pushed, ref: 'refs/heads/nixcluster/main' }],
  ['a note', 'push', { ...pushed, ref: 'refs/notes/nixcluster' }],
  [
    'a label',
    'pull_request',
    recordedPayload('pull_request', 'example/fleet', { action: 'label_updated' }),
  ],
  ['another repository', 'push', recordedPayload('push', 'example/other', { ref })],
])('%s changes no machine: 202, nothing queued', async (_, event, payload) => {
  const { url, jobs } = await startApp({ repositories })
  const answer = await deliver(url, sign(event, payload, secret))
  expect([answer.status, await answer.json()]).toEqual([202, { result: 'ignored' }])
  expect(jobs()).toEqual([])
})

test('a wrong or no signature, or that of another repository: 401, and nothing queued', async () => {
  const { url, jobs, logged } = await startApp({ repositories })
  const signed = sign('push', pushed, secret)
  const { 'x-gitea-signature': signature, ...unsigned } = signed.headers
  const answers = [
    await deliver(url, sign('push', pushed, 'another secret')),
    await deliver(url, sign('push', pushed, otherSecret)),
    await deliver(url, { ...signed, headers: unsigned }),
    await deliver(url, { ...signed, body: signed.body.replace('main', 'evil') }),
    await deliver(url, { ...signed, headers: { ...unsigned, 'x-gitea-signature': '' } }),
    await deliver(url, {
      ...signed,
      headers: { ...unsigned, 'x-gitea-signature': `sha256=${signature}` },
    }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401])
  expect(jobs()).toEqual([])
  expect(logged.filter((line) => line.includes('refused a webhook'))).toHaveLength(6)
})

test('what one forge sends is not taken for a repository of the other', async () => {
  const { url, jobs } = await startApp({ repositories: repositories.slice(0, 1) })
  const payload = push('example/fleet', 'main', 'a'.repeat(40), 'b'.repeat(40))
  expect((await deliverToGithub(url, signAsGithub('push', payload, secret))).status).toBe(401)
  expect(jobs()).toEqual([])
})

test('a form instead of JSON: 400, and what to do', async () => {
  const { url, logged } = await startApp({ repositories })
  const body = `payload=${encodeURIComponent(JSON.stringify(pushed))}`
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const headers = { 'x-gitea-event': 'push', 'x-gitea-signature': signature }
  expect((await deliver(url, { headers, body })).status).toBe(400)
  expect(logged.join('')).toContain('application/json')
})
