import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTools } from '../../scripts/setup.ts'

const program = join(import.meta.dirname, '../../bin/nixcluster')
let tools: Awaited<ReturnType<typeof ensureTools>>
let folder: string

beforeAll(async () => {
  tools = await ensureTools()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-serve-'))
  writeFileSync(join(folder, 'secret'), '0123456789abcdef\n', { mode: 0o600 })
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', join(folder, 'fleet.git')])
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Settings that work but for what a test takes from them. */
const settings = (changes: Readonly<Record<string, string>> = {}): string => {
  const { port = '0', stateDir = 'state', url = 'fleet.git', secretFile = 'secret' } = changes
  return `listen: { port: ${port} }
stateDir: ${stateDir}
repositories:
  - { name: fleet, url: '${url}', secretFile: ${secretFile} }
`
}

interface World {
  readonly path?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the real program in the folder; what does not end by itself within 20 seconds is an error. */
function run(words: readonly string[], { path = tools.path, env = {} }: World = {}) {
  const { stdout, stderr, status } = spawnSync(program, words, {
    cwd: folder,
    env: { ...tools.environment, HOME: folder, PATH: path, ...env },
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { stdout, stderr: stderr.replaceAll(folder, '.'), code: status }
}

function serve(text: string, world?: World) {
  writeFileSync(join(folder, 'controller.yaml'), text)
  return run(['serve', '--config', 'controller.yaml'], world)
}

/** A PATH that has these programs and no others. */
function pathWith(...names: string[]): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  for (const name of [...names, 'readlink', 'node']) {
    const place = tools.path.split(':').find((part) => existsSync(join(part, name)))
    symlinkSync(join(place!, name), join(bin, name))
  }
  return bin
}

/** No Redis of the state folder runs any more. */
const hasLeftRedis = (): boolean =>
  spawnSync('pgrep', ['-f', join(folder, 'state/redis/redis.sock')]).status === 0

test('settings that cannot be read are named, and are not taken for empty ones', () => {
  expect(run(['serve', '--config', 'nowhere.yaml'])).toEqual({
    stdout: '',
    stderr: 'nixcluster: the settings ./nowhere.yaml cannot be read (ENOENT)\n',
    code: 2,
  })
  expect(run(['serve', '--config', '.']).stderr).toBe(
    'nixcluster: the settings . cannot be read (EISDIR)\n',
  )
  expect(run(['serve']).stderr).toBe(
    'nixcluster: the settings ./controller.yaml cannot be read (ENOENT)\n',
  )
})

test('without a file the environment may say it all', () => {
  const env = {
    NIXCLUSTER_REPOSITORIES_0_URL: 'fleet.git',
    NIXCLUSTER_REPOSITORIES_0_NAME: 'fleet',
    NIXCLUSTER_REPOSITORIES_0_SECRET_FILE: 'missing',
  }
  const { stderr, code } = run(['serve'], { env })
  expect(stderr).toBe(
    'NIXCLUSTER_REPOSITORIES_0_SECRET_FILE:1:1 error: ./missing cannot be read: there is no such file [config/secret-file]\n',
  )
  expect(code).toBe(2)
})

test.each([
  ['a folder that is not there', 'gone.git', 'no such file or directory: ./gone.git'],
  ['nobody who answers', 'http://127.0.0.1:9/fleet.git', 'unable to access'],
  ['a folder that is no repository', 'secret/..', 'not a git repository'],
])('a repository at %s is named', (_, url, why) => {
  const { stderr, code } = serve(settings({ url }))
  const [line = '', ...more] = stderr.split('\n')
  expect(line).toMatch(/^nixcluster: repository 'fleet': .*; check its url$/)
  expect(line).toContain(why)
  expect(more).toEqual([''])
  expect(code).toBe(2)
  expect(hasLeftRedis()).toBe(false)
})

test.each([
  [['validate', '--dir', 'nowhere'], './nowhere: there is no such file or folder'],
  [['validate', '--dir', 'secret'], './secret: it is not a folder'],
  [['resolve', 'vm0', '--dir', 'nowhere'], './nowhere: there is no such file or folder'],
  [
    ['status', '--repository', 'fleet', '--secret-file', 'missing'],
    './missing: there is no such file or folder',
  ],
  [
    ['deploy', '--repository', 'fleet', '--secret-file', 'secret', '--url', 'http://127.0.0.1:9'],
    'no controller answers at http://127.0.0.1:9; is nixcluster serve running there?',
  ],
  [
    ['hook', 'install', 'nowhere', '--url', 'u', '--repository', 'r', '--secret-file', 's'],
    './nowhere is no bare repository',
  ],
])('nixcluster %j fails in one line', (words, line) => {
  expect(run(words)).toEqual({ stdout: '', stderr: `nixcluster: ${line}\n`, code: 2 })
})

test('without Nix a lock cannot be written, and init says what is left to do', () => {
  const path = pathWith()
  expect(run(['init'], { path })).toMatchObject({ stderr: '', code: 0 })
  expect(run(['update'], { path })).toEqual({
    stdout: '',
    stderr:
      'nixcluster: flake.lock is not written: nix is not in PATH: install Nix, 2.18 or later\n',
    code: 2,
  })
})

test.each([
  ['auto', /^\{"level":"info".*"text":"ready"\}$/m],
  ['pretty', /^\[\S+ \S+\] INFO: ready \{"url":/m],
])(
  'written to a file, the log is JSON unless something else is asked for: %s',
  async (format, line) => {
    writeFileSync(join(folder, 'controller.yaml'), `${settings()}log: { format: ${format} }\n`)
    const { stderr } = await endWhenReady([program, 'serve', '--config', 'controller.yaml'])
    expect(stderr).toMatch(line)
    expect(stderr).not.toContain('\u001b')
  },
)

test('on a terminal the log is for people’s eyes, and coloured', async () => {
  writeFileSync(join(folder, 'controller.yaml'), settings())
  const command = `exec '${program}' serve --config controller.yaml`
  const { stdout } = await endWhenReady(['script', '-qec', command, '/dev/null'])
  expect(stdout).toMatch(/\] \u001b\[32mINFO\u001b\[39m: \u001b\[36mready/)
})

/** Runs a controller until it says that it is ready, and ends it. */
async function endWhenReady([command = '', ...words]: readonly string[]) {
  const child = spawn(command, words, {
    cwd: folder,
    env: { ...tools.environment, HOME: folder, PATH: tools.path },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      // `script` hands no signal on: the whole group gets it.
      if (text.includes('ready')) process.kill(-child.pid!, 'SIGTERM')
    })
  await once(child, 'close')
  return said
}
