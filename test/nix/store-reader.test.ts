import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linked } from '../../scripts/cache.ts'
import { nixEnvironment } from '../../scripts/nix.ts'
import { createStoreReader, entriesOf } from '../../src/nix/store-reader.ts'

const folder = mkdtempSync(join(tmpdir(), 'nixcluster-reader-'))
let stored: string

beforeAll(async () => {
  const nixStore = join(dirname(linked('nix')!), 'nix-store')
  writeFileSync(join(folder, 'motto'), 'first\n')
  const env = { PATH: process.env['PATH']!, HOME: folder, ...(await nixEnvironment()) }
  stored = execFileSync(nixStore, ['--add', join(folder, 'motto')], {
    env,
    encoding: 'utf8',
  }).trim()
  symlinkSync(stored, join(folder, 'one'))
  symlinkSync(stored, join(folder, 'two'))
  symlinkSync('/proc/mounts', join(folder, 'mtab'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('what links of several systems lead to is read once', async () => {
  const reader = createStoreReader()
  const entries = await entriesOf(folder)
  const [one, two] = ['one', 'two'].map((name) => entries.find((entry) => entry.name === name)!)
  expect(one!.link).toBe(stored)
  expect(await reader.file(one!.path)).toMatchObject({ text: 'first\n', size: 6 })
  expect(await reader.file(one!.path)).toBe(await reader.file(two!.path))
})

test('of what leads out of the store only that is told, and never what is there', async () => {
  const reader = createStoreReader()
  expect(await reader.file(join(folder, 'mtab'))).toEqual({ hash: '-> /proc/mounts' })
  expect(await reader.text(join(folder, 'motto'))).toBe('')
  expect(await reader.text(join(folder, 'nowhere'))).toBe('')
  expect(await entriesOf(join(folder, 'nowhere'))).toEqual([])
})
