import { expect, onTestFinished, test } from 'vitest'
import type { Log, Topic } from '../../src/model/ports.ts'
import { createProgress } from '../../src/redis/progress.ts'
import { redisCli, silent, startRedis, until } from './redis-of-the-test.ts'

const topic: Topic = { repository: 'fleet', ref: 'main', commit: 'c0ffee' }
const never = new AbortController().signal

async function openProgress() {
  const server = await startRedis()
  const progress = createProgress(server.address, silent)
  onTestFinished(() => progress.close())
  await until('Redis listens', async () => {
    await progress.say({ ...topic, ref: 'warm-up' }, 'hello')
    return redisCli(server, 'dbsize') !== '0'
  })
  return { server, progress }
}

async function read(lines: AsyncGenerator<string, string, undefined>): Promise<string[]> {
  const seen: string[] = []
  for (;;) {
    const next = await lines.next()
    seen.push(next.done ? `(${next.value})` : next.value)
    if (next.done) return seen
  }
}

test('a late follower sees all lines up to the end', async () => {
  const { progress } = await openProgress()
  await progress.say(topic, 'planning')
  await progress.end(topic, 'nothing to do')
  expect(await read(progress.follow(topic, never, { limitMs: 1000 }))).toEqual([
    'planning',
    'nothing to do',
    '(end)',
  ])
})

test('an early follower sees the lines as they come, and those of its topic only', async () => {
  const { progress } = await openProgress()
  const lines = progress.follow(topic, never, { limitMs: 10_000 })
  const first = lines.next()
  await progress.say({ ...topic, commit: 'f00d' }, 'not for you')
  await progress.say(topic, 'planning')
  expect(await first).toEqual({ done: false, value: 'planning' })
  await progress.end(topic)
  expect(await read(lines)).toEqual(['(end)'])
})

test('what is said after the end begins anew', async () => {
  const { progress } = await openProgress()
  await progress.end(topic, 'waits for an approval')
  await progress.say(topic, 'approved')
  await progress.end(topic)
  expect(await read(progress.follow(topic, never, { limitMs: 1000 }))).toEqual([
    'approved',
    '(end)',
  ])
})

test('a follower may leave out what was said before it asked', async () => {
  const { progress } = await openProgress()
  await progress.end(topic, 'waits for an approval')
  const lines = progress.follow(topic, never, { limitMs: 10_000, since: new Date(Date.now() + 1) })
  const first = lines.next()
  await new Promise((resolve) => setTimeout(resolve, 20))
  await progress.say(topic, 'approved')
  expect((await first).value).toBe('approved')
  await lines.return('end')
})

test('a wait ends whoever follows, except the person who said go after it was decided', async () => {
  const { progress } = await openProgress()
  const pusher = read(progress.follow(topic, never, { limitMs: 10_000 }))
  const deployer = read(progress.follow(topic, never, { limitMs: 10_000, saidGo: true }))
  await progress.wait(topic, 'nothing is deployed before somebody says go')
  const { commit, ...branch } = topic
  expect(await pusher).toEqual(['nothing is deployed before somebody says go', '(end)'])
  expect(await progress.awaited(branch)).toEqual([commit])
  await progress.end(topic, 'deployed')
  expect(await deployer).toEqual(['deployed', '(end)'])
})

test('a commit is awaited from its first follower until its last word', async () => {
  const { progress } = await openProgress()
  const { commit, ...branch } = topic
  expect(await progress.awaited(branch)).toEqual([])
  const readers = [read(progress.follow(topic, never, { limitMs: 10_000 }))]
  readers.push(read(progress.follow(topic, never, { limitMs: 10_000 })))
  await progress.say(topic, 'planning')
  expect(await progress.awaited(branch)).toEqual([commit])
  expect(await progress.awaited({ ...branch, ref: 'other' })).toEqual([])
  await progress.end(topic)
  expect(await progress.awaited(branch)).toEqual([])
  expect(await Promise.all(readers)).toEqual([
    ['planning', '(end)'],
    ['planning', '(end)'],
  ])
})

test('a follower ends when nothing comes, and when it is told to', async () => {
  const { progress } = await openProgress()
  expect(await read(progress.follow(topic, never, { limitMs: 50 }))).toEqual(['(limit)'])
  const abort = new AbortController()
  const reading = read(progress.follow(topic, abort.signal, { limitMs: 60_000 }))
  setTimeout(() => abort.abort(), 50)
  expect(await reading).toEqual(['(aborted)'])
})

test('a follower is seen by another process, until its own is gone', async () => {
  const { server, progress } = await openProgress()
  const other = createProgress(server.address, silent)
  onTestFinished(() => other.close())
  const { commit, ...branch } = topic
  const abort = new AbortController()
  const reading = read(progress.follow(topic, abort.signal, { limitMs: 60_000 }))
  await until('it is seen', async () => (await other.awaited(branch)).length === 1)
  expect(await other.awaited(branch)).toEqual([commit])
  // Whoever is killed takes nothing back: the set forgets it.
  const ttl = Number(redisCli(server, 'pttl', 'nixcluster:followers:["fleet","main"]'))
  expect(ttl).toBeGreaterThan(0)
  abort.abort()
  await reading
  await until('it is gone', async () => (await other.awaited(branch)).length === 0)
})

test('somebody who is expected counts as following, until the last word', async () => {
  const { progress } = await openProgress()
  const { commit, ...branch } = topic
  await progress.expect(topic, { saidGo: true })
  await progress.wait(topic, 'waits for: nixcluster deploy')
  expect(await progress.awaited(branch)).toEqual([commit])
  await progress.end(topic, 'deployed')
  expect(await progress.awaited(branch)).toEqual([])
})

test('while Redis is away, a follower ends at its limit', async () => {
  const { server, progress } = await openProgress()
  await server.close()
  expect(await read(progress.follow(topic, never, { limitMs: 50 }))).toEqual(['(limit)'])
})

test('an answer is forgotten after a minute', async () => {
  const { server, progress } = await openProgress()
  await progress.end({ ...topic, ref: '' }, '{"kind":"done"}')
  const key = 'nixcluster:progress:["fleet","","c0ffee"]'
  expect(Number(redisCli(server, 'ttl', key))).toBeLessThanOrEqual(60)
})

test('lines are forgotten after a day', async () => {
  const { server, progress } = await openProgress()
  await progress.say(topic, 'planning')
  const key = 'nixcluster:progress:["fleet","main","c0ffee"]'
  expect(Number(redisCli(server, 'ttl', key))).toBeGreaterThan(86_000)
})

test('a dead Redis costs the line and a warning, not the job', async () => {
  const warnings: string[] = []
  const log: Log = { ...silent, warn: (_, text) => void warnings.push(text) }
  const progress = createProgress({ kind: 'socket', path: '/tmp/nixcluster-no-such.sock' }, log)
  onTestFinished(() => progress.close())
  await progress.say(topic, 'planning')
  expect(warnings).toEqual(['a line for the pusher is lost'])
})
