import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { beforeAll, afterAll, beforeEach, expect, test } from 'vitest'
import { linked } from '../../scripts/cache.ts'
import { nixEnvironment } from '../../scripts/nix.ts'
import type { CliContext } from '../../src/cli/context.ts'
import { register } from '../../src/cli/plan.ts'
import { compile } from '../../src/compile/compile.ts'
import { createGit } from '../../src/git/git.ts'
import { createLedgerStore } from '../../src/git/ledger-store.ts'
import { openWorkTree } from '../../src/git/work-tree.ts'
import type { LocalPorts } from '../../src/jobs/local-plan.ts'
import { createNix } from '../../src/nix/nix.ts'
import { labFlakes, runNix } from '../render/nix.ts'

const env = { PATH: process.env['PATH']!, HOME: '/nonexistent', ...(await nixEnvironment()) }
const project = `apiVersion: nixcluster/v1
kind: Project
inputs: ${JSON.stringify({ nixpkgs: { url: labFlakes.nixpkgs }, 'deploy-rs': { url: labFlakes['deploy-rs'] } })}
`
const lab = (vm0: string): string => `apiVersion: nixcluster/v1
kind: Domain
suffix: ""
clusters:
  lab:
    system: x86_64-linux
    stateVersion: "25.11"
    config: { boot.isContainer: true }
    machines:
      vm0:
        interfaces: { eth0: { addresses: [10.0.0.1/24] } }
        config: { environment.etc.motd.text: ${vm0} }
      vm1:
        interfaces: { eth0: { addresses: [10.0.0.2/24] } }
`
let folder: string
let lock: string

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.com', ...args], {
    cwd: folder,
    encoding: 'utf8',
  })

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

beforeAll(() => {
  const { rendered } = compile({
    texts: new Map([
      ['nixcluster.yaml', project],
      ['clusters/lab.yaml', lab('one')],
    ]),
    paths: new Set(),
  })
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-plan-lock-'))
  for (const [path, text] of rendered!.files) write(path, text)
  runNix('flake', 'lock', `path:${folder}`)
  lock = execFileSync('cat', [join(folder, 'flake.lock')], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
})

const folders: string[] = []
afterAll(() => folders.forEach((each) => rmSync(each, { recursive: true, force: true })))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-plan-'))
  folders.push(folder)
  git('init', '--quiet', '--initial-branch=main')
  write('nixcluster.yaml', project)
  write('clusters/lab.yaml', lab('one'))
  write('flake.lock', lock)
  git('add', '--all')
  git('commit', '--quiet', '-m', 'one')
})

/** Runs `plan` in the clone; without Nix any use of it would throw. */
async function plan(...words: string[]) {
  const result = { stdout: '', stderr: '', code: 0 }
  const context: CliContext = {
    version: '1.2.3',
    cwd: folder,
    stdout: (text) => void (result.stdout += text),
    stderr: (text) => void (result.stderr += text),
    colour: false,
    readPage: () => '',
    exit: (code) => void (result.code = code),
  }
  const program = new Command('nixcluster')
  register(program, context, async (_, withNix, log): Promise<LocalPorts> => {
    const gitDir = join(folder, '.git')
    const stateDir = join(folder, '.git/nixcluster-test')
    const nix = withNix ? createNix({ nix: linked('nix')!, env, stateDir }) : undefined
    return {
      git: createGit({ url: gitDir, mirror: gitDir, env }),
      gitDir,
      workTree: openWorkTree(folder, env),
      compile: (source) => Promise.resolve(compile(source)),
      ledgerStore: (view) => createLedgerStore({ git: view, id: 'local' }),
      clock: { now: () => new Date(), sleep: () => Promise.resolve() },
      log,
      hash: (text) => createHash('sha256').update(text).digest('hex'),
      version: '1.2.3',
      ...(nix === undefined ? {} : { nix }),
      nixVersion: (await nix?.version()) ?? '',
    }
  })
  await program.parseAsync(['plan', ...words], { from: 'user' })
  return result
}

test('nothing changed: no machine changes, and nothing of the clone does', async () => {
  const refs = git('for-each-ref')
  const { stdout, code } = await plan()
  expect(stdout).toContain('No machine changes.')
  expect(code).toBe(0)
  expect(git('for-each-ref')).toBe(refs)
})

test('what is not committed counts, a new file too; what was staged stays staged', async () => {
  write(
    'clusters/lab.yaml',
    lab('two').replace('config: { env', 'modules: [/m.nix]\n        config: { env'),
  )
  write('m.nix', '{ environment.etc.new.text = "new"; }\n')
  git('add', 'clusters/lab.yaml')
  const before = git('status', '--porcelain')
  const { stdout, code } = await plan()
  expect(stdout).toContain('plan of main, with what is not committed (')
  expect(stdout).toContain('1 of 2 machines changes.')
  expect(stdout).toMatch(/~ \/etc\/motd/)
  expect(stdout).toMatch(/\+ \/etc\/new/)
  expect(code).toBe(0)
  expect(git('status', '--porcelain')).toBe(before)
})

test('a branch by its name, and another base', async () => {
  git('checkout', '--quiet', '-b', 'more')
  write('clusters/lab.yaml', lab('two'))
  git('commit', '--quiet', '--all', '-m', 'two')
  git('checkout', '--quiet', 'main')
  expect((await plan('more')).stdout).toContain('vm0')
  const { stdout } = await plan('more', '--base', 'more', '--output', 'json')
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, compared: 'base', machines: [] })
  expect(await plan('nowhere')).toMatchObject({
    code: 2,
    stderr: "nixcluster: git knows no commit 'nowhere'\n",
  })
})

test('machines are compared with what they were given, where that was fetched', async () => {
  const first = JSON.parse((await plan('--output', 'json')).stdout) as { compared: string }
  expect(first.compared).toBe('base')
  const store = createLedgerStore({
    git: createGit({ url: join(folder, '.git'), mirror: join(folder, '.git'), env }),
    id: 'local',
  })
  const system = `/nix/store/${'0'.repeat(32)}-nixos-system-vm1`
  const given = { path: system, system, seq: 1, at: '2026-01-01T00:00:00Z' }
  const record = { name: 'vm1.lab', cluster: 'lab', attempt: 1, held: {}, history: [], given }
  const ledger = { id: 'local', machines: { 'vm1.lab': record }, rollouts: [] }
  await store.write({ ...ledger, adopted: { by: 'x', seq: 1 } }, undefined, 'given')
  git('update-ref', 'refs/remotes/origin/nixcluster/state', 'nixcluster/state')
  const output = await plan('--output', 'json')
  expect(output.stderr).toBe('evaluating 2 machines ...\n')
  const second = JSON.parse(output.stdout) as {
    compared: string
    machines: { name: string; diff?: { before?: string } }[]
  }
  expect(second.compared).toBe('given')
  expect(second.machines.map(({ name }) => name)).toEqual(['vm0.lab', 'vm1.lab'])
  expect(second.machines[1]!.diff?.before).toBe(system)
})

test('without Nix: whom a change may concern, and why', async () => {
  write('clusters/lab.yaml', lab('two'))
  const { stdout } = await plan('--static')
  expect(stdout).toContain('1 of 2 machines may change.')
  expect(stdout).toContain('clusters/lab.yaml:12')
})

test('mistakes and what cannot be merged: exit code 1', async () => {
  write('clusters/lab.yaml', lab('two').replace('interfaces', 'interfaecs'))
  const mistaken = await plan()
  expect(mistaken.stdout).toContain("did you mean 'interfaces'")
  expect(mistaken.code).toBe(1)
  git('checkout', '--quiet', '-b', 'other')
  write('clusters/lab.yaml', lab('other'))
  git('commit', '--quiet', '--all', '-m', 'other')
  git('checkout', '--quiet', 'main')
  write('clusters/lab.yaml', lab('main'))
  git('commit', '--quiet', '--all', '-m', 'main')
  const conflict = await plan('other')
  expect(conflict.stdout).toContain('In conflict:\n  clusters/lab.yaml')
  expect(conflict.code).toBe(1)
})

test('a machine that Nix cannot evaluate: its own words, exit code 1', async () => {
  write('clusters/lab.yaml', lab('!nix throw "not so"'))
  const { stdout, code } = await plan()
  expect(stdout).toContain('cannot be evaluated')
  expect(stdout).toContain('not so')
  expect(code).toBe(1)
})
