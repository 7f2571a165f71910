import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../exec/run.ts'
import { redactText } from '../log/redact.ts'
import { CommandError, UnreachableError } from '../model/errors.ts'
import type { Deployer, Target } from '../model/remote.ts'
import { tellingLines } from './outcome.ts'
import { flakeTarget, tinyFlake } from './tiny-flake.ts'

export interface DeployRsOptions {
  /** deploy-rs' program; default: `deploy` of the environment's PATH. */
  readonly deploy?: string
  readonly nix?: string
  /** One folder for each run below it: flake, log, HOME; without spaces. */
  readonly folder: string
  /** The whole environment: PATH with nix and ssh, and what turns flakes on. */
  readonly env: Readonly<Record<string, string>>
  /** The ssh_config of a machine. */
  readonly sshConfig: (target: Target) => Promise<string>
  /** Options of ssh for copying, which need not prove anything; without spaces. */
  readonly copyOptions: (target: Target) => Promise<readonly string[]>
  readonly copyTimeoutMs?: number
}

/** One deploy-rs process for each machine and attempt. */
export function createDeployRs(options: DeployRsOptions): Deployer {
  return {
    async copy(target, path) {
      const sshOptions = await options.copyOptions(target)
      try {
        await run(
          options.nix ?? 'nix',
          [
            ...['copy', '--no-check-sigs'],
            ...(target.fastConnection ? [] : ['--substitute-on-destination']),
            ...['--to', `ssh://${target.sshUser}@${target.name}`, path],
          ],
          {
            env: { ...options.env, NIX_SSHOPTS: sshOptions.join(' ') },
            timeoutMs: options.copyTimeoutMs ?? 3_600_000,
          },
        )
      } catch (error) {
        throw error instanceof CommandError ? copyFailed(target, error) : error
      }
    },

    async deploy({ target, run: nonce, path }) {
      const folder = join(options.folder, nonce)
      const flake = join(folder, 'flake')
      const log = join(folder, 'deploy.log')
      await mkdir(flake, { recursive: true })
      await forgetOldRuns(options.folder)
      const sshConfig = await options.sshConfig(target)
      await writeFile(join(flake, 'flake.nix'), tinyFlake({ target, run: nonce, path, sshConfig }))
      const exitCode = await run(
        options.deploy ?? 'deploy',
        ['-s', '--rollback-succeeded', 'false', flakeTarget(flake, target.name)],
        { env: { ...options.env, HOME: folder }, cwd: folder, outputFile: log },
      ).then(
        (result) => result.exitCode,
        // How it ended is for people; the machine says what became of it (R19).
        (error: unknown) => {
          if (error instanceof CommandError) return error.exitCode
          throw error
        },
      )
      // People read them in comments and logs, and git and Nix name addresses with all that is in them.
      const lines = redactText(await readFile(log, 'utf8'), []).split('\n')
      return { exitCode, log, lines: exitCode === 0 ? [] : tellingLines(lines) }
    },

    explain: (log) => tellingLines(log),
  }
}

/** Logs are for people who ask within days; what counts is in the ledger. */
async function forgetOldRuns(folder: string): Promise<void> {
  const longAgo = Date.now() - 14 * 86_400_000
  for (const name of await readdir(folder)) {
    const info = await stat(join(folder, name)).catch(() => undefined)
    if (info !== undefined && info.mtimeMs < longAgo)
      await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** Nix ends alike whether ssh found nobody or the other side failed: only ssh's own words tell. */
function copyFailed(target: Target, error: CommandError): Error {
  const said = error.stderr.trim().split('\n')
  const noContact =
    /^ssh: |^kex_exchange|^Connection (closed|reset)|^Host key verification failed|^\S+: Permission denied/
  const why = said.find((line) => noContact.test(line))
  return why === undefined
    ? new CommandError(`copying to ${target.name}: ${said.slice(-3).join('; ')}`, error, {
        cause: error,
      })
    : new UnreachableError(`${target.name} cannot be reached: ${why.replace(/^ssh: /, '')}`, {
        cause: error,
      })
}
