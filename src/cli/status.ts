import { Option, type Command } from 'commander'
import { readStatus } from './client.ts'
import type { CliContext } from './context.ts'
import { addressOf, controllerFailed, withController } from './controller-options.ts'
import type { ControllerOptions } from './controller-options.ts'

/** `nixcluster status`: where the machines stand. */
export function register(program: Command, context: CliContext): void {
  withController(program.command('status').description('where the machines stand'))
    .addOption(
      new Option('--output <form>', 'how to print').choices(['text', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      '\nExample: nixcluster status --repository fleet --secret-file fleet.secret',
    )
    .action(async (options: ControllerOptions & { output: 'text' | 'json' }) => {
      try {
        const status = await readStatus(addressOf(options, context), options.repository)
        const { text, ...data } = status as { text: string }
        const json = `${JSON.stringify(data, null, 2)}\n`
        context.stdout(options.output === 'json' ? json : text)
      } catch (error) {
        controllerFailed(context, options.url, error)
      }
    })
}
