import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Log } from '../../src/model/ports.ts'
import { startRedisServer, type RedisServer } from '../../src/redis/server.ts'
import { bin } from '../../scripts/cache.ts'

/** Where the tests find redis-server: what the setup brought, else the machine's own. */
export const path = `${bin}:${process.env['PATH']}`

/** Nobody reads the log of a test. */
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** A folder that is gone after the test; short, since a socket lies in it. */
export function createFolder(): string {
  const folder = mkdtempSync('/tmp/nixcluster-redis-')
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A Redis that ends with the test. */
export async function startRedis(folder = createFolder()): Promise<RedisServer> {
  const server = await startRedisServer({ program: 'redis-server', path, folder, log: silent })
  onTestFinished(() => server.close())
  return server
}

const clients = ['redis-cli', 'valkey-cli'].map((name) => join(bin, name))
const client = clients.find((file) => existsSync(file)) ?? 'redis-cli'

/** Says something to the server as its own client would. */
export function redisCli({ address }: Pick<RedisServer, 'address'>, ...words: string[]): string {
  const socket = address.kind === 'socket' ? address.path : ''
  return execFileSync(client, ['-s', socket, ...words], {
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  }).trim()
}

/** The server's process. */
export function pidOf(server: Pick<RedisServer, 'address'>): number {
  return Number(/process_id:(\d+)/.exec(redisCli(server, 'info', 'server'))?.[1])
}

/** Waits until something holds; a test that waits in vain fails with its name. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`waited in vain: ${what}`)
}

/** Starts a Redis in a process of its own and kills that process, so that the Redis is left behind. */
export async function leaveRedisBehind(folder: string): Promise<void> {
  const controller = spawn(
    process.execPath,
    [
      '--input-type=module-typescript',
      '--eval',
      `import { startRedisServer } from '${new URL('../../src/redis/server.ts', import.meta.url)}'
       const log = { debug() {}, info() {}, warn() {}, error() {} }
       await startRedisServer({ program: 'redis-server', path: process.env.PATH, folder: '${folder}', log })
       console.log('started')`,
    ],
    { env: { ...process.env, PATH: path }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await once(controller.stdout, 'data')
  controller.kill('SIGKILL')
  await once(controller, 'exit')
}
