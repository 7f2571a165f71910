import { createHmac } from 'node:crypto'
import { request } from 'node:http'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { pidOf, redisCli, startRedis, until } from '../redis/redis-of-the-test.ts'
import {
  checkAgain,
  deliver,
  examplePayload,
  issueComment,
  mergeGroup,
  pullRequest,
  push,
  sign,
} from '../github/deliveries.ts'
import { otherSecret, secret, startApp } from './app-of-the-test.ts'

const old = 'a'.repeat(40)
const tip = 'b'.repeat(40)
const pushed = push('example/fleet', 'main', old, tip)

test('a push to a branch is answered with 202 and looked at', async () => {
  const { url, jobs } = await startApp()
  const answer = await deliver(url, sign('push', pushed, secret))
  expect([answer.status, await answer.json()]).toEqual([202, { result: 'queued' }])
  expect(jobs()).toEqual([{ kind: 'publish', repository: 'fleet' }])
})

test('names of repositories are taken as GitHub does: without case', async () => {
  const { url, jobs } = await startApp()
  await deliver(url, sign('push', push('Example/Fleet', 'main', old, tip), secret))
  expect(jobs()).toHaveLength(1)
})

test.each(['opened', 'synchronize', 'reopened', 'closed'])(
  'a pull request that is %s is planned anew',
  async (action) => {
    const { url, jobs } = await startApp()
    // GitHub's examples have no synchronize: only the word differs.
    const example = pullRequest('example/fleet', action === 'synchronize' ? 'opened' : action, 7)
    const answer = await deliver(url, sign('pull_request', { ...example, action }, secret))
    expect(answer.status).toBe(202)
    expect(jobs()).toEqual([{ kind: 'plan', repository: 'fleet', proposal: '7' }])
  },
)

test.each(['created', 'edited'] as const)(
  'what somebody tells us in a comment that is %s is read',
  async (action) => {
    const { url, jobs } = await startApp()
    const payload = issueComment('example/fleet', action, 7, '\n /NixCluster plan\r\nplease')
    expect((await deliver(url, sign('issue_comment', payload, secret))).status).toBe(202)
    expect(jobs()).toEqual([{ kind: 'comments', repository: 'fleet', proposal: '7' }])
  },
)

test('a head of the merge queue is planned by the name that the forge gives it', async () => {
  const { url, jobs } = await startApp()
  const payload = mergeGroup('example/fleet', 'release/24', `pr-7-${old}`, tip)
  expect((await deliver(url, sign('merge_group', payload, secret))).status).toBe(202)
  expect(jobs()).toEqual([{ kind: 'plan', repository: 'fleet', proposal: `queue/pr-7-${old}` }])
})

test.each(['check_run', 'check_suite'] as const)(
  'a %s that somebody wants again is planned anew',
  async (event) => {
    const { url, jobs } = await startApp()
    const payload = checkAgain('example/fleet', event, 7)
    expect((await deliver(url, sign(event, payload, secret))).status).toBe(202)
    expect(jobs()).toEqual([{ kind: 'plan', repository: 'fleet', proposal: '7' }])
  },
)

const queued = `gh-readonly-queue/main/pr-7-${old}`
const ended = { ...mergeGroup('example/fleet', 'main', `pr-7-${old}`, tip), action: 'destroyed' }

test.each([
  [
    'a comment like any other',
    'issue_comment',
    issueComment('example/fleet', 'created', 7, 'nice'),
  ],
  [
    'a command that is taken back',
    'issue_comment',
    issueComment('example/fleet', 'deleted', 7, '/nixcluster deploy'),
  ],
  [
    'a command below an issue',
    'issue_comment',
    issueComment('example/fleet', 'created', 7, '/nixcluster deploy', 'issue'),
  ],
  ['a queue that is done', 'merge_group', ended],
  ['a push of the merge queue', 'push', push('example/fleet', queued, old, tip)],
  [
    'a check that came to its end',
    'check_run',
    examplePayload('check_run', 'example/fleet', 'completed'),
  ],
  ['a tag', 'push', { ...pushed, ref: 'refs/tags/v1' }],
  ['our own branch', 'push', push('example/fleet', 'nixcluster/main', old, tip)],
  ['a label', 'pull_request', pullRequest('example/fleet', 'labeled', 7)],
  ['a ping', 'ping', examplePayload('ping', 'example/fleet')],
])('%s changes no machine: 202, nothing queued', async (_, event, payload) => {
  const { url, jobs } = await startApp()
  expect((await deliver(url, sign(event, payload, secret))).status).toBe(202)
  expect(jobs()).toEqual([])
})

test('a webhook with a wrong or no signature: 401, nothing queued, the body not logged', async () => {
  const { url, jobs, logged } = await startApp()
  const payload = { ...pushed, note: 'for-nobody-to-read' }
  const signed = sign('push', payload, secret)
  const wrong = sign('push', payload, 'another secret')
  const { 'x-hub-signature-256': _, ...unsigned } = signed.headers
  const answers = [
    await deliver(url, wrong),
    await deliver(url, { ...signed, headers: unsigned }),
    await deliver(url, { ...signed, body: signed.body.replace('main', 'evil') }),
    await deliver(url, { ...signed, headers: { ...signed.headers, 'x-hub-signature-256': 'x' } }),
    await deliver(url, { ...signed, body: '' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
  expect(jobs()).toEqual([])
  expect(logged.filter((line) => line.includes('refused a webhook'))).toHaveLength(5)
  expect(logged.join('')).not.toContain('for-nobody-to-read')
})

test("another repository's secret signs nothing", async () => {
  const { url, jobs } = await startApp()
  expect((await deliver(url, sign('push', pushed, otherSecret))).status).toBe(401)
  expect(jobs()).toEqual([])
})

test('an unknown repository is ignored and logged', async () => {
  const { url, jobs, logged } = await startApp()
  const answer = await deliver(url, sign('push', push('example/other', 'main', old, tip), secret))
  expect([answer.status, await answer.json()]).toEqual([202, { result: 'ignored' }])
  expect(jobs()).toEqual([])
  expect(logged.join('')).toContain('"project":"example/other"')
})

test('what is signed and no JSON: 400, and what to do', async () => {
  const { url, logged } = await startApp()
  const body = `payload=${encodeURIComponent(JSON.stringify(pushed))}`
  const digest = createHmac('sha256', secret).update(body).digest('hex')
  const headers = { 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${digest}` }
  expect((await deliver(url, { body, headers })).status).toBe(400)
  expect(logged.join('')).toContain('application/json')
})

test('the same delivery twice has one effect', async () => {
  const { url, jobs } = await startApp()
  const delivery = sign('push', pushed, secret)
  expect((await deliver(url, delivery)).status).toBe(202)
  expect((await deliver(url, delivery)).status).toBe(202)
  expect(jobs()).toHaveLength(1)
})

test('what comes of a delivery has its id: the answer, the log and the job', async () => {
  const { url, logged, traces } = await startApp()
  const delivery = sign('push', pushed, secret)
  const id = delivery.headers['x-github-delivery']
  expect((await deliver(url, delivery)).headers.get('x-request-id')).toBe(id)
  expect(logged.map((line) => JSON.parse(line).trace)).toEqual([id])
  expect(traces()).toMatchObject([{ id, from: 'push' }])
})

test('an id that is none is cut and cleaned before it goes anywhere', async () => {
  const { url, logged } = await startApp()
  const delivery = sign('push', pushed, 'wrong')
  const headers = { ...delivery.headers, 'x-github-delivery': `<b>"1;2' ${'x'.repeat(9000)}` }
  const answer = await deliver(url, { ...delivery, headers })
  const id = `b12${'x'.repeat(61)}`
  expect([answer.status, answer.headers.get('x-request-id')]).toEqual([401, id])
  expect(logged.map((line) => JSON.parse(line).trace)).toEqual([id])
})

test('a body over the limit: 413, and nothing queued', async () => {
  const { url, jobs } = await startApp()
  const delivery = sign('push', { ...pushed, pad: 'x'.repeat(300_000) }, secret)
  expect((await deliver(url, delivery)).status).toBe(413)
  expect(jobs()).toEqual([])
})

test('a body without a length is not read beyond the limit', async () => {
  const { url } = await startApp()
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sent = request(`${url}/webhooks/github`, { method: 'POST' }, (answer) => {
      clearInterval(writing)
      sent.destroy()
      resolve(answer.statusCode)
    })
    sent.on('error', reject)
    // Without an end: an answer comes only if nobody waits for the whole body.
    const writing = setInterval(() => sent.write('x'.repeat(50_000)), 5)
  })
  expect(status).toBe(413)
})

test('Redis away: 503, and a redelivery works once it is back', async () => {
  const { url, redis, jobs } = await startApp()
  const delivery = sign('push', pushed, secret)
  await redis.close()
  expect((await deliver(url, delivery)).status).toBe(503)
  expect((await fetch(`${url}/readyz`)).status).toBe(503)
  const socket = redis.address.kind === 'socket' ? redis.address.path : ''
  await startRedis(dirname(socket))
  await until('the controller is ready', async () => (await fetch(`${url}/readyz`)).ok)
  expect((await deliver(url, delivery)).status).toBe(202)
  expect(jobs()).toHaveLength(1)
})

test('a Redis that hangs: 503 instead of waiting for it', async () => {
  const { url, redis } = await startApp()
  const pid = pidOf(redis)
  process.kill(pid, 'SIGSTOP')
  try {
    const signal = AbortSignal.timeout(3000)
    const { headers, body } = sign('push', pushed, secret)
    const sent = fetch(`${url}/webhooks/github`, { method: 'POST', headers, body, signal })
    expect((await sent).status).toBe(503)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
})

test('an emptied Redis takes the next webhook', async () => {
  const { url, redis, jobs } = await startApp()
  await deliver(url, sign('push', pushed, secret))
  redisCli(redis, 'flushall')
  expect((await deliver(url, sign('push', pushed, secret))).status).toBe(202)
  expect(jobs()).toHaveLength(1)
})
