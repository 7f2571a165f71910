import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { examineHooks } from '../../src/forge/plain-git-hooks.ts'

const branches = ['nixcluster/state', 'nixcluster/main']

async function states(folder: string | undefined): Promise<Readonly<Record<string, string>>> {
  const findings = await examineHooks(folder, branches)
  return Object.fromEntries(findings.map(({ name, state }) => [name, state]))
}

/** A repository's folder with these hooks; a mode that is not 755 makes it none. */
function repository(hooks: Readonly<Record<string, number>>, inside = 'hooks'): string {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-hooks-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, inside), { recursive: true })
  for (const [name, mode] of Object.entries(hooks))
    writeFileSync(join(folder, inside, name), '#!/bin/sh\nnixcluster hook notify\n', { mode })
  return folder
}

test.each([
  ['both hooks', { 'pre-receive': 0o755, 'post-receive': 0o755 }, 'fine', 'fine'],
  ['an update hook alone', { update: 0o755 }, 'fine', 'warning'],
  ['a hook that git does not run', { 'pre-receive': 0o644 }, 'warning', 'warning'],
  ['no hook', {}, 'warning', 'warning'],
] as const)('a folder with %s', async (_, hooks, guarded, told) => {
  expect(await states(repository(hooks))).toEqual({ 'own branches': guarded, hook: told })
})

test('a repository with a work tree has its hooks in .git', async () => {
  const folder = repository({ 'pre-receive': 0o755, 'post-receive': 0o755 }, '.git/hooks')
  expect(await states(folder)).toEqual({ 'own branches': 'fine', hook: 'fine' })
})

test('of a folder that is not there nothing is told: git says so', async () => {
  expect(await examineHooks('/nowhere/fleet.git', branches)).toEqual([])
})

test('of a repository on another machine nothing is seen, and it is told where to look', async () => {
  const findings = await examineHooks(undefined, branches)
  expect(findings.map(({ state, advice }) => `${state} ${advice}`)).toEqual([
    'warning on the git server: a pre-receive or update hook that takes nixcluster/state and nixcluster/main from the controller’s user alone',
    'warning nixcluster hook install, on the git server; else only the poll finds pushes',
  ])
})
