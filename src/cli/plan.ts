import { Option, type Command } from 'commander'
import { planLocally, type LocalPorts, type LocalRequest } from '../jobs/local-plan.ts'
import type { Planned, PlannedMerge } from '../jobs/plan.ts'
import type { Log } from '../model/ports.ts'
import { diagnosticsText } from '../report/diagnostics.ts'
import { plain } from '../report/plain.ts'
import { planText } from '../report/plan-text.ts'
import { count } from '../report/wording.ts'
import type { CliContext } from './context.ts'
import { folderOf } from './folder.ts'
import { couldNotRun, printJson } from './output.ts'

/** Opens the clone that a folder lies in; without `withNix` no Nix is asked for. */
export type OpenFleet = (folder: string, withNix: boolean, log: Log) => Promise<LocalPorts>

interface Options {
  readonly base?: string
  readonly dir?: string
  readonly output: 'text' | 'json'
  readonly static?: true
}

/** `nixcluster plan [HEAD]`: the plan that the controller would make, made here. */
export function register(program: Command, context: CliContext, openFleet: OpenFleet): void {
  program
    .command('plan')
    .description('show what a merge would change on each machine')
    .argument('[head]', 'a git revision (default: the files as they are now)')
    .option('--base <revision>', 'compare with what this gives, not with what machines were given')
    .option('--static', 'without Nix: only which machines a change may concern, and why')
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .addOption(
      new Option('--output <form>', 'how to print').choices(['text', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      `
Machines are compared with what they were given, as far as the branch nixcluster/state was
fetched; where it was not, with what the deployed branch gives them.

Examples:
  nixcluster plan
  nixcluster plan more-storage
  nixcluster plan --base v1.2 --output json`,
    )
    .action(async (head: string | undefined, { base, dir, output, ...rest }: Options) => {
      const request = {
        ...(head === undefined ? {} : { head }),
        ...(base === undefined ? {} : { base }),
      }
      try {
        const log = progressOn(context)
        const ports = await openFleet(folderOf(context.cwd, dir), rest.static !== true, log)
        await plan(request, output, ports, context)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

async function plan(
  request: LocalRequest,
  output: Options['output'],
  ports: LocalPorts,
  context: CliContext,
): Promise<void> {
  const { planned, compared } = await planLocally(request, ports)
  if (!isFine(planned)) context.exit(1)
  if (output === 'json') return printJson(toJson(planned, compared), context)
  for (const line of textOf(planned, context)) context.stdout(`${line}\n`)
}

const isFine = (planned: Planned): boolean =>
  planned.kind === 'plan' && planned.plan.failures.length === 0

function toJson(planned: Planned, compared: 'given' | 'base'): object {
  switch (planned.kind) {
    case 'plan':
      return { ok: isFine(planned), compared, ...planned.plan, diagnostics: planned.warnings }
    case 'mistakes':
      return { ok: false, diagnostics: planned.diagnostics }
    case 'conflict':
      return { ok: false, conflict: planned.files }
    case 'nothing':
      return { ok: false, reason: planned.reason }
  }
}

function textOf(planned: Planned, context: CliContext): readonly string[] {
  switch (planned.kind) {
    case 'plan':
      return [
        ...warningsOf(planned, context),
        ...planText(planned.plan, { colour: context.colour, width: 80, whole: true }),
      ]
    case 'mistakes': {
      const { diagnostics, texts } = planned
      return [diagnosticsText(diagnostics, texts, context), '', 'With mistakes there is no plan.']
    }
    case 'conflict':
      return [
        `Cannot be merged into ${plain(planned.title.base)}, so there is no plan. In conflict:`,
        ...planned.files.map((file) => `  ${plain(file)}`),
      ]
    case 'nothing':
      return [plain(planned.reason)]
  }
}

const warningsOf = ({ warnings, texts }: PlannedMerge, context: CliContext): readonly string[] =>
  warnings.length === 0 ? [] : [diagnosticsText(warnings, texts, context), '']

/** Nix takes its time: what it is at is said on the standard error, where it is no part of the plan. */
function progressOn({ stderr }: CliContext): Log {
  return {
    debug() {},
    info: (data, text) =>
      stderr(`${text}${'machines' in data ? ` ${howMany(data.machines)}` : ''} ...\n`),
    warn: (_, text) => stderr(`${text}\n`),
    error: (_, text) => stderr(`${text}\n`),
  }
}

const howMany = (machines: unknown): string =>
  Array.isArray(machines) ? count(machines.length, 'machine') : ''
