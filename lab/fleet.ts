import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Lab } from './machines.ts'

/** Above `lab` in a checkout, above `dist/lab` in the package. */
const root = ['..', '../..']
  .map((path) => join(import.meta.dirname, path))
  .find((folder) => existsSync(join(folder, 'bin/nixcluster')))!

/** A fleet in a bare repository, a clone to work in, and a controller that looks after it. */
export interface Fleet {
  /** The bare repository. */
  readonly remote: string
  readonly clone: string
  readonly stateDir: string
  readonly url: string
  /** Signs webhooks, hooks and commands. */
  readonly secret: string
  readonly environment: Record<string, string>
  /** Runs git in the clone; its output is stdout and stderr as they come. */
  git(...args: string[]): Promise<string>
  /** Pushes a branch and yields what its pusher sees, line by line as it comes. */
  push(branch: string): AsyncIterable<string>
  /** Runs our own program in the clone; never throws for an exit code. */
  nixcluster(...args: string[]): Promise<{ output: string; exitCode: number }>
  /** Runs it and yields its output, line by line as it comes; throws for an exit code. */
  lines(...args: string[]): AsyncIterable<string>
  /** Replaces text in a file of the clone; throws where it is not there. */
  edit(file: string, from: string | RegExp, to: string): Promise<void>
  /** Starts the controller and waits until it is ready. */
  serve(): Promise<void>
  /** Tells it to end, and does not wait. */
  signal(signal: 'SIGTERM'): void
  /** Ends it with a signal and waits for its end; gives its exit code, if it has one. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | undefined>
  /** What the controller has written so far. */
  log(): Promise<string>
}

export interface FleetOptions {
  /** Template folder; `__name__` in its files is replaced. */
  readonly template: string
  readonly inputs: { readonly nixpkgs: string; readonly deployRs: string }
  readonly port: number
  /** Seconds. */
  readonly poll?: number
  /** A GitHub in front of the repository; without it there is no forge but the repository's hook. */
  readonly github?: { readonly project: string; readonly apiUrl: string; readonly token: string }
}

/** Makes the repository, its hook, the clone and the controller's settings; starts nothing. */
export async function createFleet(lab: Lab, options: FleetOptions): Promise<Fleet> {
  const [remote, clone, stateDir, settings] = ['fleet.git', 'fleet', 'state', 'settings'].map(
    (name) => join(lab.folder, name),
  ) as [string, string, string, string]
  const url = `http://127.0.0.1:${options.port}`
  const home = join(lab.folder, 'home')
  const environment = {
    ...lab.environment,
    HOME: home,
    PATH: `${join(root, 'bin')}:${lab.environment['PATH']}`,
    LANG: 'C.UTF-8',
  }
  for (const folder of [home, settings, clone]) await mkdir(folder, { recursive: true })
  await writeFile(join(home, '.gitconfig'), gitConfig)
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote])
  await run('git', ['init', '--quiet', '--initial-branch=main', clone])
  await copyTemplate(options.template, clone, placesOf(lab, options))
  await git('remote', 'add', 'origin', remote)

  const secretFile = join(settings, 'hook-secret')
  const secret = crypto.randomUUID()
  await writeFile(secretFile, secret, { mode: 0o600 })
  const { github } = options
  const tokenFile = join(settings, 'token')
  if (github !== undefined) await writeFile(tokenFile, github.token, { mode: 0o600 })
  const configFile = join(settings, 'controller.yaml')
  await writeFile(
    configFile,
    [
      `listen: { host: 127.0.0.1, port: ${options.port} }`,
      `stateDir: ${stateDir}`,
      `ssh: { identityFile: ${lab.identityFile} }`,
      `poll: ${options.poll ?? 60}s`,
      'repositories:',
      `  - name: fleet`,
      `    url: ${remote}`,
      `    secretFile: ${secretFile}`,
      ...(github === undefined
        ? [`    forge: git`]
        : [
            `    forge: github`,
            `    project: ${github.project}`,
            `    apiUrl: ${github.apiUrl}`,
            `    tokenFile: ${tokenFile}`,
          ]),
      '',
    ].join('\n'),
  )
  if (github === undefined) {
    await run(join(root, 'bin/nixcluster'), [
      ...['hook', 'install', remote, '--url', url, '--repository', 'fleet'],
      ...['--secret-file', secretFile],
    ])
  }
  const logFile = join(lab.folder, 'controller.log')
  let controller: ReturnType<typeof start> | undefined

  function start() {
    return execa(join(root, 'bin/nixcluster'), ['serve', '--config', configFile], {
      cwd: lab.folder,
      env: environment,
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: { file: logFile, append: true },
      // An activation is waited for.
      forceKillAfterDelay: false,
    })
  }

  function program(args: readonly string[], reject: boolean) {
    const asksController = ['deploy', 'retry', 'pause', 'resume', 'status', 'plan'].includes(
      args[0] ?? '',
    )
    const client = ['--url', url, '--repository', 'fleet', '--secret-file', secretFile]
    return execa(join(root, 'bin/nixcluster'), [...args, ...(asksController ? client : [])], {
      cwd: clone,
      env: environment,
      extendEnv: false,
      all: true,
      reject,
      stdin: 'ignore',
    })
  }

  async function run(command: string, args: readonly string[], cwd = lab.folder) {
    const result = await execa(command, [...args], {
      cwd,
      env: environment,
      extendEnv: false,
      all: true,
      stdin: 'ignore',
    })
    return result.all
  }

  async function git(...args: string[]): Promise<string> {
    return run('git', args, clone)
  }

  return {
    remote,
    clone,
    stateDir,
    url,
    secret,
    environment,
    git,
    push: (branch) =>
      execa('git', ['push', '--quiet', 'origin', branch], {
        cwd: clone,
        env: environment,
        extendEnv: false,
        all: true,
        stdin: 'ignore',
      }).iterable({ from: 'all' }),
    async nixcluster(...args) {
      const result = await program(args, false)
      return { output: result.all, exitCode: result.exitCode ?? 1 }
    },
    lines: (...args) => program(args, true).iterable({ from: 'all' }),
    async edit(file, from, to) {
      const text = await readFile(join(clone, file), 'utf8')
      const edited = text.replace(from, to)
      if (edited === text) throw new Error(`${file} has no ${from}`)
      await writeFile(join(clone, file), edited)
    },
    async serve() {
      controller = start()
      await ready(url, logFile)
    },
    signal: (signal) => void controller?.kill(signal),
    async end(signal = 'SIGTERM') {
      controller?.kill(signal)
      const result = await controller
      controller = undefined
      return result?.exitCode
    },
    log: () => readFile(logFile, 'utf8').catch(() => ''),
  }
}

const gitConfig = `[user]
  name = Demo
  email = demo@example.com
[advice]
  detachedHead = false
`

const placesOf = (lab: Lab, { inputs }: FleetOptions): Record<string, string> => ({
  nixpkgs: inputs.nixpkgs,
  'deploy-rs': inputs.deployRs,
  gateway: lab.gateway,
  ...Object.fromEntries(
    Object.values(lab.machines).flatMap(({ name, address, hostKey }) => [
      [name, address],
      [`${name}-key`, hostKey],
    ]),
  ),
})

async function copyTemplate(from: string, to: string, places: Record<string, string>) {
  await cp(from, to, { recursive: true })
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const text = await readFile(file, 'utf8')
    await writeFile(
      file,
      text.replaceAll(/__([\w-]+?)__/g, (whole, name: string) => places[name] ?? whole),
    )
  }
}

async function ready(url: string, logFile: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const log = await readFile(logFile, 'utf8').catch(() => '')
  throw new Error(`the controller is not ready after 10 s:\n${log.slice(-2000)}`)
}
