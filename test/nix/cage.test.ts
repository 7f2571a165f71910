import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { linked } from '../../scripts/cache.ts'
import { nixEnvironment } from '../../scripts/nix.ts'
import { createGit } from '../../src/git/git.ts'
import type { Evaluation } from '../../src/model/ports.ts'
import { createNix, type NixOptions } from '../../src/nix/nix.ts'

let folder: string
let env: Record<string, string>
let mirror: string
let git: ReturnType<typeof createGit>
const program = linked('nix')!

beforeAll(async () => {
  env = { PATH: `${dirname(program)}:${process.env['PATH']!}`, ...(await nixEnvironment()) }
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-cage-'))
  const remote = join(folder, 'remote')
  mirror = join(folder, 'mirror')
  execFileSync('git', ['init', '-q', '--bare', remote])
  git = createGit({ url: remote, mirror, env: { PATH: env['PATH']! } })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = (options: Partial<NixOptions> = {}) =>
  createNix({ nix: program, env, stateDir: join(folder, 'our state'), ...options })

/** Machines whose system has a text as its script, with the outputs of a generated flake. */
const flake = (
  machines: Record<string, string>,
  inputs: Record<string, string> = {},
  names = Object.keys(inputs),
): string => `{
  ${Object.entries(inputs)
    .map(([name, value]) => `inputs.${name} = ${value};`)
    .join('\n  ')}
  outputs = { self${names.map((name) => `, ${name}`).join('')} }:
    let
      make = name: text: derivation {
        inherit name;
        system = "${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux";
        builder = "/bin/sh";
        args = [ "-c" text ];
      };
      machines = {
        ${Object.entries(machines)
          .map(([name, text]) => `"${name}" = make "system" (${text});`)
          .join('\n        ')}
      };
    in
    {
      nixosConfigurations = builtins.mapAttrs (_: system: { config.system.build.toplevel = system; }) machines;
      deploy.nodes = builtins.mapAttrs (_: system: { profiles.system.path = system; }) machines;
    };
}
`

const commit = (files: Record<string, string>) =>
  git.writeCommit({ parents: [], kept: [], files: new Map(Object.entries(files)), message: 'x' })

const messageOf = (evaluation: Evaluation | undefined): string =>
  evaluation?.kind === 'failed' ? evaluation.message : 'a system'

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

test('foreign code talks to nobody, whatever it fetches with and by whatever hash', async () => {
  const connections: string[] = []
  // New each time: what the store has already is not asked for.
  const body = `hello ${process.pid} ${performance.timeOrigin}\n`
  const web = createServer((_request, response) => response.end(body))
  web.on('connection', () => connections.push('http'))
  const ssh = createTcpServer((socket) => socket.destroy())
  ssh.on('connection', () => connections.push('ssh'))
  const [httpPort, sshPort] = [await listening(web), await listening(ssh)]
  const at = `http://127.0.0.1:${httpPort}`
  const ofBody = `sha256-${createHash('sha256').update(body).digest('base64')}`
  const rev = '1'.repeat(40)
  const machines = {
    url: `builtins.readFile (builtins.fetchurl { url = "${at}/file"; sha256 = "${ofBody}"; })`,
    import: `builtins.readFile (import <nix/fetchurl.nix> { url = "${at}/file"; hash = "${ofBody}"; })`,
    tarball: `"\${builtins.fetchTarball { url = "${at}/t.tar.gz"; sha256 = "${ofBody}"; }}"`,
    git: `"\${builtins.fetchGit { url = "${at}/r.git"; rev = "${rev}"; }}"`,
    ssh: `"\${builtins.fetchGit { url = "ssh://git@127.0.0.1:${sshPort}/r.git"; rev = "${rev}"; }}"`,
    hg: `"\${builtins.fetchMercurial { url = "${at}/r"; rev = "${rev}"; }}"`,
    tree: `"\${builtins.fetchTree { type = "file"; url = "${at}/f"; narHash = "${ofBody}"; }}"`,
    flake: `"\${builtins.getFlake "git+${at}/r.git?rev=${rev}"}"`,
    tarballFlake: `"\${builtins.getFlake "${at}/t.tar.gz?narHash=${ofBody}"}"`,
    sshFlake: `"\${builtins.getFlake "git+ssh://git@127.0.0.1:${sshPort}/r?rev=${rev}"}"`,
    closure: `"\${builtins.fetchClosure { fromStore = "${at}"; fromPath = "/nix/store/${'0'.repeat(32)}-x"; }}"`,
  }
  const names = Object.keys(machines)
  const id = await commit({ 'flake.nix': flake(machines) })
  const nix = open()
  const foreign = await nix.evaluate(mirror, id, names, { foreign: { baseLock: undefined } })
  expect(names.map((name) => foreign.get(name)?.kind)).toEqual(names.map(() => 'failed'))
  expect(messageOf(foreign.get('url'))).toContain('forbidden in restricted mode')
  expect(messageOf(foreign.get('flake'))).toContain("attribute 'getFlake' missing")
  expect(connections).toEqual([])
  // They do listen: what somebody who may push fetches by its hash arrives.
  const ours = await nix.evaluate(mirror, id, ['url', 'ssh'])
  expect(ours.get('url')?.kind).toBe('system')
  expect(new Set(connections)).toEqual(new Set(['http', 'ssh']))
  web.closeAllConnections()
  await Promise.all([web, ssh].map((server) => new Promise((resolve) => server.close(resolve))))
})

test('foreign code reads no file of the controller, nor has it copied into the store', async () => {
  const secrets = join(folder, 'secrets')
  mkdirSync(secrets)
  const secret = `very-secret-${process.pid}-${Date.now()}`
  writeFileSync(join(secrets, 'token'), secret)
  const stored = execFileSync('nix-store', ['--add', join(secrets, 'token')], {
    env,
    encoding: 'utf8',
  }).trim()
  const locked = `path:${secrets}?narHash=sha256-${'A'.repeat(43)}=`
  const machines = {
    file: `builtins.readFile "${secrets}/token"`,
    path: `builtins.readFile ${secrets}/token`,
    copied: `"\${${secrets}}"`,
    builtin: `"\${builtins.path { path = "${secrets}"; }}"`,
    // Nix says in its error which hash it should have been, and takes that the next time.
    flake: `"\${builtins.getFlake "${locked}"}"`,
    tree: `"\${builtins.fetchTree { type = "path"; path = "${secrets}"; narHash = "sha256-${'A'.repeat(43)}="; }}"`,
    url: `builtins.readFile (builtins.fetchurl "file://${secrets}/token")`,
    link: 'builtins.readFile ./link/token',
    above: 'builtins.readFile ../../../etc/hostname',
    environment: 'if builtins.getEnv "PATH" == "" then throw "nothing" else "something"',
    store: `builtins.readFile ${stored}`,
    storePath: `builtins.readFile (builtins.storePath ${stored})`,
    run: 'builtins.exec [ "/bin/sh" "-c" "id" ]',
  }
  const names = Object.keys(machines)
  const written = await commit({ 'flake.nix': flake(machines) })
  const link = execFileSync('git', ['hash-object', '-w', '--stdin'], {
    cwd: mirror,
    input: secrets,
    encoding: 'utf8',
  }).trim()
  const id = await git.writeCommit({
    parents: [],
    kept: [...(await git.readTree(written)), { path: 'link', mode: '120000', id: link }],
    files: new Map(),
    message: 'with a link',
  })
  const nix = open()
  const foreign = await nix.evaluate(mirror, id, names, { foreign: { baseLock: undefined } })
  expect(names.map((name) => foreign.get(name)?.kind)).toEqual(names.map(() => 'failed'))
  expect([...foreign.values()].map(messageOf).join('\n')).not.toContain(secret)
  const copies = readdirSync('/nix/store')
    .map((name) => join('/nix/store', name, 'token'))
    .filter((file) => existsSync(file) && readFileSync(file, 'utf8') === secret)
  expect(copies).toEqual([])
})

/** A base with inputs of every kind that needs no network, and its lock. */
async function withInputs() {
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const library = join(folder, 'library')
  write(
    join(library, 'flake.nix'),
    '{ inputs.base.url = "path:/nonexistent"; outputs = { self, base }: { text = "library of ${base.text} ${toString self.lastModified}"; }; }',
  )
  write(
    join(folder, 'base/flake.nix'),
    '{ outputs = { self }: { text = "base ${self.narHash}"; }; }',
  )
  write(join(folder, 'plain/words'), 'plain')
  const versioned = join(folder, 'versioned')
  write(
    join(versioned, 'sub/flake.nix'),
    '{ outputs = { self }: { text = "${self.rev} ${toString self.revCount} ${self.lastModifiedDate} ${self}"; }; }',
  )
  const run = (...args: string[]): void =>
    void execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...args], {
      cwd: versioned,
    })
  run('init', '-q', '-b', 'main')
  run('add', '.')
  run('commit', '-qm', 'first')
  const source = join(folder, 'source')
  const inputs = {
    base: `{ url = "path:${join(folder, 'base')}"; }`,
    library: `{ url = "path:${library}"; inputs.base.follows = "base"; }`,
    plain: `{ url = "path:${join(folder, 'plain')}"; flake = false; }`,
    versioned: `{ url = "git+file://${versioned}?dir=sub"; }`,
  }
  const text = flake(
    {
      vm0: '"${library.text} ${base.text} ${builtins.readFile "${plain}/words"} ${versioned.text} ${self.rev} ${self.lastModifiedDate} ${self}"',
    },
    inputs,
  )
  write(join(source, 'flake.nix'), text)
  await open().lock(source, 'missing')
  const lock = readFileSync(join(source, 'flake.lock'), 'utf8')
  return { lock, id: await commit({ 'flake.nix': text, 'flake.lock': lock }) }
}

test('in the cage comes out exactly the system that comes out without it', async () => {
  const { id, lock } = await withInputs()
  const nix = open()
  const [caged, ours] = [
    await nix.evaluate(mirror, id, ['vm0'], { lock, foreign: { baseLock: lock } }),
    await nix.evaluate(mirror, id, ['vm0'], { lock }),
  ]
  expect(messageOf(caged.get('vm0'))).toBe('a system')
  expect(caged).toEqual(ours)
})

test('an input that the base does not have is not fetched for a foreign change, and named', async () => {
  const connections: string[] = []
  const web = createServer((_request, response) => response.end('hello\n'))
  web.on('connection', () => connections.push('http'))
  const at = `http://127.0.0.1:${await listening(web)}`
  const { lock } = await withInputs()
  const changed = JSON.parse(lock) as {
    nodes: Record<string, { inputs?: object; locked?: object; original?: object }>
  }
  const rev = '1'.repeat(40)
  changed.nodes['root']!.inputs = { ...changed.nodes['root']!.inputs, evil: 'evil' }
  changed.nodes['evil'] = {
    locked: { type: 'git', url: `${at}/evil.git`, rev, narHash: `sha256-${'A'.repeat(43)}=` },
    original: { type: 'git', url: `${at}/evil.git` },
  }
  const text = JSON.stringify(changed)
  const id = await commit({
    'flake.nix': flake({ vm0: 'evil.text' }, { evil: `{ url = "git+${at}/evil.git"; }` }),
    'flake.lock': text,
  })
  const found = await open().evaluate(mirror, id, ['vm0'], {
    lock: text,
    foreign: { baseLock: lock },
  })
  expect(messageOf(found.get('vm0'))).toContain(`the input 'evil' is new: git:${at}/evil.git`)
  expect(messageOf(found.get('vm0'))).toContain('somebody who may push')
  expect(connections).toEqual([])
  await new Promise((resolve) => web.close(resolve))
})

test('inputs that flake.nix names and the lock does not are fetched for nobody foreign', async () => {
  const secrets = join(folder, 'secrets')
  mkdirSync(secrets)
  const secret = `secret-input-${process.pid}-${Date.now()}`
  writeFileSync(join(secrets, 'token'), secret)
  const id = await commit({
    'flake.nix': flake(
      { vm0: '"${evil}"' },
      { evil: `{ url = "path:${secrets}"; flake = false; }` },
    ),
  })
  const found = await open().evaluate(mirror, id, ['vm0'], { foreign: { baseLock: undefined } })
  expect(found.get('vm0')?.kind).toBe('failed')
  const copies = readdirSync('/nix/store').filter((name) =>
    existsSync(join('/nix/store', name, 'token'))
      ? readFileSync(join('/nix/store', name, 'token'), 'utf8') === secret
      : false,
  )
  expect(copies).toEqual([])
})

test('credentials are there when inputs are fetched, and not when code is evaluated', async () => {
  const { id, lock } = await withInputs()
  const seen = join(folder, 'seen')
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  // By its path: there is none in a cage.
  const tool = execFileSync('sh', ['-c', 'command -v env'], { encoding: 'utf8' }).trim()
  const script = `#!/bin/sh\n{ echo "== $*"; ${tool}; } >> '${seen}'\nexec '${program}' "$@"\n`
  writeFileSync(join(bin, 'nix'), script, { mode: 0o755 })
  const secret = 'ghp_thisIsTheToken'
  const nix = open({
    nix: join(bin, 'nix'),
    env: {
      ...env,
      NIX_CONFIG: `${env['NIX_CONFIG'] ?? ''}\naccess-tokens = github.com=${secret}\n!include /etc/nix/secret.conf\nnetrc-file = /etc/nix/netrc`,
      SSH_AUTH_SOCK: '/run/agent',
      GITHUB_TOKEN: secret,
    },
  })
  for (const foreign of [undefined, { baseLock: lock }]) {
    const how = { lock, ...(foreign === undefined ? {} : { foreign }) }
    expect(messageOf((await nix.evaluate(mirror, id, ['vm0'], how)).get('vm0'))).toBe('a system')
  }
  const calls = readFileSync(seen, 'utf8')
    .split(/^== /m)
    .filter((call) => call !== '')
  const evaluations = calls.filter((call) => call.includes('--show-trace'))
  const fetches = calls.filter((call) => !call.includes('--show-trace'))
  expect([evaluations.length, fetches.length]).toEqual([2, 3])
  for (const call of fetches) expect(call).toContain(secret)
  for (const call of evaluations) {
    for (const word of [
      secret,
      'SSH_AUTH_SOCK',
      'netrc-file = /etc',
      'secret.conf',
      'GITHUB_TOKEN',
    ])
      expect(call).not.toContain(word)
  }
  const homes = evaluations.map((call) => /^HOME=(.*)$/m.exec(call)![1]!)
  expect(homes[0]).toBe(join(folder, 'our state/home'))
  expect(homes[1]).toMatch(/our state\/cages\/home-/)
  expect(existsSync(homes[1]!)).toBe(false)
})

/** Processes whose command line holds a word. */
const processesWith = (word: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)
    } catch {
      return false
    }
  })

const endless = `toString (builtins.foldl' (sum: n: sum + builtins.foldl' (a: b: a + b) 0 (builtins.genList (n: n) 100000)) 0 (builtins.genList (n: n) 100000))`
const greedy = `toString (builtins.length (builtins.filter (n: n > 1) (builtins.genList (n: n * 2) 2000000000)))`

test('what takes too much memory is ended with all its processes, and the others are unharmed', async () => {
  const name = `greedy-${process.pid}`
  const id = await commit({
    'flake.nix': flake({
      a: '"a"',
      [name]: greedy,
      deep: 'toString ((n: let down = n: 1 + down (n + 1); in down n) 0)',
      z: '"z"',
    }),
  })
  const nix = open({ evaluationMemoryBytes: 400 * 2 ** 20 })
  const found = await nix.evaluate(mirror, id, ['a', name, 'deep', 'z'], {
    foreign: { baseLock: undefined },
  })
  expect([...found].map(([machine, { kind }]) => [machine, kind])).toEqual([
    ['a', 'system'],
    [name, 'failed'],
    ['deep', 'failed'],
    ['z', 'system'],
  ])
  expect(messageOf(found.get(name))).toBe('evaluation took more than 400 MiB of memory')
  expect(messageOf(found.get('deep'))).toMatch(/stack overflow|max-call-depth/)
  expect(processesWith(name)).toEqual([])
})

test('who does not end gets half of the time, however many do not, and the others are unharmed', async () => {
  const name = `endless-${process.pid}`
  const id = await commit({
    'flake.nix': flake({ a: '"a"', [name]: endless, m: '"m"', n: endless, z: '"z"' }),
  })
  const started = performance.now()
  const found = await open().evaluate(mirror, id, ['a', name, 'm', 'n', 'z'], {
    limitMs: 12_000,
    foreign: { baseLock: undefined },
  })
  expect(performance.now() - started).toBeLessThan(20_000)
  expect([...found.values()].map(({ kind }) => kind)).toEqual([
    ...['system', 'failed', 'system', 'failed', 'system'],
  ])
  expect(messageOf(found.get(name))).toBe('evaluation took more than 6 s')
  expect(messageOf(found.get('n'))).toMatch(/^evaluation took more than [23] s$/)
  expect(processesWith(name)).toEqual([])
})
