import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { couldNotRun } from './output.ts'

/** Shows the main job on machines of its own, until the end or, with `keep`, until Ctrl-C; throws where it cannot. */
export type RunDemo = (options: { readonly keep: boolean }) => Promise<void>

/** `nixcluster demo [--keep]`: boots three machines here and shows a push, a merge and a revert. */
export function register(
  program: Command,
  context: CliContext,
  loadDemo: () => Promise<RunDemo>,
): void {
  program
    .command('demo')
    .description('show it on three machines of its own; needs root and Linux')
    .option('--keep', 'leave them up for playing, until Ctrl-C')
    .addHelpText('after', '\nExample: nixcluster demo')
    .action(async ({ keep }: { keep?: true }) => {
      try {
        const demo = await loadDemo()
        await demo({ keep: keep === true })
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}
