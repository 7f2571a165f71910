import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../lab/port.ts'
import { examineRedis } from '../../src/redis/examine.ts'
import { redisFailure, redisFindings } from '../../src/report/findings/redis.ts'
import { createFolder, path, until } from './redis-of-the-test.ts'

/** A Redis on a port, with settings that are not ours; gives its URL. */
async function startForeign(...settings: string[]): Promise<string> {
  const port = await freePort()
  const folder = createFolder()
  const args = ['--port', String(port), '--dir', folder, '--save', '', ...settings]
  const child = spawn('redis-server', args, { env: { PATH: path }, stdio: 'ignore' })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const url = `redis://127.0.0.1:${port}`
  await until('it listens', () =>
    examineRedis({ url }, 1000).then(
      () => true,
      (error: Error) => !/ECONNREFUSED/.test(error.message),
    ),
  )
  return url
}

/** What is found of it: `name state`, and the advice of what is not fine. */
async function find(url: string, password?: string): Promise<readonly string[]> {
  const findings = await examineRedis(
    { url, ...(password === undefined ? {} : { password }) },
    1000,
  ).then(redisFindings, (error: Error) => [redisFailure(error.message, password !== undefined)])
  return findings.map(({ name, state, advice }) => [name, state, advice ?? ''].join(' ').trim())
}

test('a Redis that keeps what it is given is fine, with a password and without', async () => {
  expect(await find(await startForeign())).toEqual(['server fine', 'memory fine'])
  const guarded = await startForeign('--requirepass', 'sesame-0123')
  expect(await find(guarded, 'sesame-0123')).toEqual(['server fine', 'memory fine'])
})

test('a password that is missing or wrong is told as that, and is nowhere in what is said', async () => {
  const url = await startForeign('--requirepass', 'sesame-0123')
  expect(await find(url)).toEqual([
    'password wrong write it to a file that only the controller can read, and name that as redis.passwordFile',
  ])
  const wrong = await find(url, 'open-4567')
  expect(wrong).toEqual(['password wrong check the file that redis.passwordFile names'])
  expect(wrong.join()).not.toContain('open-4567')
})

test('a Redis that would throw jobs away is told', async () => {
  const url = await startForeign('--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru')
  expect(await find(url)).toEqual([
    'server fine',
    'memory wrong maxmemory-policy noeviction in its configuration, or a Redis of the controller’s own',
  ])
})

test('a replica is told, since it takes nothing', async () => {
  const primary = await startForeign()
  const url = await startForeign('--replicaof', '127.0.0.1', new URL(primary).port)
  expect(await find(url)).toContain('role wrong name its primary as redis.url')
})

test('nobody at the address, and somebody who says nothing, are told within the time', async () => {
  expect(await find('redis://127.0.0.1:1')).toEqual(['server wrong start it, or check redis.url'])
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  expect(await find(`redis://127.0.0.1:${port}`)).toEqual([
    'server wrong start it, or check redis.url',
  ])
})

test('what is too old is told, and a Valkey is not taken for an old Redis', () => {
  const facts = { name: 'Redis', version: '6.0.16', policy: 'noeviction', role: 'master' } as const
  expect(redisFindings(facts)[0]).toMatchObject({
    state: 'wrong',
    found: 'Redis 6.0.16 is too old',
  })
  const valkey = { ...facts, name: 'Valkey', version: '8.1.1' } as const
  expect(redisFindings(valkey)[0]).toMatchObject({ state: 'fine', found: 'Valkey 8.1.1 answers' })
})
