import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRevisions } from '../../src/git/read-revisions.ts'

const env = { PATH: process.env['PATH']!, HOME: '/nonexistent' }
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-revisions-'))
  git('init', '--quiet', '--initial-branch=main')
  mkdirSync(join(folder, 'fleet/clusters'), { recursive: true })
  writeFileSync(join(folder, 'README'), 'outside\n')
  writeFileSync(join(folder, 'fleet/clusters/ä b.yaml'), 'kind: x\n')
  writeFileSync(join(folder, 'fleet/latin1'), Buffer.from([0xe4, 0x0a]))
  writeFileSync(join(folder, 'fleet/after'), 'the text after it\n')
  symlinkSync('after', join(folder, 'fleet/link'))
  git('add', '--all')
  git('-c', 'user.name=x', '-c', 'user.email=x@example.com', 'commit', '--quiet', '-m', 'one')
})
afterEach(() => rmSync(folder, { recursive: true }))

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: folder, encoding: 'utf8' })

test('a revision has the files below the folder, by their paths in it', async () => {
  const { readTree, readBlobs } = readRevisions(join(folder, 'fleet'), env)
  const entries = await readTree('main')
  expect(entries.map(({ path, mode }) => [path, mode])).toEqual([
    ['after', '100644'],
    ['clusters/ä b.yaml', '100644'],
    ['latin1', '100644'],
    ['link', '120000'],
  ])
  const ids = new Map(entries.map(({ path, id }) => [path, id]))
  const blobs = await readBlobs(
    ['latin1', 'after', 'clusters/ä b.yaml'].map((path) => ids.get(path)!),
  )
  expect([...blobs.values()]).toEqual(['\uFFFD\n', 'the text after it\n', 'kind: x\n'])
  expect(await readBlobs([])).toEqual(new Map())
})

test('from the root of the repository, it has all of them', async () => {
  const entries = await readRevisions(folder, env).readTree('HEAD')
  expect(entries.map(({ path }) => path)).toContain('fleet/after')
})

test.each(['nonesuch', '--name-only', 'main:README'])(
  'the revision %s is none',
  async (revision) => {
    const reading = readRevisions(folder, env).readTree(revision)
    await expect(reading).rejects.toMatchObject({ name: 'GitError', kind: 'missing' })
  },
)

test('outside of a repository, git says so', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'nixcluster-outside-'))
  const reading = readRevisions(outside, env).readTree('HEAD')
  await expect(reading).rejects.toThrow('reading HEAD: not a git repository')
  rmSync(outside, { recursive: true })
})

test('a blob that is not there is missing', async () => {
  const reading = readRevisions(folder, env).readBlobs(['0'.repeat(40)])
  await expect(reading).rejects.toMatchObject({ name: 'GitError', kind: 'missing' })
})
