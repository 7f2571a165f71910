import { execFile } from 'node:child_process'
import { CommandError } from '../model/errors.ts'

/** The whole environment, the folder, and what the program reads. */
export interface AskOptions {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly input?: string
}

/** A listing of every file that there is, and their texts. */
const longestAnswer = 2 ** 30

/**
 * What a program prints that only reads and ends by itself; throws CommandError. It is there for
 * commands that somebody waits for: what `run` takes to guard a process takes longer to load than git
 * takes to answer.
 */
export function ask(
  command: string,
  args: readonly string[],
  { env, cwd, input }: AskOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...env }, cwd, encoding: 'buffer', maxBuffer: longestAnswer } as const
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      const said = stderr.toString()
      const exitCode = typeof error.code === 'number' ? error.code : undefined
      const words = said.trim() || error.message
      const details = { command, exitCode, signal: error.signal, stderr: said }
      reject(new CommandError(`running ${command}: ${words}`, details, { cause: error }))
    })
    // A program that ended early is told of by its exit code.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}
