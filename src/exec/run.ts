import { closeSync, existsSync, openSync } from 'node:fs'
import { execa } from 'execa'
import { CommandError } from '../model/errors.ts'

export interface RunOptions {
  readonly cwd?: string
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly input?: string
  readonly timeoutMs?: number
  /** How long it may clean up after `timeoutMs` before it is killed, milliseconds; default not at all. */
  readonly graceMs?: number
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

/** Runs one program in a process group of its own, without a shell; throws CommandError. */
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
    // What writes to a file may outlive us: an activation is never interrupted.
    cleanup: fd === undefined,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 256 * 1024 * 1024,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    // A descriptor of its own: execa's file option would copy through this process, which may die.
    stdout: output,
    stderr: output,
  })
  let timedOut = false
  const killGroup = (signal: 'SIGTERM' | 'SIGKILL'): void => {
    // The group, not the child: a grandchild would keep the pipe open.
    if (child.pid !== undefined) {
      try {
        process.kill(-child.pid, signal)
      } catch {
        // Already gone.
      }
    }
  }
  let killer: NodeJS.Timeout | undefined
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true
          killGroup(options.graceMs === undefined ? 'SIGKILL' : 'SIGTERM')
          killer = setTimeout(() => killGroup('SIGKILL'), options.graceMs ?? 0)
        }, options.timeoutMs)
  try {
    const result = await child
    const stdout = typeof result.stdout === 'string' ? result.stdout : ''
    const stderr = typeof result.stderr === 'string' ? result.stderr : ''
    const accepted = options.accept ?? [0]
    if (result.exitCode !== undefined && accepted.includes(result.exitCode)) {
      return { stdout, stderr, exitCode: result.exitCode }
    }
    const lastWords = lastLine(stderr) || result.shortMessage || 'ended badly'
    throw new CommandError(
      timedOut
        ? `running ${command}: no end after ${options.timeoutMs} ms`
        : `running ${command}: ${result.code === 'ENOENT' ? absent(options.cwd) : lastWords}`,
      { command, exitCode: result.exitCode, signal: result.signal, timedOut, stderr },
      { cause: result },
    )
  } finally {
    clearTimeout(timer)
    clearTimeout(killer)
    if (fd !== undefined) closeSync(fd)
  }
}

/** The system says of a missing folder what it says of a missing program. */
const absent = (cwd: string | undefined): string =>
  cwd === undefined || existsSync(cwd)
    ? 'there is no such program'
    : `no such file or directory: ${cwd}`

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)?.trim() ?? ''
