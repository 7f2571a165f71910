import { Option, type Command } from 'commander'
import { didYouMean } from '../model/suggestion.ts'
import {
  diagnosticPages,
  diagnosticPagesText,
  diagnosticPageText,
  type DiagnosticPage,
} from '../report/diagnostic-pages.ts'
import type { CliContext } from './context.ts'
import { couldNotRun, printJson } from './output.ts'

interface Options {
  readonly output: 'text' | 'json'
}

/** `nixcluster explain CODE`: prints what docs/diagnostics.md says about a diagnostic. */
export function register(program: Command, context: CliContext): void {
  program
    .command('explain')
    .description('say what a diagnostic means and what to do')
    .argument('[code]', 'such as schema/unknown-key (default: list them all)')
    .addOption(
      new Option('--output <form>', 'how to print').choices(['text', 'json']).default('text'),
    )
    .addHelpText('after', '\nExample: nixcluster explain schema/unknown-key')
    .action((code: string | undefined, { output }: Options) => {
      try {
        explain(diagnosticPages(context.readPage('diagnostics.md')), code, output, context)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

function explain(
  pages: readonly DiagnosticPage[],
  code: string | undefined,
  output: Options['output'],
  context: CliContext,
): void {
  if (code === undefined) {
    if (output === 'json')
      printJson(
        pages.map(({ code: one, summary }) => ({ code: one, summary })),
        context,
      )
    else context.stdout(diagnosticPagesText(pages, context))
    return
  }
  const page = pages.find((one) => one.code === code)
  if (!page) {
    context.stderr(`no diagnostic is called '${code}'${suggestion(code, pages)}\n`)
    context.exit(1)
    return
  }
  if (output === 'json') printJson(page, context)
  else context.stdout(diagnosticPageText(page, context))
}

/** Codes that were meant; their second half alone says enough. */
function suggestion(code: string, pages: readonly DiagnosticPage[]): string {
  const codes = pages.map((page) => page.code)
  const halves = codes.filter((one) => one.endsWith(`/${code}`))
  if (halves.length === 0) return didYouMean(code, codes) || '; nixcluster explain lists them all'
  return `, did you mean ${halves.map((half) => `'${half}'`).join(' or ')}?`
}
