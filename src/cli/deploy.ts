import type { Command } from 'commander'
import { followUrl } from '../model/follow-url.ts'
import { follow, postCommand, readAnswer } from './client.ts'
import type { CliContext } from './context.ts'
import { addressOf, controllerFailed, withController } from './controller-options.ts'
import type { ControllerOptions } from './controller-options.ts'
import { printAnswer } from './send-command.ts'

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
        const { answer, since } = await postCommand(controller, repository, by, { kind: 'deploy' })
        const result = await readAnswer(controller, answer)
        if (result?.follow === undefined) return printAnswer(result, context)
        const url = followUrl({ repository, ...result.follow }, new Date(since), 'go')
        for await (const line of follow(controller, { url })) context.stdout(`${line}\n`)
      } catch (error) {
        controllerFailed(context, options.url, error)
      }
    })
}
