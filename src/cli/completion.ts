import { Argument, type Command } from 'commander'
import { diagnosticPages } from '../report/diagnostic-pages.ts'
import {
  bashCompletion,
  fishCompletion,
  zshCompletion,
  type Completed,
} from './completion-scripts.ts'
import type { CliContext } from './context.ts'
import { couldNotRun } from './output.ts'

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

const examples = `
Examples:
  source <(nixcluster completion bash)       in ~/.bashrc
  source <(nixcluster completion zsh)        in ~/.zshrc, after compinit
  nixcluster completion fish | source        in ~/.config/fish/config.fish`

/** `nixcluster completion SHELL`: prints a script that completes what the program has registered. */
export function register(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('print a script that completes commands in a shell')
    .addArgument(new Argument('<shell>').choices(Object.keys(scripts)))
    .addHelpText('after', examples)
    .action((shell: keyof typeof scripts) => {
      try {
        const pages = diagnosticPages(context.readPage('diagnostics.md'))
        const codes = pages.map(({ code, summary }) => ({ word: code, description: summary }))
        context.stdout(scripts[shell](completed(program, '', { explain: codes })))
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

type Words = Completed['words']

/** A command and those below it; `values` are the values of arguments that are known elsewhere. */
function completed(
  command: Command,
  path: string,
  values: Readonly<Record<string, Words>>,
): readonly Completed[] {
  const help = command.createHelp()
  const inner = help.visibleCommands(command)
  const commands = inner.map((one) => ({
    word: one.name(),
    description: one.summary() || one.description(),
  }))
  const [argument] = command.registeredArguments
  const choices = argument?.argChoices?.map((word) => ({ word, description: '' })) ?? []
  const words = [...commands, ...(values[path] ?? choices)]
  const own: Completed = {
    path,
    words,
    takesFiles: argument !== undefined && words.length === 0,
    options: help.visibleOptions(command).map((option) => ({
      flags: [option.long, option.short].filter((flag) => flag !== undefined),
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
  }
  const below = path === '' ? { ...values, help: commands } : values
  return [
    own,
    ...inner.flatMap((one) =>
      completed(one, path === '' ? one.name() : `${path} ${one.name()}`, below),
    ),
  ]
}
