import type { Command } from 'commander'
import { follow, postCommand } from './client.ts'
import type { CliContext } from './context.ts'
import { addressOf, controllerFailed, withController } from './controller-options.ts'
import type { ControllerOptions } from './controller-options.ts'

/** `nixcluster deploy`: says go to what waits for a person, and follows it. */
export function register(program: Command, context: CliContext, user: string): void {
  withController(
    program.command('deploy').description('deploy what waits for a person, and follow it'),
  )
    .option('--by <who>', 'whom it is written down for', user)
    .addHelpText(
      'after',
      '\nExample: nixcluster deploy --repository fleet --secret-file fleet.secret',
    )
    .action(async (options: ControllerOptions & { by: string }) => {
      try {
        const controller = addressOf(options, context)
        const { repository, by } = options
        const { follow: links } = await postCommand(controller, repository, by, { kind: 'deploy' })
        if (links.length === 0) context.stdout('Nothing was pushed yet.\n')
        for (const link of links) {
          for await (const line of follow(controller, link)) context.stdout(`${line}\n`)
        }
      } catch (error) {
        controllerFailed(context, options.url, error)
      }
    })
}
