import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Inventory } from '../model/inventory.ts'
import { parentName } from '../model/names.ts'
import { graphOf, type GraphOptions } from '../report/graph.ts'
import { dotText } from '../report/graph-dot.ts'
import { mermaidText } from '../report/graph-mermaid.ts'
import { resolve } from '../selectors/resolve.ts'
import { readCompiled } from './compiled.ts'
import type { CliContext } from './context.ts'
import { folderOf } from './folder.ts'
import { couldNotRun, printComplaints } from './output.ts'

const forms = ['mermaid', 'dot'] as const

interface Options {
  readonly dir?: string
  readonly output: (typeof forms)[number]
  readonly max: number
}

/** `nixcluster graph [SELECTOR]`: draws which services and roles run on which hosts. */
export function register(program: Command, context: CliContext): void {
  program
    .command('graph')
    .description('draw which services run where')
    .argument('[selector]', 'only the hosts that it names; of a service or role, only that service')
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .option(
      '--max <number>',
      'draw more hosts than this as one where the same services have them',
      toMax,
      10,
    )
    .addOption(new Option('--output <form>', 'how to write it').choices(forms).default('mermaid'))
    .addHelpText(
      'after',
      `
Examples:
  nixcluster graph vault
  nixcluster graph --output dot | dot -Tsvg > fleet.svg`,
    )
    .action(async (selector: string | undefined, options: Options) => {
      try {
        const compiled = await readCompiled(folderOf(context.cwd, options.dir), context)
        if (!compiled) return
        const { inventory } = compiled
        const selected = selector === undefined ? {} : selectedOf(selector, inventory, context)
        if (!selected) return
        const graph = graphOf(inventory, { max: options.max, ...selected })
        context.stdout(options.output === 'dot' ? dotText(graph) : mermaidText(graph))
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

/** Nothing, after saying why, where the selector means nothing. */
function selectedOf(
  selector: string,
  inventory: Inventory,
  context: CliContext,
): Pick<GraphOptions, 'hosts' | 'services'> | undefined {
  const { elements, hosts, complaints } = resolve(selector, inventory)
  if (!printComplaints(complaints, context)) return undefined
  const services = elements.flatMap(({ kind, name }) =>
    kind === 'service' ? [name] : kind === 'role' ? [parentName(name)] : [],
  )
  return {
    hosts: new Set(hosts),
    ...(services.length > 0 ? { services: new Set(services) } : {}),
  }
}

function toMax(text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text)
  throw new InvalidArgumentError('It is a whole number from 1.')
}
