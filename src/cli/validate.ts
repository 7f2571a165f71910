import { relative } from 'node:path'
import { Option, type Command } from 'commander'
import { diagnosticPages } from '../report/diagnostic-pages.ts'
import { sarifLog } from '../report/sarif.ts'
import { duration } from '../report/wording.ts'
import { workflowCommands } from '../report/workflow-commands.ts'
import type { CliContext } from './context.ts'
import { compileFolder, type CompiledFolder } from './compile-folder.ts'
import { folderOf } from './folder.ts'
import { couldNotRun, isValid, printDiagnostics, printJson, summary } from './output.ts'

const forms = ['text', 'json', 'github', 'sarif'] as const

interface Options {
  readonly dir?: string
  readonly output: (typeof forms)[number]
  readonly cache: boolean
}

/** `nixcluster validate`: says what is wrong with the configuration of a folder. */
export function register(program: Command, context: CliContext): void {
  program
    .command('validate')
    .description('check the configuration')
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .addOption(new Option('--output <form>', 'how to print').choices(forms).default('text'))
    .option('--no-cache', 'look at everything, also at what is as in the run before')
    .addHelpText('after', '\nExample: nixcluster validate --dir ~/fleet --output json')
    .action(async ({ dir, output, cache }: Options) => {
      const start = performance.now()
      try {
        const folder = folderOf(context.cwd, dir)
        const compiled = await compileFolder(folder, { needs: 'diagnostics', cache }, context)
        context.exit(isValid(compiled) ? 0 : 1)
        print(output, compiled, folder, context)
        const took = duration(performance.now() - start)
        if (output !== 'json' && output !== 'sarif')
          context.stdout(`${summary(compiled).padEnd(80 - took.length - 1)} ${took}\n`)
        compiled.leave()
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

function print(
  output: Options['output'],
  { diagnostics, source }: CompiledFolder,
  folder: string,
  context: CliContext,
): void {
  const { version } = context
  switch (output) {
    case 'json':
      return printJson({ ok: isValid({ diagnostics }), diagnostics }, context)
    case 'github':
      return context.stdout(workflowCommands(diagnostics, prefixOf(folder, context)))
    case 'sarif':
      return printJson(
        sarifLog(diagnostics, {
          version,
          prefix: prefixOf(folder, context),
          pages: diagnosticPages(context.readPage('diagnostics.md')),
        }),
        context,
      )
    case 'text':
      return printDiagnostics(diagnostics, source.texts, context, context.stdout)
  }
}

/** From the current folder, which programs take paths from, to the repository's; empty elsewhere. */
function prefixOf(folder: string, { cwd }: CliContext): string {
  const path = relative(cwd, folder)
  return path === '' || path.startsWith('..') ? '' : `${path}/`
}
