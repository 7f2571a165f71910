import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compile } from '../../src/compile/compile.ts'
import { createGit } from '../../src/git/git.ts'
import { publish } from '../../src/jobs/publish.ts'
import type { Repository } from '../../src/jobs/repository.ts'
import { createSource } from '../../src/jobs/source.ts'
import { cluster } from '../compile/fleet.ts'

let folder: string
let git: ReturnType<typeof createGit>
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-publish-'))
  const url = join(folder, 'remote')
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', url])
  git = createGit({ url, mirror: join(folder, 'mirror'), env: { PATH: process.env['PATH']! } })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (files: Record<string, string>, parents: readonly string[] = [], message = 'x') =>
  git.writeCommit({ parents, kept: [], files: new Map(Object.entries(files)), message })

test('what somebody else pushes to the generated branch is not deployed, whatever it says of itself', async () => {
  const repository = { git, generatedBranch: 'nixcluster/main' } as unknown as Repository
  const settings = { version: '1.2.3' }
  const yaml = cluster('machines: { vm0 }\n')
  const source = createSource(git, (tree) => Promise.resolve(compile(tree)))
  const tip = await write({ 'nixcluster.yaml': yaml })
  await git.push('main', tip, undefined)
  const rendered = await publish(repository, tip, await source(tip), settings)
  const forged = await write(
    { 'flake.nix': '{ outputs = _: throw "mine"; }' },
    [rendered],
    `Render: x\n\nSource-Commit: ${tip}\nNixcluster-Version: 1.2.3\n`,
  )
  await git.push('nixcluster/main', forged, rendered)

  const again = await publish(repository, tip, await source(tip), settings)
  expect(await git.treeOf(again)).toBe(await git.treeOf(rendered))
  expect((await git.readCommit(again)).parents).toEqual([forged])
  expect(await git.remoteTip('nixcluster/main')).toBe(again)
  // A process that begins with it there sees through it as well.
  const fresh = createSource(git, (tree) => Promise.resolve(compile(tree)))
  expect(await publish(repository, tip, await fresh(tip), settings)).toBe(again)
})
