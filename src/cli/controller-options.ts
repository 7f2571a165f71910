import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { RefusedError, type ControllerAddress } from './client.ts'
import type { CliContext } from './context.ts'
import { couldNotRun } from './output.ts'

export interface ControllerOptions {
  readonly url: string
  readonly repository: string
  readonly secretFile: string
}

/** Adds the options by which a command finds its controller. */
export function withController(command: Command): Command {
  return command
    .requiredOption('--repository <name>', "the repository's name at the controller")
    .requiredOption('--secret-file <file>', 'file with the secret that the controller shares')
    .option('--url <url>', 'where the controller listens', 'http://127.0.0.1:8080')
}

/** Reads the secret; throws where the file cannot be read. */
export const addressOf = (
  { url, secretFile }: ControllerOptions,
  { cwd }: CliContext,
): ControllerAddress => ({ url, secret: readFileSync(resolve(cwd, secretFile), 'utf8').trim() })

/** One line for a controller that is away or says no. */
export function controllerFailed(context: CliContext, url: string, error: unknown): void {
  if (error instanceof RefusedError) {
    return couldNotRun(context, new Error(`the controller refuses: ${error.message}`))
  }
  const isAway = error instanceof TypeError || (error as Error).name === 'TimeoutError'
  const away = `no controller answers at ${url}; is nixcluster serve running there?`
  couldNotRun(context, isAway ? new Error(away, { cause: error }) : error)
}
