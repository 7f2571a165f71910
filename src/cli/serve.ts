import { Option, type Command } from 'commander'
import type { Config } from '../config/config.ts'
import type { Log } from '../model/ports.ts'
import { allRoles, type Role } from '../model/role.ts'
import type { CliContext } from './context.ts'
import { couldNotRun, printSettingsProblems } from './output.ts'
import { readSettings } from './read-settings.ts'

/** What `serve` is given besides. */
export interface ServeEnvironment {
  /** Where settings may come from. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether people see the standard error as it is written. */
  readonly isTerminal: boolean
  /** Starts the controller; `close` lets activations end. */
  readonly start: (config: Config, log: Log) => Promise<{ close(): Promise<void> }>
}

/** `nixcluster serve`: the controller, until SIGTERM or SIGINT. */
export function register(program: Command, context: CliContext, world: ServeEnvironment): void {
  program
    .command('serve')
    .description('run the controller')
    .option('--config <file>', 'its settings (default: controller.yaml, if it is there)')
    .addOption(
      new Option('--role <role>', 'a part of it, as a process of its own (default: all)').choices(
        allRoles,
      ),
    )
    .addHelpText(
      'after',
      '\nExamples: nixcluster serve --config /etc/nixcluster/controller.yaml' +
        '\n          nixcluster serve --role plan --config /etc/nixcluster/plan.yaml',
    )
    .action(async ({ config, role }: ServeOptions) =>
      serve(config, role === undefined ? allRoles : [role], context, world),
    )
}

interface ServeOptions {
  readonly config?: string
  readonly role?: Role
}

async function serve(
  configFile: string | undefined,
  roles: readonly Role[],
  context: CliContext,
  { env, isTerminal, start }: ServeEnvironment,
): Promise<void> {
  const settings = await readSettings(configFile, roles, context, env)
  if (settings === undefined) return
  const { config, diagnostics, secrets } = settings
  printSettingsProblems(diagnostics, context)
  if (config === undefined) return context.exit(2)
  // Whoever only asks for help does not need it.
  const { createLog } = await import('../log/log.ts')
  const { level, format } = config.log
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal)
  const { createPretty } = isPretty ? await import('../log/pretty.ts') : {}
  const colour = isTerminal && env['NO_COLOR'] === undefined
  const log = createLog({
    level,
    secrets,
    ...(createPretty === undefined ? {} : { format: createPretty({ colour }) }),
    write: context.stderr,
  })
  // A line that cannot be written, as on a full disk, is lost; it is no reason to end.
  process.stderr.on('error', () => undefined)
  try {
    const controller = await start(config, log)
    await signalled()
    log.info({}, 'ending')
    await controller.close()
  } catch (error) {
    couldNotRun(context, error)
  }
  // Whatever still holds the loop (a follower, a connection) has had its time.
  process.exit()
}

/** The first signal ends us in order; further ones change nothing, an activation is never interrupted. */
const signalled = (): Promise<void> =>
  new Promise((done) => {
    process.on('SIGTERM', () => done())
    process.on('SIGINT', () => done())
  })
