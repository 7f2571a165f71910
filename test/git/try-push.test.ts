import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../lab/port.ts'
import { createGit } from '../../src/git/git.ts'
import type { Git } from '../../src/model/ports.ts'

let folder: string
let remote: string
let git: Git
let commit: string
const env = { PATH: process.env['PATH']! }
const shell = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=d', '-c', 'user.email=d@localhost', ...args], {
    ...{ cwd: remote, encoding: 'utf8', env: { ...env, HOME: folder } },
  }).trim()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-try-'))
  remote = join(folder, 'remote')
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote])
  commit = shell('commit-tree', '-m', 'x', shell('hash-object', '-t', 'tree', '-w', '/dev/null'))
  shell('update-ref', 'refs/heads/main', commit)
  git = createGit({ url: remote, mirror: join(folder, 'mirror'), env })
  await git.fetch()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const refs = (): string => shell('for-each-ref')

test('a push that is only tried changes nothing', async () => {
  const before = refs()
  await git.tryPush('nixcluster/doctor', commit, undefined)
  expect(refs()).toBe(before)
  expect((await git.branches()).has('nixcluster/doctor')).toBe(false)
})

test('a branch that is elsewhere than expected is not taken', async () => {
  const other = shell('commit-tree', '-m', 'y', `${commit}^{tree}`)
  shell('update-ref', 'refs/heads/nixcluster/doctor', other)
  await expect(git.tryPush('nixcluster/doctor', commit, undefined)).rejects.toMatchObject({
    kind: 'rejected',
  })
})

test('a remote that cannot be written says so', async () => {
  // Also root cannot write to what is no folder.
  const elsewhere = createGit({ url: '/proc/self', mirror: join(folder, 'mirror'), env })
  await expect(elsewhere.tryPush('nixcluster/doctor', commit, undefined)).rejects.toThrow()
})

test('a server that lets us read and not push says so to a push that is only tried', async () => {
  const port = await freePort()
  const words = ['daemon', '--export-all', `--base-path=${folder}`, `--port=${port}`]
  const daemon = spawn('git', [...words, '--listen=127.0.0.1', '--verbose'], {
    ...{ env: { ...env, HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  })
  onTestFinished(async () => {
    process.kill(-daemon.pid!)
    await once(daemon, 'exit')
  })
  // Its first word is that it is ready.
  await once(daemon.stderr, 'data')
  const url = `git://127.0.0.1:${port}/remote`
  const there = createGit({ url, mirror: join(folder, 'another'), env })
  await there.fetch()
  expect((await there.branches()).get('main')).toBe(commit)
  await expect(there.tryPush('nixcluster/doctor', commit, undefined)).rejects.toThrow(
    /access denied|service not enabled/,
  )
})
