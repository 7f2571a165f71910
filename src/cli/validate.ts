import { Option, type Command } from 'commander'
import { compile } from '../compile/compile.ts'
import { duration } from '../report/wording.ts'
import type { CliContext } from './context.ts'
import { folderOf, readFolder } from './folder.ts'
import { couldNotRun, isValid, printDiagnostics, summary } from './output.ts'

/** `nixcluster validate`: says what is wrong with the configuration of a folder. */
export function register(program: Command, context: CliContext): void {
  program
    .command('validate')
    .description('check the configuration')
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .addOption(
      new Option('--output <form>', 'how to print').choices(['text', 'json']).default('text'),
    )
    .addHelpText('after', '\nExample: nixcluster validate --dir ~/fleet --output json')
    .action(async ({ dir, output }: { dir?: string; output: 'text' | 'json' }) => {
      const start = performance.now()
      try {
        const source = await readFolder(folderOf(context.cwd, dir))
        const compilation = compile(source)
        const ok = isValid(compilation)
        context.exit(ok ? 0 : 1)
        if (output === 'json') {
          const { diagnostics } = compilation
          context.stdout(`${JSON.stringify({ ok, diagnostics }, null, 2)}\n`)
          return
        }
        printDiagnostics(compilation.diagnostics, source.texts, context, context.stdout)
        const took = duration(performance.now() - start)
        context.stdout(`${summary(compilation).padEnd(80 - took.length - 1)} ${took}\n`)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}
