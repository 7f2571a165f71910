import { relative } from 'node:path'
import { Option, type Command } from 'commander'
import { compile } from '../compile/compile.ts'
import type { Compilation, SourceTree } from '../model/compilation.ts'
import { diagnosticPages } from '../report/diagnostic-pages.ts'
import { sarifLog } from '../report/sarif.ts'
import { duration } from '../report/wording.ts'
import { workflowCommands } from '../report/workflow-commands.ts'
import type { CliContext } from './context.ts'
import { folderOf, readFolder } from './folder.ts'
import { couldNotRun, isValid, printDiagnostics, printJson, summary } from './output.ts'

const forms = ['text', 'json', 'github', 'sarif'] as const

interface Options {
  readonly dir?: string
  readonly output: (typeof forms)[number]
}

/** `nixcluster validate`: says what is wrong with the configuration of a folder. */
export function register(program: Command, context: CliContext): void {
  program
    .command('validate')
    .description('check the configuration')
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .addOption(new Option('--output <form>', 'how to print').choices(forms).default('text'))
    .addHelpText('after', '\nExample: nixcluster validate --dir ~/fleet --output json')
    .action(async ({ dir, output }: Options) => {
      const start = performance.now()
      try {
        const folder = folderOf(context.cwd, dir)
        const source = await readFolder(folder)
        const compilation = compile(source)
        context.exit(isValid(compilation) ? 0 : 1)
        print(output, compilation, source, folder, context)
        if (output === 'json' || output === 'sarif') return
        const took = duration(performance.now() - start)
        context.stdout(`${summary(compilation).padEnd(80 - took.length - 1)} ${took}\n`)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

function print(
  output: Options['output'],
  compilation: Compilation,
  { texts }: SourceTree,
  folder: string,
  context: CliContext,
): void {
  const { diagnostics } = compilation
  const { version } = context
  switch (output) {
    case 'json':
      return printJson({ ok: isValid(compilation), diagnostics }, context)
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
      return printDiagnostics(diagnostics, texts, context, context.stdout)
  }
}

/** From the current folder, which programs take paths from, to the repository's; empty elsewhere. */
function prefixOf(folder: string, { cwd }: CliContext): string {
  const path = relative(cwd, folder)
  return path === '' || path.startsWith('..') ? '' : `${path}/`
}
