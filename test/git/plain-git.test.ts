import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createPlainGit } from '../../src/forge/plain-git.ts'
import { createGit } from '../../src/git/git.ts'

async function repository(branches: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-plain-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const url = join(folder, 'remote')
  execFileSync('git', ['init', '-q', '--bare', url])
  const git = createGit({
    url,
    mirror: join(folder, 'mirror'),
    env: { PATH: process.env['PATH']! },
  })
  for (const [branch, text] of Object.entries(branches)) {
    const files = new Map([['nixcluster.yaml', text]])
    await git.push(
      branch,
      await git.writeCommit({ parents: [], kept: [], files, message: text }),
      undefined,
    )
  }
  return { git, forge: createPlainGit({ git, branch: 'main' }) }
}

test('every branch that is neither deployed nor ours is a proposal', async () => {
  const { git, forge } = await repository({
    main: 'deployed',
    'more-storage': 'changed',
    'nixcluster/main': 'generated',
    'nixcluster/state': 'ledger',
  })
  const head = await git.remoteTip('more-storage')
  const expected = {
    id: 'more-storage',
    kind: 'branch',
    branch: 'more-storage',
    head,
    base: 'main',
    trusted: true,
  }
  expect(await forge.proposals()).toEqual([expected])
  expect(await forge.proposal('more-storage')).toEqual(expected)
})

test('no branch of ours, nor the deployed one, nor one that is gone, is a proposal', async () => {
  const { forge } = await repository({ main: 'deployed', 'nixcluster/main': 'generated' })
  for (const id of ['main', 'nixcluster/main', 'gone']) {
    expect(await forge.proposal(id)).toBeUndefined()
  }
})

test('a branch that stands where the deployed one stands proposes nothing', async () => {
  const { git, forge } = await repository({ main: 'deployed' })
  await git.push('fresh', (await git.remoteTip('main'))!, undefined)
  expect(await forge.proposals()).toEqual([])
})
