import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { sendCommand, withAnswer, type SendOptions } from './send-command.ts'

/** `nixcluster retry [SELECTOR]`: lifts what holds machines. */
export function register(program: Command, context: CliContext, user: string): void {
  withAnswer(
    program
      .command('retry')
      .description('try again what failed on machines')
      .argument('[selector]', "which machines, such as vm0, 'vm*', tag:rack-a (default: all)"),
    user,
  )
    .addHelpText(
      'after',
      '\nExample: nixcluster retry vm0 --repository fleet --secret-file fleet.secret',
    )
    .action((selector: string | undefined, options: SendOptions) =>
      sendCommand(
        { kind: 'retry', ...(selector === undefined ? {} : { selector }) },
        options,
        context,
      ),
    )
}
