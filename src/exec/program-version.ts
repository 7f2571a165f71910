import type { ProgramFacts } from '../model/surroundings.ts'
import { CommandError } from '../model/errors.ts'
import { findProgram } from './find-program.ts'
import { run } from './run.ts'

/** Where a program is in PATH and what it says of its version; undefined where there is none. */
export async function readVersion(
  program: string,
  flag: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ProgramFacts | undefined> {
  const path = await findProgram(program, env['PATH'] ?? '')
  if (path === undefined) return undefined
  try {
    const { stdout, stderr } = await run(path, [flag], { env, signal, maxOutput: 100_000 })
    // OpenSSH says it on the standard error.
    return { path, said: firstLine(stdout) || firstLine(stderr), runs: true }
  } catch (error) {
    if (error instanceof CommandError && !signal.aborted)
      return { path, said: firstLine(error.stderr) || error.message.split('\n')[0]!, runs: false }
    throw error
  }
}

const firstLine = (text: string): string => text.trim().split('\n')[0]?.trim() ?? ''
