import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startRedisServer } from '../../src/redis/server.ts'
import {
  createFolder,
  leaveRedisBehind,
  path,
  pidOf,
  redisCli,
  silent,
  startRedis,
  until,
} from './redis-of-the-test.ts'

const redisIn = (folder: string) =>
  ({ address: { kind: 'socket', path: `${folder}/redis.sock` } }) as const
/** Nobody may have waited for the dead: a zombie is gone. */
function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'))
}

test('a started Redis keeps nothing on disk and never evicts a job', async () => {
  const server = await startRedis()
  expect(redisCli(server, 'config', 'get', 'save')).toBe('save')
  expect(redisCli(server, 'config', 'get', 'appendonly')).toBe('appendonly\nno')
  expect(redisCli(server, 'config', 'get', 'maxmemory-policy')).toBe('maxmemory-policy\nnoeviction')
})

test('a closed Redis leaves no process and no socket', async () => {
  const folder = createFolder()
  const server = await startRedis(folder)
  const pid = pidOf(server)
  await server.close()
  expect(isAlive(pid)).toBe(false)
  expect(existsSync(`${folder}/redis.sock`)).toBe(false)
})

test('a Redis that dies is started again', async () => {
  const server = await startRedis()
  const before = pidOf(server)
  process.kill(before, 'SIGKILL')
  await until('another Redis answers', () => {
    try {
      return pidOf(server) !== before
    } catch {
      return false
    }
  })
})

test('what a killed controller left running is taken over with its jobs, and ended at last', async () => {
  const folder = createFolder()
  await leaveRedisBehind(folder)
  const left = redisIn(folder)
  redisCli(left, 'set', 'job', 'waiting')
  const pid = pidOf(left)
  const server = await startRedis(folder)
  expect(pidOf(server)).toBe(pid)
  expect(redisCli(server, 'get', 'job')).toBe('waiting')
  await server.close()
  await until('the process is gone', () => !isAlive(pid))
})

test('what a killed controller left hanging is replaced', async () => {
  const folder = createFolder()
  await leaveRedisBehind(folder)
  const hanging = pidOf(redisIn(folder))
  process.kill(hanging, 'SIGSTOP')
  const server = await startRedis(folder)
  expect(pidOf(server)).not.toBe(hanging)
  await until('the hanging one is gone', () => !isAlive(hanging))
})

test('a program that is not there is named', async () => {
  const options = { program: 'no-such-redis', path, folder: createFolder(), log: silent }
  await expect(startRedisServer(options)).rejects.toThrow('no-such-redis')
})

test('a folder too deep for a socket is refused with the reason', async () => {
  const options = { program: 'redis-server', path, folder: `/tmp/${'a'.repeat(120)}`, log: silent }
  await expect(startRedisServer(options)).rejects.toThrow('choose a shorter state folder')
})

test('Valkey will do where there is no Redis', async () => {
  const folder = createFolder()
  const redis = path
    .split(':')
    .map((one) => `${one}/redis-server`)
    .find((one) => existsSync(one))
  symlinkSync(redis ?? '', `${folder}/valkey-server`)
  const options = { program: 'redis-server', path: folder, folder, log: silent }
  const server = await startRedisServer(options)
  expect(pidOf(server)).toBeGreaterThan(0)
  await server.close()
})

test('with neither of them in PATH that is said', async () => {
  const folder = createFolder()
  const options = { program: 'redis-server', path: folder, folder, log: silent }
  await expect(startRedisServer(options)).rejects.toThrow('there is no redis-server')
})
