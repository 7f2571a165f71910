import { Command } from 'commander'
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CliContext, LockFlake } from '../../src/cli/context.ts'
import { register as registerExplain } from '../../src/cli/explain.ts'
import { register as registerInit } from '../../src/cli/init.ts'
import { register as registerRender } from '../../src/cli/render.ts'
import { register as registerResolve } from '../../src/cli/resolve.ts'
import { register as registerUpdate } from '../../src/cli/update.ts'
import { register as registerValidate } from '../../src/cli/validate.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const noLock: LockFlake = () => Promise.reject(new Error('nix is not here'))

/** Runs a command line in the temporary folder. */
async function run(line: string, lock: LockFlake = noLock, initLock?: LockFlake) {
  const result = { stdout: '', stderr: '', code: 0 }
  const context: CliContext = {
    version: '1.2.3',
    cwd: folder,
    stdout: (text) => void (result.stdout += text),
    stderr: (text) => void (result.stderr += text),
    colour: false,
    readPage: (name) => readFileSync(join('docs', name), 'utf8'),
    exit: (code) => void (result.code = code),
  }
  const program = new Command('nixcluster')
  registerValidate(program, context)
  registerResolve(program, context)
  registerRender(program, context)
  registerInit(program, context, initLock)
  registerUpdate(program, context, lock)
  registerExplain(program, context)
  await program.parseAsync(line.split(' '), { from: 'user' })
  return result
}

const useDemo = () => cpSync('test/fixtures/demo/in', folder, { recursive: true })
const edit = (path: string, from: string, to: string) => {
  const file = join(folder, path)
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
}

test('init writes a repository that validates, and never writes over one', async () => {
  expect(await run('init')).toMatchObject({ code: 0, stderr: '' })
  const { stdout, code } = await run('validate')
  expect(code).toBe(0)
  expect(stdout).toContain('1 warning in 2 files, 2 machines, 1 service')
  const before = readFileSync(join(folder, 'nixcluster.yaml'), 'utf8')
  expect(await run('init')).toMatchObject({
    code: 1,
    stderr: 'nixcluster.yaml is there already: nothing is written\n',
  })
  expect(readFileSync(join(folder, 'nixcluster.yaml'), 'utf8')).toBe(before)
})

test('init leaves a README and a .gitignore as they are, and says how it goes on', async () => {
  writeFileSync(join(folder, 'README.md'), '# Mine\n')
  const { stdout, stderr, code } = await run('init')
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  expect(stdout.split('\n')).toEqual([
    'nixcluster.yaml is written',
    'clusters/example.yaml is written',
    'modules/base.nix is written',
    '.gitignore is written',
    '.nixcluster/schema.json is written',
    '.vscode/settings.json is written',
    'next: write your machines into clusters/example.yaml, then run nixcluster validate',
    'then: nixcluster update, which needs Nix, writes flake.lock',
    '',
  ])
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe('# Mine\n')
})

test('init gives a repository even where nothing can be locked', async () => {
  const { stdout, stderr, code } = await run('init', noLock, noLock)
  expect({ stderr, code }).toEqual({
    stderr: 'flake.lock is not written: nix is not here\n',
    code: 0,
  })
  expect(stdout).toContain('then: nixcluster update')
  expect((await run('validate')).code).toBe(0)
})

test('what init writes for people names commands and files that there are', async () => {
  await run('init')
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  const help = execFileSync('bin/nixcluster', ['help'], { encoding: 'utf8' })
  for (const [, command] of readme.matchAll(/`nixcluster ([a-z]+)/g))
    expect(help).toMatch(new RegExp(`^  ${command} `, 'm'))
  const paths = [...readme.matchAll(/`([\w.-]+\/|[\w./-]+\.yaml)`/g)].map(([, path]) => path!)
  expect(paths).toContain('modules/')
  expect(paths.filter((path) => !existsSync(join(folder, path)))).toEqual([])
})

test('init --editor brings the schema up to date, and leaves settings as they are', async () => {
  useDemo()
  expect(await run('init --editor')).toMatchObject({
    code: 0,
    stdout: '.nixcluster/schema.json is written\n.vscode/settings.json is written\n',
  })
  writeFileSync(join(folder, '.nixcluster/schema.json'), '{}')
  writeFileSync(join(folder, '.vscode/settings.json'), '{ "mine": true }')
  expect((await run('init --editor')).stdout).toBe('.nixcluster/schema.json is written\n')
  const schema = readFileSync(join(folder, '.nixcluster/schema.json'), 'utf8')
  expect(schema).toBe(readFileSync('schemas/nixcluster.schema.json', 'utf8'))
  expect(readFileSync(join(folder, '.vscode/settings.json'), 'utf8')).toBe('{ "mine": true }')
})

test('validate shows every mistake with its line', async () => {
  useDemo()
  edit('clusters/demo.yaml', '    tags: [front]', '    tgas: [front]')
  edit('clusters/demo.yaml', 'web: [web1]', 'web: [web1, web7]')
  const { stdout, code } = await run('validate')
  expect(code).toBe(1)
  expect(stdout.split('\n').slice(0, -2)).toEqual([
    "clusters/demo.yaml:19:19 error: no host or service is called 'web7' here; demo.lab has db1, web1, web2 [selectors/dangling]",
    '   18 │     roles:',
    '   19 │       web: [web1, web7]',
    '      │                   ^^^^',
    "clusters/demo.yaml:27:5 error: unknown key 'tgas', did you mean 'tags'? [schema/unknown-key]",
    '   26 │   web1:',
    '   27 │     tgas: [front]',
    '      │     ^^^^',
    'flake.lock:1:1 warning: there is no flake.lock [lock/missing]',
    '      │ run nixcluster update, and commit flake.lock',
  ])
  expect(stdout).toMatch(/\n2 errors and 1 warning in 2 files, 3 machines, 2 services +\d.*s\n$/)
})

test('validate --output json is stable', async () => {
  useDemo()
  edit('clusters/demo.yaml', 'system:', 'sytem:')
  const { stdout, code } = await run('validate --output json')
  const { ok, diagnostics } = JSON.parse(stdout) as { ok: boolean; diagnostics: object[] }
  expect([ok, code]).toEqual([false, 1])
  expect(diagnostics[0]).toEqual({
    severity: 'error',
    code: 'schema/unknown-key',
    message: "unknown key 'sytem', did you mean 'system'?",
    file: 'clusters/demo.yaml',
    line: 4,
    column: 1,
    endLine: 4,
    endColumn: 6,
  })
})

test('a folder that is not there could not run', async () => {
  expect(await run('validate --dir nowhere')).toMatchObject({ code: 2 })
})

test('resolve prints elements with their place, and hosts with their address', async () => {
  useDemo()
  expect((await run('resolve shop')).stdout).toBe(
    `shop.demo.lab   service, clusters/demo.yaml:16
  db1.demo.lab    10.77.0.21, fd77::21   eth0
  web1.demo.lab   10.77.0.11             eth0
`,
  )
  expect(
    JSON.parse((await run('resolve web --in shop.demo.lab --output json')).stdout),
  ).toMatchObject({
    elements: [{ kind: 'role', name: 'web.shop.demo.lab' }],
    hosts: ['web1.demo.lab'],
    ips: ['10.77.0.11'],
    hostNames: ['web1'],
    nameToConfigs: { 'web.shop.demo.lab': ['web1.demo.lab'] },
  })
  expect(await run('resolve web9')).toMatchObject({
    code: 1,
    stdout: '',
    stderr:
      "error: no host or service is called 'web9' here; demo.lab has db1, web1, web2 [selectors/dangling]\n",
  })
})

test('explain prints the section of a code, its example indented', async () => {
  const { stdout, code } = await run('explain schema/unknown-key')
  expect(code).toBe(0)
  expect(stdout).toBe(`schema/unknown-key

A key is written where there is none of that name.

    machines:
      vm0: { sytem: x86_64-linux }

Check the spelling, and whether it stands at the right level: the hint lists the
keys that there are. Options of NixOS go below \`config\`, data of your own below
\`data\`.
`)
})

test('explain without a code lists all with their first sentence', async () => {
  const { stdout } = await run('explain')
  const lines = stdout.split('\n')
  expect(lines).toContain(
    'schema/unknown-key         A key is written where there is none of that name.',
  )
  expect(lines.filter((line) => line.length > 80)).toEqual([])
  const pages = JSON.parse((await run('explain --output json')).stdout) as object[]
  expect(pages.length).toBeGreaterThan(50)
  expect(pages).toContainEqual({
    code: 'schema/unknown-key',
    summary: 'A key is written where there is none of that name.',
  })
  const page: unknown = JSON.parse((await run('explain lock/missing --output json')).stdout)
  expect(page).toMatchObject({
    code: 'lock/missing',
    summary: expect.stringMatching(/^There is no `flake.lock`/),
    text: expect.stringMatching(/`validate` only warns of it/),
  })
})

test.each([
  ['schema/unknow-key', ", did you mean 'schema/unknown-key'?"],
  ['unknown-key', ", did you mean 'config/unknown-key' or 'schema/unknown-key'?"],
  ['why', '; nixcluster explain lists them all'],
])('explain %s is answered with what was meant', async (word, answer) => {
  expect(await run(`explain ${word}`)).toEqual({
    stdout: '',
    stderr: `no diagnostic is called '${word}'${answer}\n`,
    code: 1,
  })
})

test('render writes what the generated branch would have, and nothing when there are errors', async () => {
  useDemo()
  expect(await run('render --out out')).toMatchObject({ code: 0 })
  expect(readFileSync(join(folder, 'out/flake.nix'), 'utf8')).toContain('web1.demo.lab')
  expect(existsSync(join(folder, 'out/modules/base.nix'))).toBe(true)
  edit('clusters/demo.yaml', 'system:', 'sytem:')
  expect(await run('render --out other')).toMatchObject({ code: 1, stdout: '' })
  expect(existsSync(join(folder, 'other'))).toBe(false)
})

test('render moves a flake.nix of the source aside, and leaves out what is there already', async () => {
  useDemo()
  writeFileSync(join(folder, 'flake.nix'), '{ outputs = _: { }; }')
  const first = await run('render --out out')
  expect(readFileSync(join(folder, 'out/flake.source.nix'), 'utf8')).toBe('{ outputs = _: { }; }')
  expect((await run('render --out out')).stdout).toBe(first.stdout)
})

test("render writes nothing over the source's own files", async () => {
  useDemo()
  writeFileSync(join(folder, 'flake.nix'), '{ outputs = _: { }; }')
  expect(await run('render --out .')).toMatchObject({
    code: 1,
    stderr: 'generated files do not stand among those of the source: name another folder\n',
  })
  expect(readFileSync(join(folder, 'flake.nix'), 'utf8')).toBe('{ outputs = _: { }; }')
})

test('render --out - prints every generated file below its path', async () => {
  useDemo()
  const { code, stdout } = await run('render --out -')
  await run('render --out out')
  expect(code).toBe(0)
  const [, ...parts] = stdout.split(/^# ==> /m)
  const paths = parts.map((part) => part.split('\n', 1)[0]!)
  expect(paths).toContain('flake.nix')
  const files = paths.map((path) => `${path}\n${readFileSync(join(folder, 'out', path), 'utf8')}\n`)
  expect(parts).toEqual(files)
})

test('update moves all inputs or those that are named, and says which moved', async () => {
  useDemo()
  const seen: unknown[] = []
  const node = (rev: string, lastModified: number) => ({ locked: { rev, lastModified } })
  const lockOf = (nodes: Record<string, object>): string =>
    JSON.stringify({
      root: 'root',
      nodes: { root: { inputs: { nixpkgs: 'n', disko: 'd' } }, ...nodes },
    })
  const locks =
    (text: string): LockFlake =>
    async (work, inputs) => {
      seen.push(
        inputs,
        existsSync(join(work, 'flake.nix')),
        existsSync(join(work, 'modules/base.nix')),
      )
      writeFileSync(join(work, 'flake.lock'), text)
    }
  const first = lockOf({ n: node('3f2c1a9b'.repeat(5), 1790000000) })
  expect(await run('update', locks(first))).toMatchObject({
    code: 0,
    stdout: 'nixpkgs  -    →  2026-09-21  3f2c1a9\nflake.lock is written; commit it\n',
  })
  expect(seen).toEqual([['deploy-rs', 'nixpkgs'], true, true])
  expect(readFileSync(join(folder, 'flake.lock'), 'utf8')).toBe(first)
  expect(existsSync(join(folder, 'flake.nix'))).toBe(false)
  const second = lockOf({
    n: node('9b01e77c'.repeat(5), 1795000000),
    d: { locked: { narHash: 'sha256-abcdefgh' } },
  })
  expect(await run('update nixpkgs', locks(second))).toMatchObject({
    stdout: `disko    -                    →              abcdefg
nixpkgs  2026-09-21  3f2c1a9  →  2026-11-18  9b01e77
flake.lock is written; commit it
`,
  })
  expect(seen.at(3)).toEqual(['nixpkgs'])
  expect(await run('update', locks(second))).toMatchObject({ stdout: 'flake.lock is as it was\n' })
})

test('update names what is no input, and what Nix says', async () => {
  useDemo()
  expect(await run('update nixpgks disko')).toMatchObject({
    code: 1,
    stderr: `no flake input is called 'nixpgks', did you mean 'nixpkgs'?
no flake input is called 'disko'; there are deploy-rs, nixpkgs
`,
  })
  expect(await run('update')).toMatchObject({
    code: 2,
    stderr: 'nixcluster: flake.lock is not written: nix is not here\n',
  })
})

test("update locks a source's own flake beside ours", async () => {
  useDemo()
  writeFileSync(join(folder, 'flake.nix'), '{ inputs.mine.url = "path:./mine"; outputs = _: { }; }')
  const seen: string[] = []
  await run('update', async (work) => {
    seen.push(readFileSync(join(work, 'flake.nix'), 'utf8'))
    seen.push(readFileSync(join(work, 'flake.source.nix'), 'utf8'))
    writeFileSync(join(work, 'flake.lock'), '{}')
  })
  expect(seen[0]).toContain('mine.url = "path:./mine";')
  expect(seen[1]).toContain('outputs = _: { };')
  expect(readFileSync(join(folder, 'flake.nix'), 'utf8')).toBe(seen[1])
})

test('a link that leads out of the folder is not there', async () => {
  useDemo()
  rmSync(join(folder, 'modules/base.nix'))
  symlinkSync('/etc/hostname', join(folder, 'modules/base.nix'))
  expect((await run('validate')).stdout).toContain("there is no module '/modules/base.nix'")
})
