import { InvalidArgumentError, type Command } from 'commander'
import { toIso } from '../rollout/parse-command.ts'
import { parseUntil, untilForms } from '../rollout/until.ts'
import type { CliContext } from './context.ts'
import { sendCommand, withAnswer, type SendOptions } from './send-command.ts'

/** `nixcluster pause SELECTOR`: machines get nothing new for a while. */
export function register(program: Command, context: CliContext, user: string): void {
  withAnswer(
    program
      .command('pause')
      .description('give machines nothing new for a while')
      .argument('<selector>', "which machines, such as vm0, 'vm*', tag:rack-a, example.com")
      .option('--until <time>', `when it ends (default: with resume): ${untilForms}`, toUntil),
    user,
  )
    .addHelpText(
      'after',
      "\nExample: nixcluster pause 'web*' --until 'tomorrow 08:00' --repository fleet --secret-file fleet.secret",
    )
    .action((selector: string, { until, ...options }: SendOptions & { until?: string }) =>
      sendCommand(
        { kind: 'pause', selector, ...(until === undefined ? {} : { until }) },
        options,
        context,
      ),
    )
}

function toUntil(text: string): string {
  const time = parseUntil(text, new Date())
  if (time === undefined) {
    throw new InvalidArgumentError(
      `It takes a time to come, in UTC where no zone is given: ${untilForms}.`,
    )
  }
  return toIso(time)
}
