import { closeSync, existsSync, openSync } from 'node:fs'
import { execa } from 'execa'
import { CommandError } from '../model/errors.ts'
import { killAll, memoryOf, sendToGroup } from './process-group.ts'

export interface RunOptions {
  /** `/` where nothing is said of it: the folder that we are in may be closed to our user. */
  readonly cwd?: string
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly input?: string
  readonly timeoutMs?: number
  /** How long it may clean up after `timeoutMs` before it is killed, milliseconds; default not at all. */
  readonly graceMs?: number
  /** What it and all that it starts may hold in memory together; on Linux only. */
  readonly memoryBytes?: number
  /** How much it may say, in characters; 256 million where nothing is said of it. */
  readonly maxOutput?: number
  /** How its bytes become characters; UTF-8 where nothing is said of it. */
  readonly encoding?: 'latin1'
  /** Called with what has been said on standard error since the last call, while it runs. */
  readonly onStderr?: (text: string) => void
  /** Ends it and all that came of it. */
  readonly signal?: AbortSignal
  /** File that takes stdout and stderr instead of a pipe, which could die before its reader (R14). */
  readonly outputFile?: string
  /** Exit codes that are answers, not errors; default 0. */
  readonly accept?: readonly number[]
}

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** How often memory is looked at, in milliseconds: Nix takes some hundred megabytes in that time. */
const lookMs = 200

/**
 * Runs one program in a process group of its own, without a shell; throws CommandError. Whatever ends
 * it early ends the whole group.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const fd = options.outputFile === undefined ? undefined : openSync(options.outputFile, 'a')
  // execa takes any descriptor here; its types know 1 and 2 only.
  const output = (fd ?? 'pipe') as 'pipe'
  const child = execa(command, [...args], {
    env: { ...options.env },
    extendEnv: false,
    detached: true,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: options.maxOutput ?? 256_000_000,
    ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
    cwd: options.cwd ?? '/',
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    // A descriptor of its own: execa's file option would copy through this process, which may die.
    stdout: output,
    stderr: output,
  })
  // What writes to a file may outlive us: an activation is never interrupted.
  const endsWithUs = fd === undefined && child.pid !== undefined ? child.pid : undefined
  if (endsWithUs !== undefined) endWithUs(endsWithUs)
  let limit: CommandError['limit']
  let killer: NodeJS.Timeout | undefined
  const end = (reason?: typeof limit, afterMs?: number): void => {
    limit ??= reason
    if (child.pid === undefined) return
    // The group, not the child: a grandchild would keep the pipe open.
    if (afterMs === undefined) return killAll(child.pid)
    sendToGroup(child.pid, 'SIGTERM')
    killer = setTimeout(() => end(reason), afterMs)
  }
  const { timeoutMs, graceMs, memoryBytes, onStderr, signal } = options
  const abort = (): void => end()
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(() => end('time', graceMs), timeoutMs)
  const watch =
    memoryBytes === undefined
      ? undefined
      : setInterval(() => {
          if (child.pid !== undefined && memoryOf(child.pid) > memoryBytes) end('memory')
        }, lookMs)
  if (onStderr !== undefined) child.stderr?.setEncoding('utf8').on('data', onStderr)
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted === true) abort()
  try {
    const result = await child
    if (result.isMaxBuffer) end('output')
    const stdout = typeof result.stdout === 'string' ? result.stdout : ''
    const stderr = typeof result.stderr === 'string' ? result.stderr : ''
    const accepted = options.accept ?? [0]
    if (limit === undefined && result.exitCode !== undefined && accepted.includes(result.exitCode))
      return { stdout, stderr, exitCode: result.exitCode }
    const lastWords = lastLine(stderr) || result.shortMessage || 'ended badly'
    throw new CommandError(
      `running ${command}: ${
        limit === undefined
          ? result.code === 'ENOENT'
            ? absent(options.cwd)
            : lastWords
          : exceeded(limit, options)
      }`,
      { command, exitCode: result.exitCode, signal: result.signal, limit, stderr },
      { cause: result },
    )
  } finally {
    clearTimeout(timer)
    clearTimeout(killer)
    clearInterval(watch)
    signal?.removeEventListener('abort', abort)
    if (fd !== undefined) closeSync(fd)
    if (endsWithUs !== undefined) running.delete(endsWithUs)
  }
}

/** Leaders of the groups that end when this process does. */
const running = new Set<number>()
let isWatched = false

function endWithUs(leader: number): void {
  running.add(leader)
  if (isWatched) return
  isWatched = true
  // Execa's own cleanup leaves out what is detached.
  process.on('exit', () => running.forEach(killAll))
}

function exceeded(limit: NonNullable<CommandError['limit']>, options: RunOptions): string {
  switch (limit) {
    case 'time':
      return `no end after ${options.timeoutMs} ms`
    case 'memory':
      return `it took more than ${options.memoryBytes} bytes of memory`
    case 'output':
      return 'it said more than anybody reads'
  }
}

/** The system says of a missing folder what it says of a missing program. */
const absent = (cwd: string | undefined): string =>
  cwd === undefined || existsSync(cwd)
    ? 'there is no such program'
    : `no such file or directory: ${cwd}`

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)?.trim() ?? ''
