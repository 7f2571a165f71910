import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../lab/port.ts'
import { ensureTools } from '../../scripts/setup.ts'
import type { Examined } from '../../src/model/finding.ts'
import { startGithub } from '../github/server.ts'

// The real program with real git, Nix, Redis, deploy-rs and ssh; a fleet without machines.

const program = join(import.meta.dirname, '../../bin/nixcluster')
const password = 'a-password-of-redis'
let tools: Awaited<ReturnType<typeof ensureTools>>
let folder: string
/** The program keeps there what makes its next start quick. */
let home: string

beforeAll(async () => {
  tools = await ensureTools()
  home = mkdtempSync(join(tmpdir(), 'nixcluster-doctor-home-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-doctor-test-'))
  writeFileSync(join(folder, 'secret'), '0123456789abcdef-secret\n', { mode: 0o600 })
  writeFileSync(join(folder, 'password'), password, { mode: 0o600 })
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
  mkdirSync(join(folder, 'state'))
  const remote = join(folder, 'fleet.git')
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote])
  commit('main', 'dev', { 'nixcluster.yaml': project, 'flake.lock': lock })
  for (const name of ['pre-receive', 'post-receive'])
    writeFileSync(join(remote, 'hooks', name), '#!/bin/sh\n# nixcluster\n', { mode: 0o755 })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const project = `apiVersion: nixcluster/v1
kind: Project
inputs:
  nixpkgs: { url: 'path:/nixpkgs' }
  deploy-rs: { url: 'path:/deploy-rs' }
`
const node = (path: string) => ({
  locked: { type: 'path', path, narHash: `sha256-${'A'.repeat(43)}=`, lastModified: 1 },
  original: { type: 'path', path },
})
const lock = JSON.stringify({
  nodes: {
    nixpkgs: node('/nixpkgs'),
    'deploy-rs': node('/deploy-rs'),
    root: { inputs: { nixpkgs: 'nixpkgs', 'deploy-rs': 'deploy-rs' } },
  },
  ...{ root: 'root', version: 7 },
})

/** Commits files to a branch of the repository, in somebody's name. */
function commit(branch: string, author: string, files: Readonly<Record<string, string>>): void {
  const git = (input: string, ...args: string[]): string =>
    execFileSync('git', ['-c', `user.name=${author}`, '-c', 'user.email=x@example.com', ...args], {
      ...{ cwd: join(folder, 'fleet.git'), input, encoding: 'utf8' },
    }).trim()
  const blobs = Object.entries(files).map(
    ([name, text]) => `100644 blob ${git(text, 'hash-object', '-w', '--stdin')}\t${name}`,
  )
  const tree = git(`${blobs.join('\n')}\n`, 'mktree')
  git('', 'update-ref', `refs/heads/${branch}`, git('', 'commit-tree', '-m', 'x', tree))
}

/** Settings that work but for what a test changes in their text. */
const settings = (more = ''): string => `listen: { port: 0 }
stateDir: state
ssh: { identityFile: key }
${more}
repositories:
  - { name: fleet, url: ./fleet.git, secretFile: secret }
`

interface How {
  readonly text?: string
  readonly words?: readonly string[]
  readonly path?: string
}

async function run({ text = settings(), words = [], path = tools.path }: How = {}) {
  writeFileSync(join(folder, 'controller.yaml'), text)
  const { stdout, stderr, exitCode } = await execa(
    program,
    ['doctor', '--config', 'controller.yaml', ...words],
    {
      cwd: folder,
      env: { ...tools.environment, HOME: home, PATH: path },
      extendEnv: false,
      reject: false,
      timeout: 30_000,
    },
  )
  return { stdout, stderr: stderr.replaceAll(folder, '.'), code: exitCode }
}

/** What is found, by id. */
async function find(how: How = {}): Promise<ReadonlyMap<string, Examined>> {
  const { stdout, stderr } = await run({
    ...how,
    words: ['--output', 'json', ...(how.words ?? [])],
  })
  if (stdout === '') throw new Error(stderr)
  const findings = JSON.parse(stdout.replaceAll(folder, '.')) as readonly Examined[]
  return new Map(findings.map((finding) => [finding.id, finding]))
}

/** Programs of these names stand before the others, and do as they are told here. */
function scripted(scripts: Readonly<Record<string, string>>): string {
  const bin = join(folder, 'scripts')
  mkdirSync(bin)
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return `${bin}:${tools.path}`
}

/** A PATH that has these programs and no others. */
function pathWith(...names: string[]): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  for (const name of [...names, 'sh', 'env', 'readlink', 'node']) {
    const place = tools.path.split(':').find((part) => existsSync(join(part, name)))
    symlinkSync(join(place!, name), join(bin, name))
  }
  return bin
}

/** A Redis on a port with settings of its own. */
async function startRedis(...more: string[]): Promise<string> {
  const port = String(await freePort())
  const args = ['--port', port, '--dir', folder, '--save', '', ...more]
  const child = spawn('redis-server', args, { env: { PATH: tools.path }, stdio: 'pipe' })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  for await (const said of child.stdout) if (String(said).includes('Ready to accept')) break
  return `redis://127.0.0.1:${port}`
}

const filesOf = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted()

test('where all is in order, every check is fine, and nothing has changed', async () => {
  const before = filesOf(folder)
  const all = await find()
  const notFine = [...all.values()].filter(({ state }) => state !== 'fine').map(({ id }) => id)
  // The Nix of the tests has none.
  expect(notFine.filter((id) => id !== 'nix/sandbox')).toEqual([])
  expect([...all.keys()].filter((id) => id !== 'nix/sandbox')).toEqual([
    ...['settings/settings', 'settings/address', 'settings/state-folder', 'settings/ssh-key'],
    ...['programs/nix', 'programs/deploy-rs', 'programs/openssh-s-client', 'programs/git'],
    ...['programs/redis-or-valkey', 'nix/evaluation', 'nix/store', 'nix/roots', 'nix/cage'],
    ...['nix/nix-and-deploy-rs', 'repository-fleet/url', 'repository-fleet/branch'],
    ...['repository-fleet/push', 'repository-fleet/nixcluster-main'],
    ...['repository-fleet/nixcluster-state', 'repository-fleet/own-branches'],
    ...[
      'repository-fleet/hook',
      `builders/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux`,
    ],
  ])
  expect(filesOf(folder)).toEqual([...before, 'controller.yaml'].toSorted())
})

test('people get a line for each check, what to do below it, and the count at the end', async () => {
  const { stdout, code } = await run({ text: settings('redis: { url: redis://127.0.0.1:1 }') })
  const lines = stdout.split('\n')
  expect(lines[0]).toBe('settings')
  expect(lines[1]).toBe('  ✓ settings      no mistakes, secret files closed to others (fleet)')
  const redis = lines.indexOf('redis')
  expect(lines.slice(redis, redis + 3)).toEqual([
    'redis',
    '  ✗ server  connect ECONNREFUSED 127.0.0.1:1',
    '            → start it, or check redis.url',
  ])
  expect(lines.at(-1)).toMatch(/^\d+ checks: 1 wrong, 1 warning\.$/)
  expect(lines.filter((line) => line.length > 80)).toEqual([])
  expect(stdout).not.toContain('\u001b')
  expect(code).toBe(1)
})

test('settings that are wrong are told all at once, as serve tells them', async () => {
  const text = settings('pol: 60s').replace('secretFile: secret', 'secretFile: missing')
  const { stderr, code } = await run({ text })
  expect(stderr).toContain("unknown key 'pol'")
  expect(stderr).toContain('./missing cannot be read')
  expect(code).toBe(2)
  const all = await run({ text, words: ['--output', 'json'] })
  expect(JSON.parse(all.stdout)).toContainEqual(
    expect.objectContaining({ group: 'settings', state: 'wrong' }),
  )
  expect(all.code).toBe(2)
})

test('settings that cannot be read, or a repository that is not in them: exit code 2', async () => {
  expect(await run({ words: ['--config', 'nowhere.yaml'] })).toMatchObject({ code: 2 })
  expect(await run({ words: ['--repository', 'flet'] })).toMatchObject({
    ...{ code: 2, stdout: '' },
    stderr: "nixcluster: no repository is called 'flet'; there is fleet",
  })
})

/** `state found → advice` of some findings, in one line each. */
const told = (all: ReadonlyMap<string, Examined>, ...ids: string[]): readonly string[] =>
  ids.map((id) => {
    const { state, found, advice = '' } = all.get(id) ?? { state: 'missing', found: '' }
    return `${id}: ${state} ${found} → ${advice}`
  })

// What is broken is told each by itself: one thing hides no other, so several are broken at once.

test('a key with a passphrase, a taken port, no state folder, no deploy-rs, no Redis, no repository', async () => {
  rmSync(join(folder, 'key'))
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'sesame', '-f', join(folder, 'key')])
  const server = createServer((socket) => void socket.end('hello\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const text = settings()
    .replace('port: 0', `port: ${port}`)
    .replace('stateDir: state', 'stateDir: secret')
    .replace('fleet.git', 'flet.git')
  const all = await find({ text, path: pathWith('git', 'ssh', 'ssh-keygen', 'nix') })
  expect(
    told(
      all,
      ...['settings/ssh-key', 'settings/address', 'settings/state-folder', 'programs/deploy-rs'],
      ...['programs/redis-or-valkey', 'repository-fleet/url'],
    ),
  ).toEqual([
    "settings/ssh-key: wrong ./key has a passphrase, and nobody is there to type it → take a key of the controller's own: ssh-keygen -q -t ed25519 -N '' -f ./key",
    `settings/address: wrong 127.0.0.1, port ${port}: something else listens there, which is no controller → end it, or choose another listen.port`,
    'settings/state-folder: wrong ./secret cannot be written by this user (ENOTDIR) → give it to the user of the controller, choose another stateDir, or run this as that user',
    'programs/deploy-rs: wrong deploy is not in PATH → install deploy-rs 1.0 or later, or name another one as tools.deploy',
    'programs/redis-or-valkey: wrong redis-server is not in PATH → install Redis or Valkey 6.2 or later, or name another one as tools.redisServer',
    expect.stringMatching(/^repository-fleet\/url: wrong \.\/flet\.git: .* → check its url/),
  ])
})

test('Nix and git that are too old, and a Redis that evicts', async () => {
  const url = await startRedis('--maxmemory-policy', 'allkeys-lru')
  const path = scripted({ nix: 'echo "nix (Nix) 2.8.0"', git: 'echo "git version 2.30.2"' })
  const all = await find({ text: settings(`redis: { url: '${url}' }`), path })
  expect(told(all, 'programs/nix', 'programs/git', 'redis/memory')).toEqual([
    'programs/nix: wrong ./scripts/nix is 2.8.0, too old → install Nix 2.18 or later, or name another one as tools.nix',
    'programs/git: wrong ./scripts/git is 2.30.2, too old → install git 2.38 or later',
    'redis/memory: wrong maxmemory-policy is allkeys-lru: full, it would throw jobs away → maxmemory-policy noeviction in its configuration, or a Redis of the controller’s own',
  ])
})

test('Nix that does not evaluate, a wrong password of Redis, and a branch of ours that is another’s', async () => {
  commit('main', 'dev', { 'nixcluster.yaml': `${project}oops: 1\n`, 'flake.lock': lock })
  commit('nixcluster/main', 'mallory', { 'flake.nix': '{ }' })
  rmSync(join(folder, 'fleet.git/hooks'), { recursive: true })
  const url = await startRedis('--requirepass', 'another')
  const all = await find({
    text: settings(`redis: { url: '${url}', passwordFile: password }`),
    path: scripted({
      nix: 'if [ "$1" = --version ]; then echo "nix (Nix) 2.26.3"; else echo "error: no daemon" >&2; exit 1; fi',
    }),
  })
  expect(
    told(
      all,
      ...['nix/evaluation', 'redis/password', 'repository-fleet/branch'],
      ...['repository-fleet/nixcluster-main', 'repository-fleet/own-branches'],
      'repository-fleet/hook',
    ),
  ).toEqual([
    'nix/evaluation: wrong running nix: error: no daemon → try by hand: nix eval --expr 1+1',
    'redis/password: wrong Redis refuses it → check the file that redis.passwordFile names',
    expect.stringMatching(/branch: warning main \w{7} has 1 mistake: nothing of it is deployed → /),
    expect.stringMatching(
      /main: wrong \w{7} was written by mallory <x@example.com>, .* → find out/,
    ),
    'repository-fleet/own-branches: warning whoever may push anything may push nixcluster/state and nixcluster/main → have a pre-receive or update hook that takes nixcluster/state and nixcluster/main from the controller’s user alone',
    'repository-fleet/hook: warning no post-receive hook tells us: only the poll finds pushes, and pushers see no plan → nixcluster hook install ./fleet.git',
  ])
})

test('a program that hangs holds up no other check, and no branch to deploy', async () => {
  const text = settings().replace('secretFile: secret', 'secretFile: secret, branch: prod')
  const all = await find({ text, path: scripted({ deploy: 'sleep 60' }) })
  expect(told(all, 'programs/deploy-rs', 'repository-fleet/branch', 'nix/cage')).toEqual([
    'programs/deploy-rs: wrong no answer within 10 s → try deploy --version by hand',
    'repository-fleet/branch: wrong there is no branch prod → push it, or name another one as branch in the settings',
    'nix/cage: fine what strangers propose is evaluated without files and network → ',
  ])
})

test('a role is asked only for what is its own', async () => {
  const url = await startRedis()
  const text = settings(`redis: { url: '${url}' }`)
  rmSync(join(folder, 'key'))
  rmSync(join(folder, 'key.pub'))
  const webhook = await find({ text, words: ['--role', 'webhook'], path: pathWith() })
  expect([...webhook.keys()]).toEqual([
    ...['settings/settings', 'settings/address', 'redis/server', 'redis/memory'],
  ])
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
  rmSync(join(folder, 'secret'))
  const plan = await find({ text, words: ['--role', 'plan'] })
  expect(plan.has('programs/deploy-rs')).toBe(false)
  expect(plan.get('repository-fleet/push')).toMatchObject({
    state: 'warning',
    found: 'this role could push, and never does',
  })
})

test('no secret is in what is said, whatever says it', async () => {
  const url = await startRedis('--requirepass', 'another')
  const token = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz'
  const github = await startGithub({ project: 'example/fleet', token, login: 'fleet-bot' })
  onTestFinished(() => github.close())
  writeFileSync(join(folder, 'token'), token, { mode: 0o600 })
  const said = `cat ${join(folder, 'token')} ${join(folder, 'secret')} >&2`
  const text = settings(`redis: { url: '${url}', passwordFile: password }`).replace(
    'secretFile: secret',
    `secretFile: secret, forge: github, project: example/fleet, tokenFile: token, apiUrl: ${github.url}`,
  )
  const { stdout, stderr } = await run({ text, path: scripted({ deploy: `${said}; exit 1` }) })
  const all = stdout + stderr
  expect(all).toContain('a token of fleet-bot')
  expect(all).toContain('[secret]')
  for (const secret of [
    token,
    password,
    '0123456789abcdef-secret',
    readFileSync(join(folder, 'key'), 'utf8'),
  ])
    expect(all).not.toContain(secret)
})
