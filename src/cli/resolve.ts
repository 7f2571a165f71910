import { Option, type Command } from 'commander'
import { primaryInterface } from '../model/addresses.ts'
import type { Position } from '../model/diagnostic.ts'
import type { Element, Host, Inventory } from '../model/inventory.ts'
import { hostsOf, kindText, ownInterfaces } from '../model/names.ts'
import { columns } from '../report/plain.ts'
import { resolve, type Resolution } from '../selectors/resolve.ts'
import { readCompiled, type Compiled } from './compiled.ts'
import type { CliContext } from './context.ts'
import { folderOf } from './folder.ts'
import { couldNotRun } from './output.ts'

interface Options {
  readonly dir?: string
  readonly in?: string
  readonly output: 'json' | 'table'
}

/** `nixcluster resolve SELECTOR`: says which elements, hosts, addresses and names a selector means. */
export function register(program: Command, context: CliContext): void {
  program
    .command('resolve')
    .description('show what a selector means')
    .argument('<selector>', "such as vm0, api.vault, 'vm*', tag:rack-a, service:vault")
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .option('--in <element>', 'the element in which it is read (default: where it is found)')
    .addOption(
      new Option('--output <form>', 'how to print').choices(['json', 'table']).default('table'),
    )
    .addHelpText('after', "\nExample: nixcluster resolve 'vm*' --in vault.example.com")
    .action(async (selector: string, options: Options) => {
      try {
        const compiled = await readCompiled(folderOf(context.cwd, options.dir), context)
        if (!compiled) return
        const resolution = resolve(selector, compiled.inventory, options.in)
        for (const { severity, message, hint, code } of resolution.complaints)
          context.stderr(`${severity}: ${message}${hint ? `; ${hint}` : ''} [${code}]\n`)
        if (resolution.complaints.some(({ severity }) => severity === 'error')) {
          context.exit(1)
          return
        }
        const { complaints: _, ...result } = resolution
        context.stdout(
          options.output === 'json'
            ? `${JSON.stringify(result, null, 2)}\n`
            : table(resolution, compiled),
        )
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

function table({ elements, hosts }: Resolution, { inventory, locate }: Compiled): string {
  const byName = new Map(hostsOf(inventory).map((host) => [host.name, host]))
  const ats = placesOf(inventory)
  const place = (at: Position | undefined): string => (at ? `${at.file}:${locate(at).line}` : '')
  const heads = elements.map(({ kind, name }) => [
    name,
    `${kindText(kind)}, ${place(ats.get(name))}`,
  ])
  const rows = hosts.map((host) => hostRow(byName.get(host)!))
  const indented = rows.map(([name = '', ...rest]) => [`  ${name}`, ...rest])
  return [...columns(heads), ...columns(indented), ''].join('\n')
}

function hostRow(host: Host): string[] {
  const wire = primaryInterface(host.interfaces)
  const addresses = wire?.addresses.map((text) => text.split('/')[0]) ?? []
  return [host.name, addresses.join(', ') || '-', wire?.label ?? '']
}

function placesOf(inventory: Inventory): Map<string, Position> {
  const { domains, clusters, services } = inventory
  const all: readonly Element[] = [
    ...domains,
    ...clusters,
    ...services.flatMap((service) => [service, ...service.roles]),
    ...hostsOf(inventory).flatMap((host) => [host, ...ownInterfaces(host)]),
  ]
  return new Map(all.map(({ name, at }) => [name, at]))
}
