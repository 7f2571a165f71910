import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { parseUpdates } from '../../src/cli/hook.ts'
import { installHook } from '../../src/cli/install-hook.ts'
import { secret, startApp } from '../server/app-of-the-test.ts'
import { until } from '../redis/redis-of-the-test.ts'

const program = join(import.meta.dirname, '../../bin/nixcluster')
const env = {
  PATH: process.env['PATH'] ?? '',
  HOME: tmpdir(),
  GIT_CONFIG_GLOBAL: '/dev/null',
  ...{ GIT_AUTHOR_NAME: 'Test', GIT_AUTHOR_EMAIL: 'test@example.com' },
  ...{ GIT_COMMITTER_NAME: 'Test', GIT_COMMITTER_EMAIL: 'test@example.com' },
}
const git = (cwd: string, ...words: string[]): string =>
  execFileSync('git', words, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

/** A bare repository whose hook reports to `url`, and a clone of it with a commit. */
async function openRepository(url: string) {
  const folder = mkdtempSync(join(tmpdir(), "nixcluster it's a hook-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const bare = join(folder, 'fleet.git')
  const clone = join(folder, 'clone')
  const secretFile = join(folder, 'secret')
  writeFileSync(secretFile, `${secret}\n`, { mode: 0o600 })
  git(folder, 'init', '-q', '--bare', '-b', 'main', bare)
  const hook = await installHook(bare, {
    program,
    url,
    repository: 'cellar',
    secretFile,
    limit: '30s',
  })
  git(folder, 'clone', '-q', bare, clone)
  git(clone, 'switch', '-q', '-c', 'main')
  git(clone, 'commit', '-q', '--allow-empty', '-m', 'first')
  return {
    ...{ bare, clone, hook, tip: git(clone, 'rev-parse', 'HEAD') },
    /** What the pusher's terminal shows of us. */
    async push(...words: string[]): Promise<string[]> {
      const { stderr } = await promisify(execFile)('git', ['push', 'origin', ...words], {
        cwd: clone,
        env,
      })
      const lines = stderr.split('\n').filter((line) => line.startsWith('remote: '))
      return lines.map((line) => line.replace('remote: ', '').trimEnd())
    },
  }
}

test('a push prints what the controller says, up to its end', async () => {
  const { url, jobs, progress } = await startApp()
  const { push, tip } = await openRepository(url)
  const pushing = push('main')
  await until('the push was handed over', () => jobs().length === 1)
  const topic = { repository: 'cellar', ref: 'main', commit: tip }
  await progress.say(topic, 'vm0: \u001b[2Jactivating\nvm1: waits')
  await progress.end(topic, 'both run it')
  expect(await pushing).toEqual(['vm0: activating', 'vm1: waits', 'both run it'])
})

test('several branches are told apart', async () => {
  const { url, jobs, progress } = await startApp()
  const { push, tip } = await openRepository(url)
  const pushing = push('main', 'main:more', 'main:refs/tags/v1', 'main:nixcluster/main')
  await until('the push was handed over', () => jobs().length === 2)
  await progress.end({ repository: 'cellar', ref: 'main', commit: tip }, 'deployed')
  await progress.end({ repository: 'cellar', ref: 'more', commit: tip }, 'planned')
  expect(await pushing).toEqual(['nixcluster: main', 'deployed', 'nixcluster: more', 'planned'])
})

test('with the controller away the push goes through, with one line', async () => {
  const { bare, push, tip } = await openRepository('http://127.0.0.1:9')
  expect(await push('main')).toEqual([
    'nixcluster: controller does not answer; it will look by itself within a minute',
  ])
  expect(git(bare, 'rev-parse', 'main')).toBe(tip)
})

test('a refusal is one line', async () => {
  const { url } = await startApp({ repositories: [] })
  const { push } = await openRepository(url)
  expect(await push('main')).toEqual([
    'nixcluster: the controller refused the push: unknown repository, wrong signature, or clocks too far apart',
  ])
})

test('when nothing is said for too long the pusher is let go, with one line', async () => {
  const { url } = await startApp()
  const { push } = await openRepository(url)
  expect(await push('main')).toEqual([
    'nixcluster: nothing more within the time limit; the controller goes on by itself',
  ])
})

test('the hook names its secret file and does not hold the secret', async () => {
  const { hook } = await openRepository('http://127.0.0.1:9')
  const text = readFileSync(hook, 'utf8')
  expect(text).toMatch(/^#!\/bin\/sh\n# Written by nixcluster hook install\.\n/)
  expect(text).not.toContain(secret)
})

test('a hook by somebody else stays, and the line to add is told', async () => {
  const { hook, bare } = await openRepository('http://127.0.0.1:9')
  writeFileSync(hook, '#!/bin/sh\necho theirs\n')
  chmodSync(hook, 0o755)
  const options = { program, url: 'http://127.0.0.1:9', repository: 'cellar', secretFile: '/s' }
  await expect(installHook(bare, options)).rejects.toThrow(
    /is not ours: add this line to it: .*bin\/nixcluster hook post-receive --url/,
  )
  expect(readFileSync(hook, 'utf8')).toContain('theirs')
})

test('nixcluster hook install writes it, and refuses what is no bare repository', async () => {
  const { bare, clone, hook } = await openRepository('http://127.0.0.1:9')
  rmSync(hook)
  const install = (folder: string, ...more: string[]): string =>
    execFileSync(
      program,
      [
        'hook',
        'install',
        folder,
        '--url',
        'http://127.0.0.1:9',
        '--repository',
        'cellar',
        '--secret-file',
        's',
        ...more,
      ],
      { cwd: clone, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    )
  expect(install(bare)).toBe(`${hook} is installed\n`)
  expect(readFileSync(hook, 'utf8')).toContain(`${program} hook post-receive`)
  install(bare, '--program', '/run/current-system/sw/bin/nixcluster')
  expect(readFileSync(hook, 'utf8')).toContain('| /run/current-system/sw/bin/nixcluster hook')
  expect(() => install(clone)).toThrow('is no bare repository')
})

test('only updates of branches that are not ours are handed over', () => {
  const [a, b] = ['a'.repeat(40), 'b'.repeat(40)]
  const lines = ['refs/heads/main', 'refs/tags/v1', 'refs/heads/nixcluster/main', 'refs/notes/x']
  expect(parseUpdates(lines.map((ref) => `${a} ${b} ${ref}\n`).join(''))).toEqual([
    { ref: 'refs/heads/main', old: a, new: b },
  ])
})
