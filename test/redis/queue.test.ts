import { onTestFinished, expect, test } from 'vitest'
import { currentTrace, inTrace, type Trace } from '../../src/log/trace.ts'
import type { Job, Log, Outcome } from '../../src/model/ports.ts'
import { jobKinds } from '../../src/model/role.ts'
import { createQueue, type RedisQueue } from '../../src/redis/queue.ts'
import type { RedisServer } from '../../src/redis/server.ts'
import { delayAfter, startWorker } from '../../src/redis/worker.ts'
import { createFolder, pidOf, redisCli, silent, startRedis, until } from './redis-of-the-test.ts'

const publish: Job = { kind: 'publish', repository: 'fleet' }
const done: Outcome = { kind: 'done' }

async function openQueue(server: RedisServer, log: Log = silent): Promise<RedisQueue> {
  const queue = createQueue(server.address, log)
  onTestFinished(() => queue.close())
  await until('the queue is ready', () => queue.isReady())
  return queue
}

/** A worker whose job number n (from 1) does what `handle` says. */
function work(server: RedisServer, handle: (n: number, job: Job) => Outcome | Promise<Outcome>) {
  const seen: Job[] = []
  const worker = startWorker({
    address: server.address,
    kinds: jobKinds,
    log: silent,
    handle: async (job) => {
      seen.push(job)
      return handle(seen.length, job)
    },
  })
  onTestFinished(() => worker.close({ machineMs: 1000, othersMs: 1000 }))
  return { seen, worker }
}

/** Lets a job of a test run for as long as the test wants. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

test('jobs that name the same thing and wait are one, others stay apart', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const jobs: Job[] = [
    { kind: 'look', repository: 'fleet', ref: 'main' },
    { kind: 'look', repository: 'fleet', ref: 'main' },
    { kind: 'look', repository: 'fleet', ref: 'other' },
    { kind: 'look', repository: 'fleet' },
    { kind: 'machine', repository: 'fleet', machine: 'vm0.example.com' },
    { kind: 'machine', repository: 'fleet', machine: 'vm1.example.com' },
    { kind: 'machine', repository: 'fleet', machine: 'vm1.example.com' },
    { kind: 'plan', repository: 'fleet', proposal: '1' },
    { kind: 'plan', repository: 'attic', proposal: '1' },
  ]
  for (const job of jobs) await queue.add(job)
  const depths = await queue.depths()
  expect(depths.get('look')?.waiting).toBe(3)
  expect(depths.get('machine')?.waiting).toBe(2)
  expect(depths.get('plan')?.waiting).toBe(2)
  expect(depths.get('rollout')).toEqual({
    ...{ waiting: 0, delayed: 0, active: 0, oldestSeconds: 0 },
  })
})

test('a job that is added thrice while its twin runs is run once more after it', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { opened, open } = gate()
  const { seen } = work(server, async (n) => {
    if (n === 1) await opened
    return done
  })
  await queue.add(publish)
  await until('the first runs', () => seen.length === 1)
  for (let i = 0; i < 3; i++) await queue.add(publish)
  expect(seen).toHaveLength(1)
  open()
  await until('the second ran', () => seen.length === 2)
  await until('nothing is left', async () => {
    const depth = (await queue.depths()).get('publish')
    return depth?.waiting === 0 && depth.delayed === 0 && depth.active === 0
  })
  expect(seen).toHaveLength(2)
})

test('the same job runs again after it is done: a redelivery is not swallowed', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { seen } = work(server, () => done)
  await queue.add(publish)
  await until('it ran', () => seen.length === 1)
  await until('it is done', async () => (await queue.depths()).get('publish')?.active === 0)
  await queue.add(publish)
  await until('it ran again', () => seen.length === 2)
})

test('why a job was stopped is kept without credentials', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  work(server, () => ({ kind: 'stop', reason: 'fetching https://me:hunter2@git.example.com: 401' }))
  await queue.add(publish)
  const failed = 'bull:nixcluster-publish:failed'
  await until('it was stopped', () => redisCli(server, 'zcard', failed) === '1')
  const id = redisCli(server, 'zrange', failed, '0', '0')
  const kept = redisCli(server, 'hgetall', `bull:nixcluster-publish:${id}`)
  expect(kept).toContain('https://me:[secret]@git.example.com: 401')
  expect(kept).not.toContain('hunter2')
})

test('the same job runs again after it was stopped', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { seen } = work(server, (n) =>
    n === 1 ? { kind: 'stop', reason: 'the YAML is wrong' } : done,
  )
  await queue.add(publish)
  await until(
    'it was stopped',
    () => redisCli(server, 'zcard', 'bull:nixcluster-publish:failed') === '1',
  )
  await queue.add(publish)
  await until('it ran again', () => seen.length === 2)
})

const push = (id: string): Trace => ({ id, from: 'push', receivedMs: 1 })
const poll = (id: string): Trace => ({ id, from: 'poll', receivedMs: 1 })

test('a job runs as coming of what added it, and so does what it adds', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const traces: unknown[] = []
  const { seen } = work(server, async (n) => {
    traces.push(currentTrace())
    if (n === 1) await queue.add({ kind: 'rollout', repository: 'fleet' })
    return n === 2 ? { kind: 'retry', afterMs: 1, reason: 'the forge is busy' } : done
  })
  await inTrace(push('delivery-1'), () => queue.add(publish))
  await until('the job, the one that it added, and its second try ran', () => seen.length === 3)
  expect(traces).toEqual([push('delivery-1'), push('delivery-1'), push('delivery-1')])
  expect(seen[0]).toEqual(publish)
})

test.each([
  ['the newer of two pushes is followed to its end', push('a'), push('b'), 'b'],
  ['a push takes the place of a poll', poll('a'), push('b'), 'b'],
  ['a poll takes the place of nobody', push('a'), poll('b'), 'a'],
])('where jobs are one, %s', async (_, first, second, followed) => {
  const server = await startRedis()
  const logged: object[] = []
  const note = (data: object) => void logged.push({ ...data, trace: currentTrace()?.id })
  const queue = await openQueue(server, { ...silent, debug: note, info: note })
  await inTrace(first, () => queue.add(publish))
  await inTrace(second, () => queue.add(publish))
  const traces: unknown[] = []
  work(server, () => {
    traces.push(currentTrace()?.id)
    return done
  })
  await until('it ran', () => traces.length > 0)
  expect(traces).toEqual([followed])
  expect(logged).toEqual([{ kind: 'publish', joins: 'a', trace: 'b' }])
})

test('a job of nobody knows has an id all the same', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const traces: unknown[] = []
  work(server, () => {
    traces.push(currentTrace())
    return done
  })
  await queue.add(publish)
  await until('it ran', () => traces.length > 0)
  expect(traces).toMatchObject([{ id: expect.stringMatching(/^poll-/), from: 'poll' }])
})

test('a job that asks for it is tried again later', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { seen } = work(server, (n) =>
    n < 3 ? { kind: 'retry', afterMs: 50, reason: 'the forge is busy' } : done,
  )
  await queue.add(publish)
  await until('it ran three times', () => seen.length === 3)
})

test('a push does not wait out the delay of a job that is to be tried again', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { seen } = work(server, (n) =>
    n === 1 ? { kind: 'retry', afterMs: 3_600_000, reason: 'the forge is busy' } : done,
  )
  await queue.add(publish)
  await until(
    'it waits an hour',
    () => redisCli(server, 'zcard', 'bull:nixcluster-publish:delayed') === '1',
  )
  await queue.add(publish)
  await until('it ran at once', () => seen.length === 2)
})

test('nor does a push that came while that job was still running', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { opened, open } = gate()
  const { seen } = work(server, async (n) => {
    if (n === 1) await opened
    return n === 1 ? { kind: 'retry', afterMs: 3_600_000, reason: 'the forge is busy' } : done
  })
  await queue.add(publish)
  await until('it runs', () => seen.length === 1)
  await queue.add(publish)
  open()
  await until('it ran at once', () => seen.length === 2)
})

test('a delayed job that is added with a delay again and again runs in its time', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { seen } = work(server, () => done)
  const contact: Job = { kind: 'contact', repository: 'fleet', machine: 'vm0.example.com' }
  await queue.add(contact, { delayMs: 300 })
  await queue.add(contact, { delayMs: 3_600_000 })
  await until('it ran', () => seen.length === 1)
})

test('a job that throws is tried again, a machine is left to its rollout', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { seen } = work(server, (n) => {
    if (n < 3) throw new Error('the world is on fire')
    return done
  })
  await queue.add({ kind: 'machine', repository: 'fleet', machine: 'vm0.example.com' })
  await until(
    'it failed',
    () => redisCli(server, 'zcard', 'bull:nixcluster-machine:failed') === '1',
  )
  await queue.add(publish)
  await until('the other ran twice', () => seen.length === 3)
  expect(seen.map((job) => job.kind)).toEqual(['machine', 'publish', 'publish'])
})

/** Puts the time of a job that waits in `publish` so many seconds back, as if it had been added then. */
function age(server: RedisServer, field: string, seconds: number): void {
  const [id] = redisCli(server, 'lrange', 'bull:nixcluster-publish:wait', '0', '-1').split('\n')
  redisCli(
    ...([server, 'hset', `bull:nixcluster-publish:${id}`, field] as const),
    String(Date.now() - seconds * 1000),
  )
}

test('the age of a queue is that of the oldest job that could run', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const depth = async () => (await queue.depths()).get('publish')!
  await queue.add(publish)
  age(server, 'timestamp', 600)
  expect((await depth()).oldestSeconds).toBeCloseTo(600, -1)
  await queue.add({ ...publish, repository: 'attic' })
  expect(await depth()).toMatchObject({ waiting: 2, delayed: 0 })
  expect((await depth()).oldestSeconds).toBeCloseTo(600, -1)
})

test('one that is tried again has waited since its last try at the most', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  await queue.add(publish)
  age(server, 'timestamp', 86_400)
  age(server, 'processedOn', 60)
  expect((await queue.depths()).get('publish')?.oldestSeconds).toBeCloseTo(60, -1)
})

test('what is put off has no age before its time, and one after it that nobody fetches', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const depth = async () => (await queue.depths()).get('publish')!
  await queue.add(publish, { delayMs: 3_600_000 })
  expect(await depth()).toEqual({ waiting: 0, delayed: 1, active: 0, oldestSeconds: 0 })
  const delayed = 'bull:nixcluster-publish:delayed'
  const id = redisCli(server, 'zrange', delayed, '0', '0')
  redisCli(server, 'zadd', delayed, String((Date.now() - 600_000) * 0x1000), id)
  expect((await depth()).oldestSeconds).toBeCloseTo(600, -1)
})

test('what runs has no age: how long it ran is told when it ends', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { opened, open } = gate()
  const { seen } = work(server, async () => {
    await opened
    return done
  })
  await queue.add(publish)
  await until('it runs', () => seen.length === 1)
  expect((await queue.depths()).get('publish')).toEqual({
    ...{ waiting: 0, delayed: 0, active: 1, oldestSeconds: 0 },
  })
  open()
})

test('delays grow from a second to a minute', () => {
  expect([0, 1, 2, 5, 6, 1000].map(delayAfter)).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000])
})

test('what is added after Redis was emptied under a running job runs', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { opened, open } = gate()
  const { seen } = work(server, async (n) => {
    if (n === 1) await opened
    return done
  })
  await queue.add(publish)
  await until('it runs', () => seen.length === 1)
  redisCli(server, 'flushall')
  await queue.add(publish)
  open()
  await until('it ran again', () => seen.length === 2)
})

test('a dead Redis is an error, and jobs run again once it is back', async () => {
  const folder = createFolder()
  const server = await startRedis(folder)
  const queue = await openQueue(server)
  const { seen } = work(server, () => done)
  await queue.add(publish)
  await until('it ran', () => seen.length === 1)
  await server.close()
  await expect(queue.add(publish)).rejects.toThrow('adding publish: ')
  await startRedis(folder)
  await until('the queue is ready', () => queue.isReady())
  await queue.add(publish)
  await until('it ran again', () => seen.length === 2)
})

test('a Redis that hangs is an error', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const pid = pidOf(server)
  process.kill(pid, 'SIGSTOP')
  onTestFinished(() => void process.kill(pid, 'SIGCONT'))
  await expect(queue.add(publish)).rejects.toThrow('adding publish: ')
  expect(await queue.isReady()).toBe(false)
})

test('a queue that is opened while Redis is away works once it is there', async () => {
  const folder = createFolder()
  const queue = createQueue({ kind: 'socket', path: `${folder}/redis.sock` }, silent)
  onTestFinished(() => queue.close())
  await expect(queue.add(publish)).rejects.toThrow('adding publish: Redis does not answer')
  await startRedis(folder)
  await until('the queue is ready', () => queue.isReady())
  await queue.add(publish)
  expect((await queue.depths()).get('publish')?.waiting).toBe(1)
})

test('a worker that is closed hands a long job back after the limit', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const { opened, open } = gate()
  onTestFinished(() => open())
  const first = work(server, async () => {
    await opened
    return done
  })
  await queue.add(publish)
  await until('it runs', () => first.seen.length === 1)
  await first.worker.close({ machineMs: 50, othersMs: 50 })
  const second = work(server, () => done)
  await until('another worker took it over', () => second.seen.length === 1)
})

test('a worker that is closed waits for a machine, and hands the rest back before', async () => {
  const server = await startRedis()
  const queue = await openQueue(server)
  const [plan, machine] = [gate(), gate()]
  onTestFinished(() => plan.open())
  const ended: string[] = []
  const first = work(server, async (_, { kind }) => {
    await (kind === 'machine' ? machine : plan).opened
    ended.push(kind)
    return done
  })
  await queue.add({ kind: 'plan', repository: 'fleet', proposal: '7' })
  await queue.add({ kind: 'machine', repository: 'fleet', machine: 'vm0' })
  await until('both run', () => first.seen.length === 2)
  const closed = first.worker.close({ machineMs: 60_000, othersMs: 50 })
  const soon = new Promise((resolve) => setTimeout(resolve, 500, 'soon'))
  expect(await Promise.race([closed, soon])).toBe('soon')
  machine.open()
  await closed
  expect(ended).toEqual(['machine'])
})
