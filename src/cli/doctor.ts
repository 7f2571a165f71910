import { Option, type Command } from 'commander'
import type { Config } from '../config/config.ts'
import type { Watcher } from '../jobs/examine/check.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Examined } from '../model/finding.ts'
import { allRoles, type Role } from '../model/role.ts'
import { doctorSummary, groupText } from '../report/doctor-text.ts'
import type { CliContext } from './context.ts'
import { couldNotRun, printJson, printSettingsProblems } from './output.ts'
import { readSettings } from './read-settings.ts'

/** What `doctor` is given besides. */
export interface DoctorEnvironment {
  /** Where settings may come from. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether somebody watches the standard error. */
  readonly isWatched: boolean
  readonly examine: (subject: {
    readonly config: Config
    readonly diagnostics: readonly Diagnostic[]
    readonly machines: boolean
    readonly watcher: Watcher
  }) => Promise<readonly Examined[]>
}

interface Options {
  readonly config?: string
  readonly role?: Role
  readonly repository?: string
  readonly output: 'text' | 'json'
  readonly machines: boolean
}

/** `nixcluster doctor`: whether all that the controller needs is in order, and what to do where it is not. */
export function register(program: Command, context: CliContext, world: DoctorEnvironment): void {
  program
    .command('doctor')
    .description('check all that the controller needs, and say what to do')
    .option('--config <file>', 'its settings (default: controller.yaml, if it is there)')
    .addOption(new Option('--role <role>', 'what one process of it needs').choices(allRoles))
    .option('--repository <name>', 'look at this repository alone')
    .option('--no-machines', 'log in to no machine')
    .addOption(
      new Option('--output <form>', 'how to print').choices(['text', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      '\nRun it as the controller’s user; it changes nothing.' +
        '\nExample: nixcluster doctor --config /etc/nixcluster/controller.yaml',
    )
    .action(async (options: Options) => doctor(options, context, world))
}

async function doctor(
  options: Options,
  context: CliContext,
  { env, isWatched, examine }: DoctorEnvironment,
): Promise<void> {
  const roles = options.role === undefined ? allRoles : [options.role]
  const settings = await readSettings(options.config, roles, context, env)
  if (settings === undefined) return
  const { config, diagnostics, secrets } = settings
  if (config === undefined) {
    if (options.output === 'json') printJson(diagnostics.map(toExamined), context)
    else printSettingsProblems(diagnostics, context)
    return context.exit(2)
  }
  const asked = config.repositories.filter(
    ({ name }) => options.repository === undefined || name === options.repository,
  )
  if (asked.length === 0) {
    const known = config.repositories.map(({ name }) => name).join(', ')
    return couldNotRun(
      context,
      new Error(`no repository is called '${options.repository}'; there is ${known}`),
    )
  }
  const { redact } = await import('../log/redact.ts')
  const clean = <T>(findings: T): T => JSON.parse(redact(JSON.stringify(findings), secrets)) as T
  const isText = options.output === 'text'
  const wipe = isWatched ? '\r\x1b[K' : ''
  try {
    const findings = await examine({
      config: { ...config, repositories: asked },
      diagnostics,
      machines: options.machines,
      watcher: {
        group(name, found) {
          if (wipe !== '') context.stderr(wipe)
          if (isText) context.stdout(`${groupText(name, clean(found), context)}\n`)
        },
        progress(open, done) {
          if (wipe === '') return
          const at = open.length === 0 ? '' : `, at ${open.slice(0, 4).join(', ')}`
          context.stderr(`${wipe}${done} of ${done + open.length}${at}`.slice(0, 78))
        },
      },
    })
    if (wipe !== '') context.stderr(wipe)
    if (isText) context.stdout(`${doctorSummary(findings)}\n`)
    else printJson(clean(findings), context)
    context.exit(findings.some(({ state }) => state === 'wrong') ? 1 : 0)
  } catch (error) {
    couldNotRun(context, error)
  }
}

/** Settings that are not right, for programs. */
const toExamined = (one: Diagnostic): Examined => ({
  ...{ id: `settings/${one.code.replace('/', '-')}`, group: 'settings', name: one.code },
  state: one.severity === 'error' ? 'wrong' : 'warning',
  found: `${one.file}:${one.line}:${one.column} ${one.message}`,
  advice: one.hint ?? `nixcluster explain ${one.code}`,
})
