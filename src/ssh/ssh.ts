import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from '../exec/run.ts'
import { shellWord } from '../exec/shell-word.ts'
import { CommandError, UnreachableError } from '../model/errors.ts'
import { asRoot, type Target } from '../model/remote.ts'
import { keyOf, knownHostsLine, sshConfig } from './ssh-config.ts'

export interface SshOptions {
  /** The program; default: `ssh` of the environment's PATH. */
  readonly ssh?: string
  readonly identityFile: string
  /** Where the machines' ssh_config files are kept; without spaces, for deploy-rs joins its options by them. */
  readonly folder: string
  /** The whole environment of ssh. */
  readonly env: Readonly<Record<string, string>>
}

export interface Ssh {
  /** Writes the ssh_config of a machine whose key is known, and gives the file. */
  configFile(target: Target): Promise<string>
  /** Options by which others, `nix copy` for instance, use the connection that is shared. */
  sharedOptions(target: Target): Promise<readonly string[]>
  /**
   * Runs a script that defines `main` as root on a machine, with these arguments; gives what it prints and the key
   * that the machine has. Throws UnreachableError, or CommandError with what the script said.
   */
  script(
    target: Target,
    text: string,
    args: readonly string[],
    options: ScriptOptions,
  ): Promise<{ readonly stdout: string; readonly hostKey: string }>
}

export interface ScriptOptions {
  readonly timeoutMs: number
  /**
   * `shared`: over a connection that the steps before an activation have in common. `new`: what is
   * seen proves that the machine can be reached now.
   */
  readonly connection: 'shared' | 'new'
}

/** The machines' door: strict about keys, and nothing is read from the user's own settings. */
export function createSsh(options: SshOptions): Ssh {
  const files = async (target: Target, checking: 'yes' | 'accept-new', knownHosts: string) => {
    const known = { knownHosts, jumpHosts: join(options.folder, jumpHosts) }
    const text = sshConfig(target, { identity: options.identityFile, ...known }, checking)
    const file = join(options.folder, `${target.name}-${digest(text)}.ssh_config`)
    await replace(file, text)
    return file
  }

  const configFile = async (target: Target): Promise<string> => {
    const known = knownHostsLine(target)
    if (known === '')
      throw new UnreachableError(`${target.name}: no host key is known, it was never contacted`)
    await mkdir(options.folder, { recursive: true })
    const knownHosts = join(options.folder, `${target.name}-${digest(known)}.known_hosts`)
    await replace(knownHosts, known)
    return files(target, 'yes', knownHosts)
  }

  const execute = async (
    target: Target,
    config: string,
    input: string,
    { timeoutMs, connection }: ScriptOptions,
  ): Promise<string> => {
    // Arguments travel on standard input too: no shell reads them on the way, no list of processes shows them.
    const shell = `exec ${asRoot(target)}sh -s`
    try {
      const result = await run(
        options.ssh ?? 'ssh',
        [...sharing(config, connection), '-F', config, target.name, shell],
        {
          env: options.env,
          input,
          timeoutMs,
        },
      )
      return result.stdout
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      throw unreachable(target, error) ?? scriptFailed(target, error)
    }
  }

  return {
    configFile,
    async sharedOptions(target) {
      const config = await configFile(target)
      return [...sharing(config, 'shared'), '-F', config]
    },
    async script(target, text, args, how) {
      // Nothing runs unless the last line has arrived: a connection may be cut in the middle of a script.
      const input = `${text}\nmain ${args.map(shellWord).join(' ')} </dev/null\n`
      if (target.hostKey !== undefined) {
        const stdout = await execute(target, await configFile(target), input, how)
        return { stdout, hostKey: target.hostKey }
      }
      await mkdir(options.folder, { recursive: true })
      const knownHosts = join(options.folder, `${target.name}-${crypto.randomUUID()}.first_contact`)
      const config = await files(target, 'accept-new', knownHosts)
      try {
        const stdout = await execute(target, config, input, { ...how, connection: 'new' })
        return { stdout, hostKey: keyOf(await readFile(knownHosts, 'utf8')) ?? '' }
      } finally {
        await Promise.all([knownHosts, config].map((file) => rm(file, { force: true })))
      }
    },
  }
}

/** Has the keys of jump hosts, as they were seen at the first contact. */
const jumpHosts = 'jump_hosts'

/** What a socket's address holds on every system, less what ssh adds while it makes one. */
const longestSocketPath = 103 - 17

/** A config's name is its content's, so its connections are to one machine under one key. */
function sharing(config: string, connection: ScriptOptions['connection']): readonly string[] {
  const socket = join(dirname(config), `${digest(config)}.s`)
  if (connection === 'new' || Buffer.byteLength(socket) > longestSocketPath) return []
  const options = [
    ...['ControlMaster=auto', `ControlPath=${socket}`, 'ControlPersist=5'],
    // Whoever finds a connection that has died waits for this long, and no longer.
    ...['ServerAliveInterval=3', 'ServerAliveCountMax=2'],
  ]
  return options.flatMap((option) => ['-o', option])
}

/** What ssh said about why there was no connection, or undefined when the script itself failed. */
function unreachable(target: Target, error: CommandError): UnreachableError | undefined {
  if (error.timedOut)
    return new UnreachableError(`${target.name} does not answer`, { cause: error })
  if (error.exitCode !== 255) return undefined
  const said = error.stderr.trim().split('\n').at(-1) ?? ''
  const hasAnotherKey = /verification failed|IDENTIFICATION HAS CHANGED/i.test(error.stderr)
  const isJump = hasAnotherKey && error.stderr.includes(`/${jumpHosts}:`)
  const isStranger = hasAnotherKey && !isJump
  const why = isJump
    ? `the host in front of it has another key than in ${jumpHosts}`
    : isStranger
      ? 'its host key is not the known one'
      : said.replace(/^ssh: /, '') || 'the connection was lost'
  return new UnreachableError(`${target.name} cannot be reached: ${why}`, {
    cause: error,
    isStranger,
  })
}

const scriptFailed = (target: Target, error: CommandError): CommandError =>
  new CommandError(`${target.name}: ${error.stderr.trim() || error.message}`, error, {
    cause: error,
  })

/** Files are named after their content, so one that is there is whole and right. */
async function replace(file: string, text: string): Promise<void> {
  const part = `${file}.${crypto.randomUUID()}`
  await writeFile(part, text, { mode: 0o600 })
  await rename(part, file)
}

const digest = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 12)
