import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { sendCommand, withAnswer, type SendOptions } from './send-command.ts'

/** `nixcluster resume [SELECTOR]`: ends pauses. */
export function register(program: Command, context: CliContext, user: string): void {
  withAnswer(
    program
      .command('resume')
      .description('end pauses of machines')
      .argument('[selector]', 'as in the pause, or what its machines are in (default: all)'),
    user,
  )
    .addHelpText(
      'after',
      '\nExample: nixcluster resume vm0 --repository fleet --secret-file fleet.secret',
    )
    .action((selector: string | undefined, options: SendOptions) =>
      sendCommand(
        { kind: 'resume', ...(selector === undefined ? {} : { selector }) },
        options,
        context,
      ),
    )
}
