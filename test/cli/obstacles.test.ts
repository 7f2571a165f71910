import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
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
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../lab/port.ts'
import { ensureTools } from '../../scripts/setup.ts'

const program = join(import.meta.dirname, '../../bin/nixcluster')
let tools: Awaited<ReturnType<typeof ensureTools>>
/** What Node compiled once is there for every start. */
let cache: string
const redis = {
  password: 'f2c7a1d98b3e4f60',
  port: 0,
  server: undefined as ChildProcess | undefined,
}
const standIns = { old: 0, web: 0 }
const servers: Server[] = []

beforeAll(async () => {
  tools = await ensureTools()
  cache = mkdtempSync(join(tmpdir(), 'nixcluster-cache-'))
  redis.port = await freePort()
  const settings = ['--port', `${redis.port}`, '--requirepass', redis.password, '--save', '']
  redis.server = spawn(tools.redisServer, settings, { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const text of redis.server.stdout!) if (`${text}`.includes('Ready to accept')) break
  standIns.old = await listenTo(
    createServer((socket) => socket.on('data', answerAsOldRedis(socket))),
  )
  standIns.web = await listenTo(createHttpServer((_, response) => response.end('hello')))
})
afterAll(async () => {
  redis.server?.kill()
  for (const server of servers) server.close()
  rmSync(cache, { recursive: true, force: true })
})

async function listenTo(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A stand-in for a Redis of before 6.2, as far as it is asked: there is none to be had here. */
function answerAsOldRedis(socket: { write(text: string): void }) {
  const info = '# Server\r\nredis_version:5.0.14\r\n# Replication\r\nrole:master\r\n'
  return (data: Buffer): void => {
    for (const [, name = ''] of `${data}`.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
      const isInfo = name.toLowerCase() === 'info'
      socket.write(
        isInfo
          ? `$${info.length}\r\n${info}\r\n`
          : `-ERR unknown command \`${name}\`, with args\r\n`,
      )
    }
  }
}

/** What a case finds and may change before the start. */
interface Site {
  readonly folder: string
  /** The settings, by their keys as they are written in controller.yaml. */
  readonly settings: Record<string, string>
  path: string
  /** What starts the program, in front of it. */
  wrapper: readonly string[]
}

function createSite(): Site {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-obstacle-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'secret'), '0123456789abcdef\n', { mode: 0o600 })
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', join(folder, 'fleet.git')])
  const settings = {
    listen: '{ port: 0 }',
    stateDir: 'state',
    repositories: '[{ name: fleet, url: fleet.git, secretFile: secret }]',
  }
  return { folder, settings, path: tools.path, wrapper: [] }
}

/** Starts it and waits for its end, which is to come by itself. */
async function serve({ folder, settings, path, wrapper }: Site) {
  const lines = Object.entries(settings).map(([key, value]) => `${key}: ${value}\n`)
  writeFileSync(join(folder, 'controller.yaml'), lines.join(''))
  const [command = '', ...args] = [...wrapper, program, 'serve', '--config', 'controller.yaml']
  const env = { ...tools.environment, HOME: folder, XDG_CACHE_HOME: cache, PATH: path }
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'inherit', 'pipe'] })
  const limit = setTimeout(() => child.kill('SIGKILL'), 25_000)
  let said = ''
  child.stderr.on('data', (text) => (said += text))
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(limit)
  return { lines: said.replaceAll(folder, '.').split('\n').slice(0, -1), code }
}

/** Processes that were started with a path of the folder. */
const leftOver = (folder: string): boolean => spawnSync('pgrep', ['-f', folder]).status === 0

const write = (folder: string, name: string, text: string, mode = 0o600): void => {
  writeFileSync(join(folder, name), text, { mode })
  chmodSync(join(folder, name), mode)
}

/** A program that only says this, in front of all others. */
function stub(site: Site, name: string, script: string): void {
  const bin = join(site.folder, 'bin')
  mkdirSync(bin, { recursive: true })
  write(site.folder, `bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755)
  site.path = `${bin}:${site.path}`
}

/** Leaves programs out of PATH. */
function without(site: Site, ...names: string[]): void {
  const bin = join(site.folder, 'bin')
  mkdirSync(bin)
  const needed = ['git', 'nix', 'deploy', 'ssh', 'ssh-keygen', 'redis-server', 'readlink', 'node']
  for (const name of [...needed, 'sh', 'uname', 'cat'].filter((one) => !names.includes(one))) {
    const place = tools.path.split(':').find((part) => existsSync(join(part, name)))
    if (place !== undefined) symlinkSync(join(place, name), join(bin, name))
  }
  site.path = bin
}

function makeKey(site: Site, ...options: string[]): void {
  const args = ['-q', '-t', 'ed25519', '-C', '', '-f', join(site.folder, 'key'), ...options]
  execFileSync('ssh-keygen', args)
  site.settings['ssh'] = '{ identityFile: key }'
}

/** Starts it with a mount of its own over the state folder. */
function mountState(site: Site, options: string): void {
  mkdirSync(join(site.folder, 'state'))
  const mount = `mount -t tmpfs -o ${options} none state && exec "$@"`
  site.wrapper = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh']
}

/** Root without its rights over what belongs to others, and over modes. */
const withoutRights = ['unshare', '--user']

const redisAt = (site: Site, port: number, more = '', host = '127.0.0.1'): void =>
  void (site.settings['redis'] = `{ url: "redis://${host}:${port}"${more} }`)

const rsaHint = "GitHub makes one on the App's page, below Private keys [config/private-key]"
const usage = 'only the controller can read, and name that as redis.passwordFile'
const noKey =
  'ssh key: ./key is no private key: error in libcrypto; name the private half as ssh.identityFile, the one without .pub, whole to its last line break'

const cases: readonly (readonly [
  what: string,
  prepare: (site: Site) => unknown,
  lines: () => readonly string[],
])[] = [
  [
    'a secret file that is not there',
    ({ folder }) => rmSync(join(folder, 'secret')),
    () => [
      './controller.yaml:3:59 error: ./secret cannot be read: there is no such file [config/secret-file]',
    ],
  ],
  [
    'a secret file that this user may not read',
    (site) => {
      chmodSync(join(site.folder, 'secret'), 0)
      site.wrapper = withoutRights
    },
    () => [
      './controller.yaml:3:59 error: ./secret cannot be read: this user may not (EACCES) [config/secret-file]',
    ],
  ],
  [
    'a secret file that is a folder',
    ({ settings }) => (settings['repositories'] = '[{ name: f, url: fleet.git, secretFile: . }]'),
    () => ['./controller.yaml:3:55 error: . cannot be read: it is a folder [config/secret-file]'],
  ],
  [
    'a secret file that is empty',
    ({ folder }) => write(folder, 'secret', '\n'),
    () => ['./controller.yaml:3:59 error: ./secret is empty [config/secret-file]'],
  ],
  [
    'the key of an App that is no RSA key',
    ({ folder, settings }) => {
      const { privateKey } = generateKeyPairSync('ed25519')
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
      write(folder, 'app.pem', `${pem}`)
      settings['repositories'] =
        '[{ name: f, url: "https://github.com/e/f.git", forge: github, secretFile: secret, app: { id: 1, privateKeyFile: app.pem } }]'
    },
    () => [`./controller.yaml:3:127 error: the file has no private RSA key in PEM; ${rsaHint}`],
  ],
  [
    'a key for the machines that is none',
    (site) => {
      write(site.folder, 'key', 'hello\n')
      site.settings['ssh'] = '{ identityFile: key }'
    },
    () => [noKey],
  ],
  [
    'a public key in place of the private one',
    (site) => {
      makeKey(site, '-N', '')
      write(site.folder, 'key', readFileSync(join(site.folder, 'key.pub'), 'utf8'))
    },
    () => [noKey],
  ],
  [
    'a key with a passphrase',
    (site) => makeKey(site, '-N', 'hunter2'),
    () => [
      "ssh key: ./key has a passphrase, and nobody is there to type it; take a key of the controller's own: ssh-keygen -q -t ed25519 -N '' -f ./key",
    ],
  ],
  [
    'a key that others may read, which ssh does not take',
    (site) => {
      makeKey(site, '-N', '')
      chmodSync(join(site.folder, 'key'), 0o640)
    },
    () => ['ssh key: others may read ./key (mode 640), so ssh does not use it; chmod 600 ./key'],
  ],
  [
    'a port that is taken',
    ({ settings }) => (settings['listen'] = `{ port: ${standIns.web} }`),
    () => [
      `address: 127.0.0.1, port ${standIns.web}: it is taken; end what listens there, or choose another listen.port`,
    ],
  ],
  [
    'an address that this machine does not have',
    ({ settings }) => (settings['listen'] = '{ host: 192.0.2.1, port: 8080 }'),
    () => ['address: 192.0.2.1, port 8080: this machine has no such address; check listen.host'],
  ],
  [
    'a Redis that asks for a password',
    (site) => redisAt(site, redis.port),
    () => [
      `Redis at redis://127.0.0.1:${redis.port}: password: Redis asks for one; write it to a file that ${usage}`,
    ],
  ],
  [
    'a Redis that has another password',
    (site) => redisAt(site, redis.port, ', passwordFile: secret'),
    () => [
      `Redis at redis://127.0.0.1:${redis.port}: password: Redis refuses it; check the file that redis.passwordFile names`,
    ],
  ],
  [
    'a Redis that is away',
    (site) => redisAt(site, 9),
    () => [
      'Redis at redis://127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9; start it, or check redis.url',
    ],
  ],
  [
    'a Redis that is away at a name with several addresses',
    (site) => redisAt(site, 9, '', 'localhost'),
    () => [
      expect.stringMatching(
        /^nixcluster: Redis at redis:\/\/localhost:9: connect ECONNREFUSED \S+:9; start it, or check redis.url$/,
      ) as string,
    ],
  ],
  [
    'a Redis at a host that is not there',
    (site) => redisAt(site, 6379, '', 'redis.invalid'),
    () => [
      'Redis at redis://redis.invalid:6379: getaddrinfo ENOTFOUND redis.invalid; start it, or check redis.url',
    ],
  ],
  [
    'a Redis that is too old',
    (site) => redisAt(site, standIns.old),
    () => [
      `Redis at redis://127.0.0.1:${standIns.old}: Redis 5.0.14 is too old; install Redis 6.2 or later, or Valkey`,
    ],
  ],
  [
    'a server that is no Redis',
    (site) => redisAt(site, standIns.web),
    () => [
      `Redis at redis://127.0.0.1:${standIns.web}: what answers there is no Redis, or speaks TLS; check redis.url: rediss:// is with TLS, redis:// without`,
    ],
  ],
  [
    'no Redis to start',
    (site) => without(site, 'redis-server'),
    () => [
      'Redis: neither redis-server nor valkey-server is in PATH; install Redis 6.2 or later, or Valkey, or name a running one as redis.url',
    ],
  ],
  [
    'a Redis to start that is too old',
    (site) =>
      stub(
        site,
        'redis-server',
        "echo 'Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1'",
      ),
    () => [
      'Redis: ./bin/redis-server is 6.0.16, too old; install Redis 6.2 or later, or name another one as tools.redisServer',
    ],
  ],
  [
    'a disk that is full',
    (site) => mountState(site, 'size=16k'),
    () => [
      'state folder: ./state is on a disk that is full (ENOSPC); make room: mirrors and logs are kept there',
    ],
  ],
  [
    'a read-only file system',
    (site) => mountState(site, 'ro'),
    () => ['state folder: ./state is on a read-only file system; choose another stateDir'],
  ],
  [
    'a state folder that this user may not write',
    (site) => {
      mkdirSync(join(site.folder, 'state'), { mode: 0o500 })
      site.wrapper = withoutRights
    },
    () => [
      'state folder: ./state cannot be written by this user (EACCES); give it to the user of the controller, choose another stateDir, or run this as that user',
    ],
  ],
  [
    'a state folder below a file',
    ({ settings }) => (settings['stateDir'] = 'secret/state'),
    () => [
      'state folder: ./secret/state cannot be written by this user (ENOTDIR); give it to the user of the controller, choose another stateDir, or run this as that user',
    ],
  ],
  [
    'a state folder whose path is too long for a socket',
    ({ settings }) => (settings['stateDir'] = `state/${'a'.repeat(80)}`),
    () => [
      `state folder: no socket can be ./state/${'a'.repeat(80)}/redis/redis.sock; choose a shorter stateDir`,
    ],
  ],
  [
    'a Nix that is too old',
    (site) => stub(site, 'nix', "echo 'nix (Nix) 2.17.1'"),
    () => [
      'Nix: ./bin/nix is 2.17.1, too old; install Nix 2.18 or later, or name another one as tools.nix',
    ],
  ],
  [
    'a Nix that does not run',
    (site) => stub(site, 'nix', 'echo "libnixmain.so: cannot open shared object" >&2; exit 127'),
    () => [
      'Nix: ./bin/nix does not run: libnixmain.so: cannot open shared object; install Nix 2.18 or later, or name another one as tools.nix',
    ],
  ],
  [
    'a git that is too old',
    (site) => stub(site, 'git', "echo 'git version 2.34.1'"),
    () => ['git: ./bin/git is 2.34.1, too old; install git 2.38 or later'],
  ],
  [
    'no deploy-rs',
    (site) => without(site, 'deploy'),
    () => [
      'deploy-rs: deploy is not in PATH; install deploy-rs 1.0 or later, or name another one as tools.deploy',
    ],
  ],
  [
    'a deploy-rs that is named by a wrong path',
    ({ settings }) => (settings['tools'] = '{ deploy: /nowhere/deploy }'),
    () => ['deploy-rs: /nowhere/deploy is no program; check tools.deploy'],
  ],
  [
    'no ssh',
    (site) => without(site, 'ssh'),
    () => [
      "OpenSSH's client: ssh is not in PATH; install OpenSSH's client, or name another one as tools.ssh",
    ],
  ],
  [
    'all of it at once',
    (site) => {
      without(site, 'ssh', 'deploy')
      redisAt(site, 9)
      Object.assign(site.settings, {
        listen: `{ port: ${standIns.web} }`,
        stateDir: 'secret/state',
        ssh: '{ identityFile: secret }',
      })
    },
    () => [
      'deploy-rs: deploy is not in PATH; install deploy-rs 1.0 or later, or name another one as tools.deploy',
      "OpenSSH's client: ssh is not in PATH; install OpenSSH's client, or name another one as tools.ssh",
      noKey.replace('./key', './secret'),
      'state folder: ./secret/state cannot be written by this user (ENOTDIR); give it to the user of the controller, choose another stateDir, or run this as that user',
      'Redis at redis://127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9; start it, or check redis.url',
      `address: 127.0.0.1, port ${standIns.web}: it is taken; end what listens there, or choose another listen.port`,
    ],
  ],
]

describe('nixcluster serve with', () => {
  test.each(cases)('%s says so, and ends', async (_, prepare, lines) => {
    const site = createSite()
    prepare(site)
    const { lines: said, code } = await serve(site)
    const expected = lines().map((line) =>
      typeof line !== 'string' || line.startsWith('./') ? line : `nixcluster: ${line}`,
    )
    expect(said).toEqual(expected)
    expect(code).toBe(2)
    expect(leftOver(site.folder)).toBe(false)
    const state = join(site.folder, 'state')
    const written = existsSync(state) ? readdirSync(state, { recursive: true }) : []
    expect(written.filter((name) => !/^a+$/.test(`${name}`))).toEqual([])
  })
})
