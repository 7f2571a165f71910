import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGit } from '../../src/git/git.ts'
import type { GitError } from '../../src/model/errors.ts'

let folder: string
let remote: string
let clones = 0

const env = { PATH: process.env['PATH']!, HOME: '/nonexistent' }
const shell = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=dev', '-c', 'user.email=dev@localhost', ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...env, HOME: folder },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-git-'))
  remote = join(folder, 'remote')
  shell(folder, 'init', '-q', '--bare', '-b', 'main', remote)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const clone = (url = remote) =>
  createGit({
    url,
    mirror: join(folder, `mirror-${clones++}`),
    env,
    now: () => new Date('2025-01-02T03:04:05Z'),
  })

const commit = (files: Record<string, string>, parents: readonly string[] = [], message = 'x') => ({
  parents,
  kept: [],
  files: new Map(Object.entries(files)),
  message,
})

test('writes a commit, pushes it, and reads it back from another mirror', async () => {
  const [a, b] = [clone(), clone()]
  const message = 'render 3f2c1a9\n\nSource-Commit: 3f2c1a9\nNixcluster-Version: 0.1.0'
  const id = await a.writeCommit(commit({ 'a.yaml': 'ä: 1\n', 'd/b "q"': '' }, [], message))
  expect(await a.push('nixcluster/main', id, undefined)).toBe('pushed')
  expect(await a.branches()).toEqual(new Map([['nixcluster/main', id]]))

  expect(await b.remoteTip('nixcluster/main')).toBe(id)
  await b.fetch()
  expect(await b.branches()).toEqual(new Map([['nixcluster/main', id]]))
  expect(await b.readCommit(id)).toMatchObject({
    id,
    parents: [],
    subject: 'render 3f2c1a9',
    message,
    author: 'nixcluster <nixcluster@localhost>',
    date: '2025-01-02T03:04:05+00:00',
    trailers: { 'Source-Commit': '3f2c1a9', 'Nixcluster-Version': '0.1.0' },
  })
  const tree = await b.readTree(id)
  expect(tree.map(({ path, mode }) => [path, mode])).toEqual([
    ['a.yaml', '100644'],
    ['d/b "q"', '100644'],
  ])
  const texts = await b.readBlobs(tree.map((entry) => entry.id))
  expect(tree.map((entry) => texts.get(entry.id))).toEqual(['ä: 1\n', ''])
})

test('of two clones that race, the slower one is stale', async () => {
  const [a, b] = [clone(), clone()]
  const first = await a.writeCommit(commit({ a: '1' }))
  await a.push('main', first, undefined)
  await b.fetch()
  const fromA = await a.writeCommit(commit({ a: '2' }, [first]))
  const fromB = await b.writeCommit(commit({ a: '3' }, [first]))
  expect(await a.push('main', fromA, first)).toBe('pushed')
  expect(await b.push('main', fromB, first)).toBe('stale')
  expect(await b.remoteTip('main')).toBe(fromA)
})

test('a branch that was to be new but exists is stale', async () => {
  const [a, b] = [clone(), clone()]
  await a.push('main', await a.writeCommit(commit({ a: '1' })), undefined)
  expect(await b.push('main', await b.writeCommit(commit({ a: '2' })), undefined)).toBe('stale')
})

test('a hook that declines is an error in the words of the hook', async () => {
  const hook = join(remote, 'hooks', 'pre-receive')
  writeFileSync(hook, '#!/bin/sh\necho "only nixcluster may push here" >&2\nexit 1\n')
  chmodSync(hook, 0o755)
  const git = clone()
  const push = git.push('main', await git.writeCommit(commit({ a: '1' })), undefined)
  await expect(push).rejects.toMatchObject({
    kind: 'rejected',
    message: expect.stringContaining('only nixcluster may push here') as string,
  } satisfies Partial<Record<keyof GitError, unknown>>)
})

test('a branch that stands in the way of ours is an error, not a race', async () => {
  const git = clone()
  const id = await git.writeCommit(commit({ a: '1' }))
  await git.push('nixcluster', id, undefined)
  await expect(git.push('nixcluster/main', id, undefined)).rejects.toMatchObject({
    kind: 'rejected',
  })
})

test('a remote that is not there is unreachable', async () => {
  const git = clone(join(folder, 'elsewhere'))
  await expect(git.fetch()).rejects.toMatchObject({ kind: 'unreachable' })
})

test('an unknown commit is missing', async () => {
  await expect(clone().readCommit('1'.repeat(40))).rejects.toMatchObject({ kind: 'missing' })
  await expect(clone().readTree('1'.repeat(40))).rejects.toMatchObject({ kind: 'missing' })
  await expect(clone().readBlobs(['1'.repeat(40)])).rejects.toMatchObject({ kind: 'missing' })
})

test('a branch that does not exist has no tip', async () => {
  expect(await clone().remoteTip('main')).toBeUndefined()
  expect(await clone(`file://${remote}`).remoteTip('main')).toBeUndefined()
})

test('knows the branch that the remote is about', async () => {
  shell(remote, 'symbolic-ref', 'HEAD', 'refs/heads/release/25.11')
  expect(await clone().defaultBranch()).toBe('release/25.11')
  const other = clone(`file://${remote}`)
  await other.push('release/25.11', await other.writeCommit(commit({ a: '1' })), undefined)
  expect(await other.defaultBranch()).toBe('release/25.11')
})

test('branches that the remote lost are lost here', async () => {
  const git = clone()
  const id = await git.writeCommit(commit({ a: '1' }))
  await git.push('main', id, undefined)
  await git.push('topic', id, undefined)
  shell(remote, 'branch', '-D', 'topic')
  await git.fetch()
  expect([...(await git.branches()).keys()]).toEqual(['main'])
})

test('a mirror that vanished is made anew', async () => {
  const git = clone()
  const id = await git.writeCommit(commit({ a: '1' }))
  await git.push('main', id, undefined)
  rmSync(join(folder, `mirror-${clones - 1}`), { recursive: true })
  expect(await git.readTree(id)).toHaveLength(1)
})

test('a lock that an ended git left in the mirror is in nobody’s way, a fresh one is', async () => {
  const [a, b] = [clone(), clone()]
  const mirror = join(folder, `mirror-${clones - 1}`)
  const first = await a.writeCommit(commit({ a: '1' }))
  await a.push('main', first, undefined)
  await b.fetch()
  const second = await a.writeCommit(commit({ a: '2' }, [first]))
  await a.push('main', second, first)
  const lock = join(mirror, 'refs/heads/main.lock')
  writeFileSync(lock, '')
  await expect(b.fetch()).rejects.toThrow('File exists')
  utimesSync(lock, 1, 1)
  await b.fetch()
  expect(await b.branches()).toEqual(new Map([['main', second]]))
})

test('merges two branches without touching either, or names the files in conflict', async () => {
  const git = clone()
  const base = await git.writeCommit(commit({ a: '1\n', b: '1\n' }))
  const left = await git.writeCommit(commit({ a: '2\n', b: '1\n' }, [base]))
  const right = await git.writeCommit(commit({ a: '1\n', b: '3\n' }, [base]))
  const clash = await git.writeCommit(commit({ a: '4\n', b: '1\n' }, [base]))
  expect(await git.mergeBase(left, right)).toBe(base)
  expect([await git.isAncestor(base, left), await git.isAncestor(left, base)]).toEqual([
    true,
    false,
  ])

  const merged = await git.mergeTree(left, right)
  if (merged.kind !== 'merged') throw new Error('not merged')
  const tree = await git.readTree(merged.tree)
  const texts = await git.readBlobs(tree.map((entry) => entry.id))
  expect(tree.map((entry) => [entry.path, texts.get(entry.id)])).toEqual([
    ['a', '2\n'],
    ['b', '3\n'],
  ])
  expect(await git.mergeTree(left, clash)).toEqual({ kind: 'conflict', files: ['a'] })
})

test('keeps modes and links of the entries that it takes over', async () => {
  const work = join(folder, 'work')
  shell(folder, 'clone', '-q', remote, work)
  writeFileSync(join(work, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(work, 'old'), 'text')
  shell(work, 'add', '.')
  shell(work, 'commit', '-qm', 'first')
  shell(work, 'push', '-q', 'origin', 'HEAD:main')
  const git = clone()
  await git.fetch()
  const source = (await git.remoteTip('main'))!
  const kept = (await git.readTree(source)).filter(({ path }) => path !== 'old')
  const id = await git.writeCommit({ ...commit({ 'flake.nix': '{ }' }), kept })
  expect((await git.readTree(id)).map(({ path, mode }) => `${mode} ${path}`)).toEqual([
    '100644 flake.nix',
    '100755 run.sh',
  ])
})

test('a file may take the place of a folder, and a folder that of a file', async () => {
  const git = clone()
  const first = await git.writeCommit(commit({ 'a/b': '1', c: '2' }))
  const second = await git.writeCommit(commit({ a: '1', 'c/d': '2' }, [first]))
  expect((await git.readTree(second)).map(({ path }) => path)).toEqual(['a', 'c/d'])
})

test('the same files give the same tree, whatever was there before', async () => {
  const git = clone()
  const files = { 'x/1': 'one', 'x/2': 'two' }
  const first = await git.writeCommit(commit({ 'x/1': 'one', 'x/3': 'three', y: '' }))
  const [fresh, grown] = await Promise.all([
    git.writeCommit(commit(files)),
    git.writeCommit(commit(files, [first])),
  ])
  expect((await git.readCommit(grown)).tree).toBe((await git.readCommit(fresh)).tree)
})

test('ten thousand files: a change of one writes a blob, its folders and the commit', async () => {
  const git = clone()
  const name = (n: number) => `machines/c${n % 100}/vm${n}.json`
  const files = new Map(Array.from({ length: 10_000 }, (_, n) => [name(n), `{"n":${n}}\n`]))
  const first = await git.writeCommit({ parents: [], kept: [], files, message: 'first' })
  expect(await git.readTree(first)).toHaveLength(10_000)
  const second = await git.writeCommit({
    parents: [first],
    kept: [],
    files: new Map([...files, [name(7), 'changed\n']]),
    message: 'second',
  })
  const mirror = join(folder, `mirror-${clones - 1}`)
  const objects = shell(mirror, 'rev-list', '--objects', '--no-object-names', second, `^${first}`)
  expect(objects.split('\n')).toHaveLength(5)
})

test('texts that are no UTF-8 do not shift the ones after them', async () => {
  const work = join(folder, 'work')
  shell(folder, 'clone', '-q', remote, work)
  writeFileSync(join(work, 'latin'), Buffer.from([0x6a, 0xfc, 0x0a]))
  writeFileSync(join(work, 'plain'), 'text\n')
  shell(work, 'add', '.')
  shell(work, 'commit', '-qm', 'first')
  shell(work, 'push', '-q', 'origin', 'HEAD:main')
  const git = clone()
  const tree = await git.readTree((await git.remoteTip('main'))!)
  const texts = await git.readBlobs(tree.map(({ id }) => id))
  expect(tree.map(({ id }) => texts.get(id))).toEqual(['j\uFFFD\n', 'text\n'])
})

test('an HTTP remote gets the credentials of this moment', async () => {
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization)
    response.writeHead(403).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const git = createGit({
    url: `http://127.0.0.1:${port}/fleet.git`,
    mirror: join(folder, 'http'),
    env,
    identity: { kind: 'http', authorization: () => Promise.resolve('Basic c2VjcmV0') },
  })
  const error: unknown = await git.fetch().catch((reason: unknown) => reason)
  await new Promise((resolve) => server.close(resolve))
  expect(seen).toEqual(['Basic c2VjcmV0'])
  expect(error).toMatchObject({ kind: 'unreachable' })
  expect(String(error)).not.toContain('c2VjcmV0')
})

test('over SSH the key is used, whatever its path is called, and the host has to be known', async () => {
  // In place of a connection: notes how it was called, and runs on this machine what is asked for.
  const bin = join(folder, 'bin')
  const called = join(folder, 'called')
  mkdirSync(bin)
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" > '${called}'\nfor last; do :; done\nexec sh -c "$last"\n`
  writeFileSync(join(bin, 'ssh'), script, { mode: 0o755 })
  const git = createGit({
    url: `ssh://git@forge.example${remote}`,
    mirror: join(folder, 'ssh'),
    env: { ...env, PATH: `${bin}:${env.PATH}` },
    identity: { kind: 'ssh', keyFile: "/keys/of the 'controller'" },
  })
  const id = await git.writeCommit(commit({ a: '1' }))
  expect(await git.push('main', id, undefined)).toBe('pushed')
  expect(await git.remoteTip('main')).toBe(id)
  const words = readFileSync(called, 'utf8').split('\n')
  expect(words.slice(0, 2)).toEqual(['-i', "/keys/of the 'controller'"])
  expect(words).toContain('StrictHostKeyChecking=yes')
  expect(words).toContain('git@forge.example')
})

test('removes a branch with a lease, and the mirror knows', async () => {
  const [a, b] = [clone(), clone()]
  const first = await a.writeCommit(commit({ a: '1' }))
  const second = await a.writeCommit(commit({ a: '2' }, [first]))
  await a.push('nixcluster/pr/12', first, undefined)
  await b.fetch()
  await a.push('nixcluster/pr/12', second, first)
  expect(await b.remove('nixcluster/pr/12', first)).toBe('stale')
  expect(await a.remove('nixcluster/pr/12', second)).toBe('pushed')
  expect(await a.branches()).toEqual(new Map())
  expect(await b.remoteTip('nixcluster/pr/12')).toBeUndefined()
})
