import { expect, test } from 'vitest'
import { answerTopic } from '../../src/jobs/answer-topic.ts'
import type { LineCommand } from '../../src/model/command.ts'
import { follow, postCommand, postPush, readAnswer, readStatus } from '../../src/cli/client.ts'
import { signRequest, signatureHeader, timestampHeader } from '../../src/forge/signature.ts'
import { followUrl } from '../../src/model/follow-url.ts'
import type { Job } from '../../src/model/ports.ts'
import { readSignedCommand } from '../../src/server/signed-command.ts'
import { until } from '../redis/redis-of-the-test.ts'
import { otherSecret, secret, startApp } from './app-of-the-test.ts'

const none = '0'.repeat(40)
const tip = 'b'.repeat(40)
const update = { ref: 'refs/heads/main', old: none, new: tip }

async function read(lines: AsyncGenerator<string, string, undefined>): Promise<string[]> {
  const seen: string[] = []
  for (;;) {
    const next = await lines.next()
    seen.push(next.done ? `(${next.value})` : next.value)
    if (next.done) return seen
  }
}

interface Forged {
  readonly body: string
  readonly by?: string
  /** Seconds since it was signed. */
  readonly age?: number
  /** What was signed instead of the body, and of the path. */
  readonly signed?: string
  readonly path?: string
}

/** A request as the hook sends it, for getting something wrong in it. */
function hook(url: string, { body, by = secret, age = 0, signed, path = '/hooks/git' }: Forged) {
  const timestamp = String(Math.floor(Date.now() / 1000) - age)
  const signature = signRequest(by, { method: 'POST', path, body: signed ?? body, timestamp })
  return fetch(`${url}/hooks/git`, {
    method: 'POST',
    headers: { [signatureHeader]: signature, [timestampHeader]: timestamp },
    body,
  })
}

test('a push is handed over and followed to its end', async () => {
  const { url, jobs, progress } = await startApp()
  const controller = { url, secret }
  const links = await postPush(controller, 'cellar', [update])
  expect(jobs()).toEqual([{ kind: 'publish', repository: 'cellar' }])
  expect(links).toMatchObject([{ ref: 'main', commit: tip }])
  const topic = { repository: 'cellar', ref: 'main', commit: tip }
  await progress.say(topic, 'rendering')
  const lines = read(follow(controller, links[0]!))
  await progress.say(topic, 'vm0: done\nvm1: done')
  await progress.end(topic, 'all machines run it')
  expect(await lines).toEqual([
    'rendering',
    'vm0: done',
    'vm1: done',
    'all machines run it',
    '(end)',
  ])
})

test('what is followed cannot move the cursor, colour or turn the line', async () => {
  const { url, progress } = await startApp()
  const topic = { repository: 'cellar', ref: 'main', commit: tip }
  const [link] = await postPush({ url, secret }, 'cellar', [update])
  await progress.say(topic, 'vm0: \x1b[31mred\x1b[0m\rvm1 \u202edone')
  await progress.end(topic)
  expect(await read(follow({ url, secret }, link!))).toEqual(['vm0: redvm1 done', '(end)'])
})

test('what was said about the same commit long ago is not said again', async () => {
  const { url, progress } = await startApp({ now: () => new Date(Date.now() + 60_000) })
  await progress.end({ repository: 'cellar', ref: 'main', commit: tip }, 'from last week')
  const controller = { url, secret }
  const [link] = await postPush(controller, 'cellar', [update])
  expect(await read(follow(controller, link!))).toEqual(['(limit)'])
})

test('deleted branches are looked at and not followed, tags and our own branches are neither', async () => {
  const { url, jobs } = await startApp()
  const links = await postPush({ url, secret }, 'cellar', [
    { ref: 'refs/heads/done', old: tip, new: none },
    { ref: 'refs/tags/v1', old: none, new: tip },
    { ref: 'refs/heads/nixcluster/main', old: none, new: tip },
  ])
  expect(links).toEqual([])
  expect(jobs()).toEqual([{ kind: 'look', repository: 'cellar', ref: 'done' }])
})

test('a wrong signature, another request, an old one and an unknown repository: 401, nothing queued', async () => {
  const { url, jobs } = await startApp()
  const body = JSON.stringify({ repository: 'cellar', updates: [update] })
  const unknown = JSON.stringify({ repository: 'loft', updates: [update] })
  const answers = [
    await hook(url, { body, by: otherSecret }),
    await hook(url, { body, signed: body.replace('main', 'other') }),
    await hook(url, { body, path: '/api/repositories/cellar/commands' }),
    await hook(url, { body, age: 301 }),
    await hook(url, { body, age: -301 }),
    await hook(url, { body: unknown }),
    await hook(url, { body: 'no JSON' }),
    await fetch(`${url}/hooks/git`, { method: 'POST', body }),
    await fetch(`${url}/follow?repository=cellar&ref=main&commit=${tip}`),
    await fetch(`${url}/api/repositories/cellar/status`),
    await fetch(`${url}/api/repositories/cellar/commands`, { method: 'POST', body: '{"by":"me"}' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual(Array(11).fill(401))
  expect(jobs()).toEqual([])
})

test('with Redis away the hook gets 503', async () => {
  const { url, redis } = await startApp()
  await redis.close()
  await expect(postPush({ url, secret }, 'cellar', [update])).rejects.toMatchObject({
    name: 'RefusedError',
    status: 503,
    message: 'the queue is away',
  })
})

test('a deployment is asked for, and followed from then on', async () => {
  const { url, jobs, progress } = await startApp()
  const controller = { url, secret }
  const topic = { repository: 'cellar', ref: 'main', commit: 'c0ffee' }
  await progress.end(topic, 'waits for: nixcluster deploy')
  await new Promise((resolve) => setTimeout(resolve, 5))
  const { since } = await postCommand(controller, 'cellar', 'somebody', { kind: 'deploy' })
  const [job] = jobs() as Extract<Job, { kind: 'command' }>[]
  expect(job).toMatchObject({ kind: 'command', repository: 'cellar', id: expect.any(String) })
  const given = readSignedCommand(secret, job!.signed, new Date())
  expect(given).toEqual({ by: 'somebody', command: { kind: 'deploy' } })
  await progress.end(topic, 'all machines run it')
  const link = { url: followUrl(topic, new Date(since), 'go') }
  expect(await read(follow(controller, link))).toEqual(['all machines run it', '(end)'])
})

test('a command is answered to whoever gave it', async () => {
  const { url, jobs, progress } = await startApp()
  const controller = { url, secret }
  const pause = { kind: 'pause', selector: 'vm9', until: '2099-01-01T00:00:00Z' } as const
  const { answer } = await postCommand(controller, 'cellar', 'somebody', pause)
  const [job] = jobs() as Extract<Job, { kind: 'command' }>[]
  const given = readSignedCommand(secret, job!.signed, new Date())
  expect(given).toEqual({ by: 'somebody', command: pause })
  const said = { kind: 'refused', text: 'no host is called \x1b[31mvm9 here' }
  await progress.end(answerTopic('cellar', job!.id), JSON.stringify(said))
  expect(await readAnswer(controller, answer)).toEqual({
    ...{ kind: 'refused', text: 'no host is called vm9 here' },
  })
})

test.each([
  ['as it was given', {}, { by: 'somebody', command: { kind: 'retry' } }],
  ['that another secret signed', { by: otherSecret }, undefined],
  ['that was given six minutes ago', { later: 360 }, undefined],
  [
    'whose words were changed in the queue',
    { body: '{"by":"me","command":{"kind":"deploy"}}' },
    undefined,
  ],
])('whoever carries out a command reads one %s so: %j', async (_, changed, read) => {
  const { url, jobs } = await startApp()
  await postCommand({ url, secret }, 'cellar', 'somebody', { kind: 'retry' })
  const [job] = jobs() as Extract<Job, { kind: 'command' }>[]
  const { by = secret, later = 0, ...other } = changed as Changed
  const now = new Date(Date.now() + later * 1000)
  expect(readSignedCommand(by, { ...job!.signed, ...other }, now)).toEqual(read)
})

interface Changed {
  readonly by?: string
  /** Seconds. */
  readonly later?: number
  readonly body?: string
}

test('where things stand is asked of a worker, who answers with JSON', async () => {
  const { url, jobs, progress } = await startApp()
  const asked = readStatus({ url, secret }, 'cellar')
  await until('the question is queued', async () => jobs().length === 1)
  const [job] = jobs() as { kind: string; id: string }[]
  expect(job).toMatchObject({ kind: 'status', repository: 'cellar' })
  await progress.end(answerTopic('cellar', job!.id), JSON.stringify({ branch: 'main' }))
  expect(await asked).toEqual({ branch: 'main' })
})

test('where no worker answers, that is said', async () => {
  const { url } = await startApp()
  await expect(readStatus({ url, secret }, 'cellar')).rejects.toMatchObject({
    status: 503,
    message: 'no worker has answered within 0.5 s: is one of the role plan running?',
  })
})

test('without an answer in time, whoever waits is told so', async () => {
  const { url } = await startApp()
  const controller = { url, secret }
  const { answer } = await postCommand(controller, 'cellar', 'somebody', { kind: 'retry' })
  expect(await readAnswer(controller, answer)).toBeUndefined()
})

test.each([
  [undefined, '`command` is missing'],
  [{ kind: 'approve' }, 'none of deploy, retry, pause and resume'],
  [{ kind: 'pause' }, 'a pause needs a `selector`'],
  [{ kind: 'pause', selector: 'vm0', until: 'tomorrow' }, '`until` is not a time'],
  [{ kind: 'retry', selector: 'vm0 vm1' }, '`selector` is not one'],
  [{ kind: 'resume', selector: 7 }, '`selector` is not one'],
])('%j is no command', async (command, why) => {
  const { url, jobs } = await startApp()
  const sent = postCommand({ url, secret }, 'cellar', 'somebody', command as LineCommand)
  await expect(sent).rejects.toMatchObject({
    ...{ status: 400, message: expect.stringContaining(why) },
  })
  expect(jobs()).toEqual([])
})

test.each(['', 'ada\nSource-Commit: 0', 'a'.repeat(101)])('%j is nobody', async (by) => {
  const { url, jobs } = await startApp()
  const sent = postCommand({ url, secret }, 'cellar', by, { kind: 'retry' })
  await expect(sent).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining('who asks?'),
  })
  expect(jobs()).toEqual([])
})

test('a recorded approval is not taken twice', async () => {
  const { url } = await startApp()
  const path = '/api/repositories/cellar/commands'
  const body = JSON.stringify({ by: 'somebody', command: { kind: 'deploy' } })
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = signRequest(secret, { method: 'POST', path, body, timestamp })
  const headers = { [signatureHeader]: signature, [timestampHeader]: timestamp }
  const send = () => fetch(url + path, { method: 'POST', headers, body })
  expect([(await send()).status, (await send()).status]).toEqual([202, 409])
})

test('followers are counted, and a place is free again when one leaves', async () => {
  const { url } = await startApp({ limits: { bodyBytes: 10_000, followMs: 60_000, followers: 1 } })
  const controller = { url, secret }
  const [link] = await postPush(controller, 'cellar', [update])
  const abort = new AbortController()
  const first = read(follow(controller, link!, abort.signal))
  await expect.poll(() => read(follow(controller, link!)).catch((e) => e.status)).toBe(503)
  abort.abort()
  await first.catch(() => {})
  const second = new AbortController()
  await expect
    .poll(async () => {
      const lines = follow(controller, link!, second.signal)
      return Promise.race([
        lines.next().then(
          () => 'ended',
          (error: { status?: number }) => error.status ?? 'ended',
        ),
        new Promise((resolve) => setTimeout(() => resolve('follows'), 100)),
      ])
    })
    .toBe('follows')
  second.abort()
})
