import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createAttemptLogs } from '../../src/deploy-rs/attempt-logs.ts'
import { logPath } from '../../src/server/logs.ts'
import { otherSecret, secret, startApp } from './app-of-the-test.ts'

const attempt = { repository: 'fleet', machine: 'web1.demo.lab', n: 3 }

/** A server that has the log of one attempt. */
async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-logs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const logs = createAttemptLogs(join(folder, 'logs'))
  writeFileSync(
    join(folder, 'deploy.log'),
    'activating <b>web1</b>\nfrom https://me:hunter2@git.example.com/\n',
  )
  await logs.keep(attempt, join(folder, 'deploy.log'))
  const { url } = await startApp({ logs })
  return { logs, get: (path: string) => fetch(url + path) }
}

test('whoever has the link reads the log as text, without credentials, and no page may be made of it', async () => {
  const { get } = await start()
  const response = await get(logPath(secret, attempt))
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(
    'activating <b>web1</b>\nfrom https://me:[secret]@git.example.com/\n',
  )
  expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
})

test.each([
  ['without a key', '/logs/fleet/web1.demo.lab/3'],
  ["with another repository's secret", logPath(otherSecret, attempt)],
  ['with the key of another attempt', logPath(secret, { ...attempt, n: 2 }).replace('/2?', '/3?')],
  ['of an attempt that was never made', logPath(secret, { ...attempt, n: 4 })],
  ['of a repository that is none', logPath(secret, { ...attempt, repository: 'other' })],
  ['out of the folder', logPath(secret, { ...attempt, machine: '..%2f..' })],
])('there is no log %s, and all answers are the same', async (_, path) => {
  const { get } = await start()
  const response = await get(path)
  expect([response.status, await response.text()]).toEqual([404, 'there is no such log'])
})

test('what is no name is no file', async () => {
  const { logs } = await start()
  for (const machine of ['../fleet/web1.demo.lab', '..', '', '/etc']) {
    expect(await logs.has({ ...attempt, machine })).toBe(false)
    expect(await logs.read({ ...attempt, machine })).toBeUndefined()
  }
  expect(await logs.has({ ...attempt, n: 0.5 })).toBe(false)
  expect(await logs.has(attempt)).toBe(true)
})
