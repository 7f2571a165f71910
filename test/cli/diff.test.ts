import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { CliContext } from '../../src/cli/context.ts'
import { register } from '../../src/cli/diff.ts'
import { readRevisions } from '../../src/git/read-revisions.ts'

const env = { PATH: process.env['PATH']!, HOME: '/nonexistent' }
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-diff-'))
  cpSync('test/fixtures/demo/in', join(folder, 'fleet'), { recursive: true })
  git('init', '--quiet', '--initial-branch=main')
  git('add', '--all')
  git('-c', 'user.name=x', '-c', 'user.email=x@example.com', 'commit', '--quiet', '-m', 'one')
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: folder, encoding: 'utf8' })

/** Runs `diff` in the fleet's folder, which is a folder of its repository. */
async function diff(...words: string[]) {
  const result = { stdout: '', stderr: '', code: 0 }
  const context: CliContext = {
    version: '1.2.3',
    cwd: join(folder, 'fleet'),
    stdout: (text) => void (result.stdout += text),
    stderr: (text) => void (result.stderr += text),
    colour: false,
    readPage: () => '',
    exit: (code) => void (result.code = code),
  }
  const program = new Command('nixcluster')
  register(program, context, (dir) => Promise.resolve(readRevisions(dir, env)))
  await program.parseAsync(['diff', ...words], { from: 'user' })
  return result
}

const edit = (path: string, change: (text: string) => string): void => {
  const file = join(folder, 'fleet', path)
  writeFileSync(file, change(readFileSync(file, 'utf8')))
}

test('nothing changed: it says so, and exits 0', async () => {
  expect(await diff('main')).toMatchObject({ code: 0, stdout: /^No machine changes/ })
})

test('a changed line, a changed file: the machines, with the place of the reason', async () => {
  edit('clusters/demo.yaml', (text) => text.replace('10.77.0.11/', '10.77.0.111/'))
  edit('services/shop.nix', (text) => `${text}\n# changed\n`)
  const { stdout, code } = await diff('HEAD')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^\d+ of \d+ machines may change\./)
  expect(stdout).toMatch(/clusters\/demo\.yaml:\d+ {2}interfaces of \w+ change/)
  expect(stdout).toMatch(/^ {4}services\/shop\.nix changes$/m)
  const { machines } = JSON.parse((await diff('HEAD', '--output', 'json')).stdout) as {
    machines: { change: string; reasons: { place?: string; text: string }[] }[]
  }
  expect(machines.every(({ change }) => change === 'changed')).toBe(true)
})

test('what is broken is shown with its mistakes; an unknown revision is told', async () => {
  edit('clusters/demo.yaml', (text) => text.replace('machines:', 'machnies:'))
  expect(await diff('HEAD')).toMatchObject({ code: 1, stderr: /unknown key 'machnies'/ })
  expect(await diff('nonesuch')).toMatchObject({ code: 2, stderr: /nonesuch/ })
})

test('a folder is compared as a revision is', async () => {
  cpSync(join(folder, 'fleet'), join(folder, 'other'), { recursive: true })
  edit('clusters/demo.yaml', (text) => text.replace('10.77.0.11/', '10.77.0.111/'))
  expect((await diff('../other')).stdout).toContain('interfaces of')
  expect((await diff('../other', 'main')).stdout).toMatch(/^No machine changes/)
})

test('taking away most machines is an error, unless it is allowed', async () => {
  edit('clusters/demo.yaml', (text) => text.slice(0, text.indexOf('  web2:')))
  edit('clusters/demo.yaml', (text) => text.replace(/ {2}shop:[^]*(?=\nmachines)/, ''))
  const refused = await diff('HEAD')
  expect(refused).toMatchObject({ code: 1, stdout: /diff\/machines-removed/ })
  expect((await diff('HEAD', '--allow-removals', '9')).code).toBe(0)
})
