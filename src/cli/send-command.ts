import { Option, type Command } from 'commander'
import type { CommandResult, LineCommand } from '../model/command.ts'
import { postCommand, readAnswer } from './client.ts'
import type { CliContext } from './context.ts'
import { addressOf, controllerFailed, withController } from './controller-options.ts'
import type { ControllerOptions } from './controller-options.ts'
import { couldNotRun, printJson } from './output.ts'

export interface SendOptions extends ControllerOptions {
  readonly by: string
  readonly output: 'text' | 'json'
}

/** Adds the options of a command that the controller answers. */
export function withAnswer(command: Command, user: string): Command {
  return withController(command)
    .option('--by <who>', 'whom it is written down for', user)
    .addOption(
      new Option('--output <form>', 'how to print').choices(['text', 'json']).default('text'),
    )
}

/** Sends a command and prints its answer; exit code 1 where the controller refuses it. */
export async function sendCommand(
  command: LineCommand,
  { repository, by, output, ...options }: SendOptions,
  context: CliContext,
): Promise<void> {
  try {
    const controller = addressOf({ repository, ...options }, context)
    const { answer } = await postCommand(controller, repository, by, command)
    printAnswer(await readAnswer(controller, answer), context, output)
  } catch (error) {
    controllerFailed(context, options.url, error)
  }
}

/** Prints what the controller answered; exit code 1 where it refused, 2 where nobody answered. */
export function printAnswer(
  result: CommandResult | undefined,
  context: CliContext,
  output: SendOptions['output'] = 'text',
): void {
  if (result === undefined) {
    const why = 'the controller has not answered yet; nixcluster status shows what came of it'
    return couldNotRun(context, new Error(why))
  }
  const { kind, text = kind } = result
  if (output === 'json') printJson(result, context)
  else if (kind === 'done') context.stdout(`${text}\n`)
  else context.stderr(`nixcluster: ${text}\n`)
  if (kind === 'refused') context.exit(1)
}
