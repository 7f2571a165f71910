import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from '../../lab/port.ts'
import { linked } from '../../scripts/cache.ts'
import { startGitea } from '../gitea/server.ts'
import { startGithub } from '../github/server.ts'
import { startGitOverHttp } from '../git/over-http.ts'
import { writePrograms } from './programs.ts'
import { createWriter, honest } from './repository.ts'

/** Secrets of every kind, each of them another one, with characters that other forms escape. */
export const secrets = {
  tokenWebhook: 'Webhook"of\\the/token+0123',
  appWebhook: 'Webhook"of\\the/app+0123456',
  giteaWebhook: 'Webhook"of\\the/gitea+01234',
  plainHook: 'Hook"of\\plain/git+0123456789',
  token: 'ghp_PersonalTokenPersonalToken0123456789',
  giteaToken: '0f1e2d3c4b5a69788796a5b4c3d2e1f001234567',
  installationToken: 'ghs_InstallationTokenInstallation0123456',
  redisPassword: 'Password"of Redis/+%41é\\n',
  urlPassword: 'PasswordInTheUrl0123',
  environment: 'SecretOfTheEnvironment"/+0123',
  // One that is named by the configuration, and whose content is nobody's business.
  file: 'ContentOfTheSecretFile"/+0123',
}

export const projects = { token: 'example/token', app: 'example/app', gitea: 'example/gitea' }

/** A configuration with a machine, which has a secret file. */
const configuration = {
  ...honest,
  'nixcluster.yaml': `${honest['nixcluster.yaml']}machines:
  vm0:
    interfaces: { eno1: { addresses: [127.0.0.1/24] } }
    config: { environment.etc.key.source: !path /keys/secret.txt }
`,
  'keys/secret.txt': `${secrets.file}\n`,
}

export type SecretsSite = Awaited<ReturnType<typeof startSecretsSite>>

/**
 * A controller with a repository at GitHub by token, one by App, one at Gitea, one of plain git, and one
 * that has moved to an address with a password; git over HTTP, a Redis with a password, and stand-ins
 * that record for Nix, ssh and deploy-rs.
 */
export async function startSecretsSite() {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-secrets-'))
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const sshKey = join(folder, 'machines.key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', sshKey])
  const lineOf = (key: string, line: number): string => key.split('\n')[line] ?? ''
  const all: Readonly<Record<string, string>> = {
    ...secrets,
    appKey: lineOf(keys.privateKey, 10),
    sshKey: lineOf(readFileSync(sshKey, 'utf8'), 3),
  }

  const root = join(folder, 'git')
  mkdirSync(root)
  const open = (name: string) => {
    const remote = join(root, `${name}.git`)
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote])
    const writer = createWriter(remote)
    const main = writer.commit(writer.files(configuration))
    writer.ref('refs/heads/main', main)
    return { remote, writer, main }
  }
  const repositories = {
    token: open('token'),
    app: open('app'),
    gitea: open('gitea'),
    plain: open('plain'),
  }
  /** A proposal of somebody who may push: another address, so that the machine changes. */
  const propose = (name: keyof typeof repositories, ref: string, text = '127.0.0.2'): string => {
    const { writer, main } = repositories[name]
    const yaml = configuration['nixcluster.yaml'].replace('127.0.0.1', text)
    const head = writer.commit(writer.files({ ...configuration, 'nixcluster.yaml': yaml }), main)
    writer.ref(ref, head)
    return head
  }

  const basic = (token: string): string =>
    `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
  const opened = new Set<string>()
  const over = await startGitOverHttp({
    root,
    opens({ repository, authorization }) {
      const wanted: Readonly<Record<string, string>> = {
        'token.git': secrets.token,
        'app.git': secrets.installationToken,
        'gitea.git': secrets.giteaToken,
      }
      const isTheirs = authorization === basic(wanted[repository] ?? '')
      if (isTheirs) opened.add(repository)
      return isTheirs
    },
    // git names it in its complaint, password and all.
    moved: { 'moved.git': (host) => `http://me:${secrets.urlPassword}@${host}/elsewhere` },
  })
  const github = await startGithub({
    ...{ project: projects.token, token: secrets.token, login: 'fleet-bot' },
  })
  const app = {
    ...{ id: 123_456, slug: 'fleet-app', installation: 654_321, publicKey: keys.publicKey },
    tokenOf: () => secrets.installationToken,
  }
  const githubOfApp = await startGithub({
    ...{ project: projects.app, token: 'ghp_nobodys', login: 'nobody', app },
  })
  const gitea = await startGitea({
    ...{ project: projects.gitea, token: secrets.giteaToken, login: 'fleet-bot' },
  })

  const redisPort = await freePort()
  const redisServer = spawn(
    linked('redis-server') ?? 'redis-server',
    // What is compressed could not be searched.
    ['--port', String(redisPort), '--save', '', '--rdbcompression', 'no', '--dir', folder],
    { stdio: 'ignore' },
  )
  const connect = (more: { readonly password?: string } = {}): Redis => {
    const patience = { retryStrategy: () => 50, maxRetriesPerRequest: null }
    return new Redis({ port: redisPort, ...patience, ...more }).on('error', () => {})
  }
  const door = connect()
  await door.config('SET', 'requirepass', secrets.redisPassword)
  door.disconnect()
  const redis = connect({ password: secrets.redisPassword })
  const monitored: string[] = []
  const monitor = await redis.monitor()
  monitor.on('monitor', (_: string, args: readonly string[]) => monitored.push(args.join(' ')))

  const programs = writePrograms(
    folder,
    ['nix', 'nix-store', 'ssh', 'deploy'],
    `error: unable to download https://me:${secrets.urlPassword}@cache.example.com/x: 401`,
  )
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const hookSecretFile = write('plain.secret', secrets.plainHook)
  const config = write(
    'controller.yaml',
    JSON.stringify({
      listen: { port },
      stateDir: 'state',
      poll: 3600,
      log: { level: 'debug' },
      publicUrl: 'http://nixcluster.example.com',
      ssh: { identityFile: sshKey },
      redis: {
        url: `redis://127.0.0.1:${redisPort}/0`,
        passwordFile: write('redis.password', secrets.redisPassword),
      },
      repositories: [
        {
          ...{ name: 'token', forge: 'github', url: `${over.url}/token.git` },
          ...{ project: projects.token, apiUrl: github.url },
          secretFile: write('token.secret', secrets.tokenWebhook),
          tokenFile: write('token.token', secrets.token),
        },
        {
          ...{ name: 'app', forge: 'github', url: `${over.url}/app.git` },
          ...{ project: projects.app, apiUrl: githubOfApp.url },
          secretFile: write('app.secret', secrets.appWebhook),
          app: { id: app.id, privateKeyFile: write('app.pem', keys.privateKey) },
        },
        {
          ...{ name: 'gitea', forge: 'gitea', url: `${over.url}/gitea.git` },
          ...{ project: projects.gitea, apiUrl: gitea.apiUrl },
          secretFile: write('gitea.secret', secrets.giteaWebhook),
          tokenFile: write('gitea.token', secrets.giteaToken),
        },
        { name: 'plain', url: repositories.plain.remote, secretFile: hookSecretFile },
        { name: 'moved', url: `${over.url}/moved.git`, secretFile: hookSecretFile },
      ],
    }),
  )

  const environment = {
    PATH: `${programs.bin}:${process.env['PATH']!}`,
    HOME: folder,
    GITHUB_TOKEN: secrets.environment,
    SSH_AUTH_SOCK: `/run/${secrets.environment}`,
    AWS_SECRET_ACCESS_KEY: secrets.environment,
    NODE_NO_WARNINGS: '1',
  }
  const program = (...args: readonly string[]) => ['src/main.ts', ...args]
  const logs: Record<string, string> = {}
  let controller: ChildProcess | undefined

  async function serve(format: 'json' | 'pretty'): Promise<void> {
    const child = spawn(process.execPath, program('serve', '--config', config), {
      env: { ...environment, NIXCLUSTER_LOG_FORMAT: format },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    controller = child
    logs[format] = ''
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (logs[format] += text))
    await until('the controller is ready', async () => {
      if (child.exitCode !== null) throw new Error(logs[format])
      return (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true
    })
  }

  async function end(): Promise<void> {
    const child = controller
    controller = undefined
    child?.kill('SIGTERM')
    await until('the controller has ended', async () => (child?.exitCode ?? 0) !== null)
  }

  /** Runs our own program as a person or git's hook does; gives all that it says. */
  function run(args: readonly string[], input = ''): Promise<string> {
    const child = spawn(process.execPath, program(...args), { env: environment })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.stdin.end(input)
    return new Promise((resolve) => child.on('close', () => resolve(said)))
  }

  const said: string[] = []
  const atController = ['--url', url, '--repository', 'plain', '--secret-file', hookSecretFile]
  const git = (remote: string, args: readonly string[]): Buffer =>
    execFileSync('git', args, { cwd: remote, maxBuffer: 1 << 28 })

  return {
    ...{ folder, url, all, repositories, propose, github, githubOfApp, gitea, redis, logs, opened },
    ...{ programs, serve, end, said },
    command: async (...args: readonly string[]) =>
      void said.push(await run([...args, ...atController])),
    hook: async (commit: string, ref: string, limit: string) =>
      void said.push(
        await run(
          ['hook', 'post-receive', ...atController, '--limit', limit],
          `${'0'.repeat(40)} ${commit} ${ref}\n`,
        ),
      ),

    /** Everything that anything of it was written to, by place; what git had to be given is left out. */
    async written(): Promise<Readonly<Record<string, string | Buffer>>> {
      const page = async (path: string): Promise<string> => (await fetch(url + path)).text()
      const keysThere = await redis.keys('*')
      const dumps = await Promise.all(keysThere.map((key) => redis.dumpBuffer(key)))
      const files = filesBelow(join(folder, 'state'))
      return {
        ...Object.fromEntries(Object.entries(logs).map(([name, text]) => [`log, ${name}`, text])),
        'metrics, readiness': (await page('/metrics')) + (await page('/readyz')),
        'what the command line and the hook said': said.join('\n'),
        'the forges': JSON.stringify(
          [github, githubOfApp, gitea].map(({ comments, statuses, requests }) => [
            ...comments.map(({ body }) => body),
            ...statuses,
            ...requests,
          ]),
        ),
        'check runs, deployments': JSON.stringify([
          ...[github.checkRuns, github.deployments],
          ...[githubOfApp.checkRuns, githubOfApp.deployments],
        ]),
        'the state folder': Buffer.concat(files.map(contentOf)),
        'names in the state folder': files.join('\n'),
        'Redis, all keys': Buffer.concat([
          Buffer.from(keysThere.join('\n')),
          ...dumps.flatMap((dump) => dump ?? []),
        ]),
        'Redis, all commands': monitored.join('\n'),
        ...Object.fromEntries(
          Object.entries(repositories).map(([name, { remote }]) => [
            `repository ${name}`,
            git(remote, ['cat-file', '--batch-all-objects', '--batch']),
          ]),
        ),
        ...Object.fromEntries(
          ['nix', 'nix-store', 'ssh', 'deploy'].map((name) => [
            `calls of ${name}`,
            programs.calls(name).join(''),
          ]),
        ),
        'calls of git': programs.calls('git').map(withoutAuthorization).join(''),
      }
    },
    async stop() {
      await end()
      monitor.disconnect()
      redis.disconnect()
      redisServer.kill('SIGTERM')
      await Promise.all([over, github, githubOfApp, gitea].map((one) => one.close()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What git needs to be let in by the remote, where it speaks to that. */
const withoutAuthorization = (call: string): string =>
  /^== (?:.* )?(?:fetch|ls-remote|push)(?: |$)/.test(call.split('\n')[0]!)
    ? call.replaceAll(/^(GIT_CONFIG_VALUE_\d+=Authorization: ).*$/gm, '$1')
    : call

const filesBelow = (top: string): readonly string[] =>
  existsSync(top)
    ? readdirSync(top, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : []

/** Of a file that is gone by now, nothing. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}

/** Waits until something holds; throws its name when it does not for a minute. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (await holds()) return
    await sleep(50)
  }
  throw new Error(`waited in vain: ${what}`)
}
