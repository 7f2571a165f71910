import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync } from 'node:fs'
import { openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createFleet, type Fleet } from '../../lab/fleet.ts'
import { labInputs } from '../../lab/inputs.ts'
import { startLab, type Lab } from '../../lab/machines.ts'
import { freePort } from '../../lab/port.ts'
import { ensureTools } from '../../scripts/setup.ts'
import type { Role } from '../../src/model/role.ts'
import { startGitOverHttp } from '../git/over-http.ts'
import { startGithub, type GithubStandIn } from '../github/server.ts'
import { eventually } from '../e2e/site.ts'

export const project = 'example/fleet'
const checkout = resolve(import.meta.dirname, '../..')

/** www-data, backup and list, which every Debian has; each stands for the one that an administrator makes for a role. */
export const accounts = {
  webhook: { uid: 33, gid: 33 },
  plan: { uid: 34, gid: 34 },
  deploy: { uid: 38, gid: 38 },
} as const satisfies Readonly<Record<Role, Account>>

interface Account {
  readonly uid: number
  readonly gid: number
}

/** Secrets by the settings that name their files: what each role is started with, and nothing else. */
const filesOf = {
  webhook: { secretFile: 'secret' },
  plan: { tokenFile: 'planToken' },
  deploy: { secretFile: 'secret', tokenFile: 'deployToken', identityFile: 'machinesKey' },
} as const satisfies Readonly<Record<Role, Readonly<Record<string, keyof Secrets>>>>

interface Secrets {
  readonly secret: string
  readonly redis: string
  readonly planToken: string
  readonly deployToken: string
  readonly machinesKey: string
}

/** One process of a role. */
export interface RoleProcess {
  readonly role: Role
  readonly url: string
  /** Has its settings, its secrets and its state. */
  readonly folder: string
  readonly pid: number
  log(): string
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** A machine, a repository at a forge, one Redis and one Nix daemon; no controller yet. */
export interface RolesSite {
  readonly lab: Lab
  readonly fleet: Fleet
  readonly github: GithubStandIn
  /** Who was not let in to git, and for what: `plan git-receive-pack`. */
  readonly refused: readonly string[]
  readonly secrets: Secrets
  /** Starts a process of a role under its own account, and waits until it is ready. */
  start(role: Role): Promise<RoleProcess>
  /** Runs a program as the account of a role; its exit code. */
  runAs(role: Role, ...words: string[]): number
  /** The command line of a person who has the repository's secret. */
  nixcluster(webhook: RoleProcess, ...words: string[]): Promise<string>
  story(): string
  stop(): Promise<void>
}

export async function startRolesSite(): Promise<RolesSite> {
  const tools = await ensureTools()
  const lab = await startLab({ machines: ['web1'] })
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-roles-'))
  chmodSync(folder, 0o755)
  const secrets: Secrets = {
    secret: randomUUID(),
    redis: randomUUID(),
    planToken: 'ghp_plan',
    deployToken: 'ghp_deploy',
    machinesKey: readFileSync(lab.identityFile, 'utf8'),
  }
  const { planToken, deployToken: token } = secrets
  const github = await startGithub({
    ...{ project, token, login: 'fleet-deploy' },
    others: { [planToken]: 'fleet-plan' },
  })
  const inputs = await labInputs(tools)
  const template = join(checkout, 'test/fixtures/one-machine')
  const fleet = await createFleet(lab, {
    ...{ template, inputs, port: 0 },
    github: { project, apiUrl: github.url, token },
  })
  const refused: string[] = []
  const gitServer = await startGitOverHttp({
    root: lab.folder,
    opens({ authorization, service }) {
      const [, basic = ''] = authorization.split(' ')
      const [, given] = Buffer.from(basic, 'base64').toString().split(':')
      const who = given === token ? 'deploy' : given === planToken ? 'plan' : 'nobody'
      const may = who === 'deploy' || (who === 'plan' && service === 'git-upload-pack')
      if (!may) refused.push(`${who} ${service}`)
      return may
    },
  })
  const redisPort = await freePort()
  const socket = join(folder, 'nix.socket')
  const environment = { ...lab.environment, ...tools.environment, PATH: tools.path }
  const redis = spawn(
    tools.redisServer,
    [...`--port ${redisPort} --bind 127.0.0.1 --appendonly no --save`.split(' '), ''],
    { env: environment, stdio: ['pipe', 'ignore', 'ignore'], cwd: folder },
  )
  const daemon = spawn(join(tools.cache, 'bin/nix-daemon'), [], {
    env: { ...environment, NIX_DAEMON_SOCKET_PATH: socket },
    stdio: 'ignore',
  })
  const cli = join(checkout, 'bin/nixcluster')
  const redisCli = (...words: string[]): string =>
    execFileSync('redis-cli', ['-p', String(redisPort), ...words], {
      ...{ env: environment, encoding: 'utf8', stdio: 'pipe' },
    })
  await eventually(
    async () => redisCli('config', 'set', 'requirepass', secrets.redis),
    (said) => said.includes('OK'),
  )
  const processes: (RoleProcess & { readonly child: ChildProcess })[] = []

  async function start(role: Role): Promise<RoleProcess> {
    const port = await freePort()
    const home = join(folder, `${role}-${processes.length + 1}`)
    const { uid, gid } = accounts[role]
    const own = (path: string): void => chownSync(path, uid, gid)
    for (const made of [home, join(home, 'state'), join(home, 'home')]) {
      mkdirSync(made, { mode: 0o700 })
      own(made)
    }
    const write = (name: string, text: string): string => {
      const file = join(home, name)
      writeFileSync(file, text, { mode: 0o400 })
      own(file)
      return file
    }
    const files: Readonly<Record<string, keyof Secrets>> = filesOf[role]
    for (const name of Object.values(files)) write(name, secrets[name])
    write('redis', secrets.redis)
    const settings = write('controller.yaml', settingsOf(role, port, home))
    const logFile = join(home, 'log')
    const env =
      role === 'webhook'
        ? { HOME: join(home, 'home'), PATH: '/var/empty' }
        : { ...environment, HOME: join(home, 'home'), NIX_REMOTE: `unix://${socket}` }
    const child = spawn(
      'unshare',
      asAccount(accounts[role], [cli, 'serve', '--role', role, '--config', settings], env),
      { stdio: ['ignore', 'ignore', openSync(logFile, 'a')], cwd: home },
    )
    const ended = once(child, 'exit')
    const log = (): string => readFileSync(logFile, 'utf8')
    const url = `http://127.0.0.1:${port}`
    const started = {
      ...{ role, url, folder: home, pid: child.pid!, child, log },
      async end(signal: 'SIGTERM' | 'SIGKILL') {
        child.kill(signal)
        await ended
      },
    }
    processes.push(started)
    await eventually(
      async () => (await fetch(`${url}/readyz`)).ok || child.exitCode !== null,
      (isReady) => isReady,
      20_000,
    ).catch((cause: unknown) => {
      throw new Error(`${role} is not ready: ${log()}`, { cause })
    })
    if (child.exitCode !== null) throw new Error(`${role} ended: ${log()}`)
    return started
  }

  const settingsOf = (role: Role, port: number, home: string): string => `
listen: { port: ${port} }
stateDir: ${join(home, 'state')}
redis: { url: "redis://127.0.0.1:${redisPort}", passwordFile: redis }
${role === 'deploy' ? 'ssh: { identityFile: machinesKey }' : ''}
poll: 2s
log: { level: debug }
repositories:
  - name: fleet
    forge: github
    project: ${project}
    url: ${gitServer.url}/fleet.git
    branch: main
    apiUrl: ${github.url}
    secretFile: secret
    tokenFile: ${role === 'plan' ? 'planToken' : 'deployToken'}
    planAccount: fleet-plan
`

  return {
    ...{ lab, fleet, github, refused, secrets, start },
    runAs(role, ...words) {
      return exitCodeOf(asAccount(accounts[role], words, { PATH: '/usr/bin:/bin' }))
    },
    async nixcluster(webhook, ...words) {
      const secretFile = join(folder, 'persons.secret')
      writeFileSync(secretFile, secrets.secret, { mode: 0o600 })
      const address = ['--url', webhook.url, '--repository', 'fleet', '--secret-file', secretFile]
      const child = spawn(cli, [...words, ...address], { env: environment })
      let said = ''
      for (const output of [child.stdout, child.stderr]) output.on('data', (text) => (said += text))
      await once(child, 'close')
      return said
    },
    story: () =>
      processes.map((one) => `${one.role} ${one.pid}\n${one.log().slice(-8000)}`).join('\n'),
    async stop() {
      for (const { child } of processes) if (child.exitCode === null) child.kill('SIGKILL')
      redis.kill()
      daemon.kill()
      await gitServer.close()
      await github.close()
      await fleet.end()
      await lab.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const exitCodeOf = (args: readonly string[]): number => {
  try {
    execFileSync('unshare', args, { stdio: 'ignore' })
    return 0
  } catch (error) {
    return (error as { status: number }).status
  }
}

/**
 * Arguments of `unshare` that run a program as an account, with no right that root has. Where the tools lie
 * in root's home, which is closed to others, the program sees a home with nothing else in it.
 */
function asAccount(
  { uid, gid }: Account,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): string[] {
  const home = homedir()
  const opened = [process.env['NIXCLUSTER_CACHE'] ?? join(home, '.cache/nixcluster'), checkout]
  const inside = opened.filter((path) => path.startsWith(`${home}/`))
  const open = inside.flatMap((path, index) => [
    `mkdir -p /run/nixcluster-test/${index} && mount --bind '${path}' /run/nixcluster-test/${index}`,
  ])
  const show = inside.flatMap((path, index) => [
    `mkdir -p '${path}' && mount --move /run/nixcluster-test/${index} '${path}'`,
  ])
  const script = [
    ...(inside.length === 0
      ? []
      : [
          'mkdir -p /run/nixcluster-test',
          'mount -t tmpfs tmpfs /run/nixcluster-test',
          ...open,
          `mount -t tmpfs -o mode=0755 tmpfs '${home}'`,
          ...show,
        ]),
    `exec setpriv --reuid=${uid} --regid=${gid} --clear-groups --no-new-privs -- env -i "$@"`,
  ].join(' && ')
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const quiet = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh']
  return [...quiet, ...variables, ...words]
}
