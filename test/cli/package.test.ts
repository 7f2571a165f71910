import { execFile, execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { machinesOf, writeFleet } from '../../bench/fleet.ts'

const checkout = resolve(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
  version: string
}
let folder: string
/** The package, as npm lays it out: its dependencies beside it. */
let installed: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-package-'))
  const packed = spawnSync('npm', ['pack', '--pack-destination', folder], {
    cwd: checkout,
    encoding: 'utf8',
  })
  const tarball = packed.stdout.trim().split('\n').at(-1) ?? ''
  if (packed.status !== 0) throw new Error(packed.stdout + packed.stderr)
  execFileSync('tar', ['-xf', join(folder, tarball), '-C', folder])
  // Links would be followed to the checkout, so the folder of the package is a real one.
  installed = join(folder, 'package')
  symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'))
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder for PATH with one program in it. */
function pathWith(name: string, script: string): string {
  const bin = mkdtempSync(join(folder, 'bin-'))
  writeFileSync(join(bin, name), script)
  chmodSync(join(bin, name), 0o755)
  return bin
}

/** Runs the launcher with the Node that runs this test, unless PATH says otherwise. */
function run(words: readonly string[], options: { program?: string; path?: string } = {}) {
  const node = pathWith('node', `#!/bin/sh\nexec '${process.execPath}' "$@"\n`)
  const { program = join(installed, 'bin/nixcluster'), path = `${node}:/usr/bin:/bin` } = options
  const { stdout, stderr, status } = spawnSync(program, words, {
    cwd: tmpdir(),
    env: { PATH: path, HOME: folder },
    encoding: 'utf8',
  })
  return { stdout, stderr, code: status }
}

test('the package has what it runs and what explains it, and no sources', () => {
  expect(readdirSync(installed).toSorted()).toEqual([
    'CHANGELOG.md',
    'README.md',
    'bin',
    'dist',
    'docs',
    'package.json',
    'schemas',
  ])
  const names = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  expect(names.filter((name) => /\.ts$|\btest\b/.test(name))).toEqual([])
  const lab = readdirSync(join(installed, 'dist/lab'), { withFileTypes: true })
  const carried = lab.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  expect(carried.toSorted()).toEqual(['demo', 'deploy-rs', 'nixpkgs'])
})

test('the demo is named as missing where only the product was built', () => {
  const built = mkdtempSync(join(folder, 'built-'))
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(join(installed, name), join(built, name), {
      recursive: true,
      filter: (path) => !path.startsWith(join(installed, 'dist/lab')),
    })
  expect(run(['demo'], { program: join(built, 'bin/nixcluster') })).toEqual({
    stdout: '',
    stderr: 'nixcluster: the demo is not in this installation; the npm package has it\n',
    code: 2,
  })
})

test('it says its version', () => {
  expect(run(['--version'])).toEqual({ stdout: `${version}\n`, stderr: '', code: 0 })
})

test('--help, and no word at all, list the commands', () => {
  const help = run(['--help'])
  expect(help).toMatchObject({ stderr: '', code: 0 })
  expect(help.stdout).toContain('validate [options]')
  expect(run([])).toEqual(help)
})

test.each([
  'init',
  'validate',
  'resolve',
  'render',
  'update',
  'explain',
  'diff',
  'graph',
  'deploy',
  'status',
  'serve',
  'demo',
])('%s --help has an example', (command) => {
  const { stdout, code } = run([command, '--help'])
  expect(code).toBe(0)
  expect(stdout).toMatch(new RegExp(`Examples?:\\s+nixcluster ${command}`))
})

test('an unknown command is answered with the one that was meant', () => {
  expect(run(['validtae'])).toEqual({
    stdout: '',
    stderr: [
      "error: unknown command 'validtae'",
      '(Did you mean validate?)',
      '(nixcluster --help lists the commands)',
      '',
    ].join('\n'),
    code: 2,
  })
})

test('it validates and renders a folder from another one', () => {
  const dir = join(checkout, 'test/fixtures/demo/in')
  const { stdout, code } = run(['validate', '--dir', dir])
  expect(stdout).toContain('3 machines')
  expect(code).toBe(0)
  const out = join(folder, 'rendered')
  expect(run(['render', '--dir', dir, '--out', out])).toMatchObject({ stderr: '', code: 0 })
  expect(existsSync(join(out, 'flake.nix'))).toBe(true)
})

test('runs at once on a large fleet leave what the next one goes on from', async () => {
  const fleet = join(folder, 'fleet')
  const home = join(folder, 'home')
  writeFleet(fleet, machinesOf(500), 100)
  const env = { PATH: process.env['PATH'], HOME: home }
  const start = async (...more: string[]): Promise<string> => {
    const words = ['render', '--out', '-', '--dir', fleet, ...more]
    const limits = { env, maxBuffer: 2 ** 28 }
    return (await promisify(execFile)(join(installed, 'bin/nixcluster'), words, limits)).stdout
  }
  const whole = await start('--no-cache')
  const cache = join(home, '.cache/nixcluster/compiled')
  expect(existsSync(cache)).toBe(false)
  expect(await Promise.all([start(), start(), start()])).toEqual([whole, whole, whole])
  const left = readdirSync(cache).map((name) => statSync(join(cache, name)).ino)
  expect(left).toHaveLength(1)
  expect(await Promise.all([start(), start()])).toEqual([whole, whole])
  expect(readdirSync(cache).map((name) => statSync(join(cache, name)).ino)).toEqual(left)
}, 120_000)

test('explain reads the page that is in the package', () => {
  const { stdout, code } = run(['explain', 'schema/unknown-key'])
  expect(stdout).toMatch(/^schema\/unknown-key\n\n/)
  expect(code).toBe(0)
})

test('the controller reads its settings by the schema that is in the package', () => {
  const settings = join(folder, 'controller.yaml')
  writeFileSync(settings, 'lisen: { port: 1 }\n')
  const { stderr, code } = run(['serve', '--config', settings])
  expect(stderr).toContain("unknown key 'lisen', did you mean 'listen'?")
  expect(code).toBe(2)
})

test('it is started through links to links', () => {
  const bin = join(folder, 'usr/bin')
  mkdirSync(bin, { recursive: true })
  symlinkSync('../../package/bin/nixcluster', join(bin, 'first'))
  symlinkSync('first', join(bin, 'nixcluster'))
  const program = join(bin, 'nixcluster')
  expect(run(['--version'], { program })).toMatchObject({ stdout: `${version}\n`, code: 0 })
})

test.each([
  ['old', 'v20.20.2', 'v20.20.2'],
  ['almost new enough', 'v22.11.0', 'v22.11.0'],
])('a Node that is %s is named', (_, says, named) => {
  const path = `${pathWith('node', `#!/bin/sh\necho ${says}\n`)}:/usr/sbin`
  expect(run(['--version'], { path })).toEqual({
    stdout: '',
    stderr: `nixcluster needs Node 22.12 or later in PATH; found ${named}\n`,
    code: 2,
  })
})

test('without any Node that is said, in one line', () => {
  expect(run(['--version'], { path: pathWith('other', '#!/bin/sh\n') })).toEqual({
    stdout: '',
    stderr: 'nixcluster needs Node 22.12 or later in PATH; found none\n',
    code: 2,
  })
})
