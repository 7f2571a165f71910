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
  /** Starts the controller. */
  readonly start: (config: Config, log: Log) => Promise<Started>
}

/** What was started: `close` lets activations end, `abandon` gives what has not ended, a line each. */
interface Started {
  close(): Promise<void>
  abandon(): Promise<readonly string[]>
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
  const signals = watchSignals()
  try {
    const controller = await start(config, log)
    signals.onSecond(async (signal) => {
      for (const line of await controller.abandon()) log.warn({}, line)
      log.warn({ signal }, 'ending at once')
      process.exit(exitCodes[signal])
    })
    await signals.first
    log.info({}, 'ending')
    await controller.close()
  } catch (error) {
    couldNotRun(context, error)
  }
  // Whatever still holds the loop (a follower, a connection) has had its time.
  process.exit()
}

type Signal = 'SIGTERM' | 'SIGINT'

/** As shells have it: 128 and the number of the signal. */
const exitCodes: Readonly<Record<Signal, number>> = { SIGTERM: 143, SIGINT: 130 }

/** The first signal ends us in order, one at the start as soon as that is done; the second one ends us at once. */
function watchSignals() {
  let atSecond = (signal: Signal): unknown => process.exit(exitCodes[signal])
  let seen = 0
  const first = new Promise<void>((resolve) => {
    const onSignal = (signal: Signal): void => {
      seen += 1
      if (seen === 1) resolve()
      if (seen === 2) atSecond(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
  return { first, onSecond: (act: (signal: Signal) => Promise<void>) => void (atSecond = act) }
}
