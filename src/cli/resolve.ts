import { InvalidArgumentError, Option, type Command } from 'commander'
import { explain } from '../compile/explain.ts'
import type { Position } from '../model/diagnostic.ts'
import { hostsOf } from '../model/names.ts'
import { ansibleInventory } from '../report/ansible-inventory.ts'
import { explanationText } from '../report/explanation-text.ts'
import { hostsFile } from '../report/hosts-file.ts'
import { knownHosts } from '../report/known-hosts.ts'
import { prometheusTargets } from '../report/prometheus-targets.ts'
import { resolutionTable } from '../report/resolution-table.ts'
import { list } from '../report/wording.ts'
import { resolve, type Resolution } from '../selectors/resolve.ts'
import { readCompiled, type Compiled } from './compiled.ts'
import type { CliContext } from './context.ts'
import { folderOf } from './folder.ts'
import { couldNotRun, printComplaints, printJson } from './output.ts'

const forms = ['table', 'json', 'hosts', 'ssh-known-hosts', 'ansible', 'prometheus'] as const

interface Options {
  readonly dir?: string
  readonly in?: string
  readonly output: (typeof forms)[number]
  readonly port?: number
  readonly explain?: true
}

/** `nixcluster resolve SELECTOR`: says which elements, hosts, addresses and names a selector means. */
export function register(program: Command, context: CliContext): void {
  program
    .command('resolve')
    .description('show what a selector means')
    .argument('<selector>', "such as vm0, api.vault, 'vm*', tag:rack-a, service:vault")
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .option('--in <element>', 'the element in which it is read (default: where it is found)')
    .option('--explain', 'show where each setting of what it names comes from')
    .option('--port <number>', "for prometheus: the port of each target's address", toPort)
    .addOption(new Option('--output <form>', 'how to print').choices(forms).default('table'))
    .addHelpText(
      'after',
      `
Examples:
  nixcluster resolve 'vm*' --in vault.example.com
  nixcluster resolve vm0 --explain
  nixcluster resolve example.com --output ssh-known-hosts >> ~/.ssh/known_hosts`,
    )
    .action(async (selector: string, options: Options) => {
      try {
        const compiled = await readCompiled(folderOf(context.cwd, options.dir), context)
        if (!compiled) return
        const resolution = resolve(selector, compiled.inventory, options.in)
        if (!printComplaints(resolution.complaints, context)) return
        if (options.explain) printExplanations(resolution, compiled, options, context)
        else print(resolution, compiled, options, context)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

function print(
  { complaints: _, ...resolution }: Resolution,
  compiled: Compiled,
  { output, port }: Options,
  context: CliContext,
): void {
  const { inventory } = compiled
  const known = new Map(hostsOf(inventory).map((host) => [host.name, host]))
  const hosts = resolution.hosts.map((host) => known.get(host)!)
  // What runs on a machine is reached and deployed with it.
  const machines = hosts.filter((host) => host.kind === 'machine')
  switch (output) {
    case 'json':
      return printJson(resolution, context)
    case 'table':
      return context.stdout(resolutionTable(resolution, inventory, placeOf(compiled)))
    case 'hosts':
      return context.stdout(hostsFile(resolution))
    case 'ssh-known-hosts': {
      const keyless = machines.filter(
        ({ managed, deployment }) => managed && deployment.hostKey === undefined,
      )
      if (keyless.length > 0)
        context.stderr(`without a hostKey: ${list(keyless.map(({ name }) => name))}\n`)
      return context.stdout(knownHosts(machines))
    }
    case 'ansible':
      return printJson(
        ansibleInventory(
          machines.filter((machine) => machine.managed),
          inventory,
        ),
        context,
      )
    case 'prometheus':
      return printJson(prometheusTargets(hosts, inventory, port), context)
  }
}

function printExplanations(
  { elements }: Resolution,
  compiled: Compiled,
  { output }: Options,
  context: CliContext,
): void {
  const explanations = explain(
    compiled.source,
    compiled.inventory,
    elements.map(({ name }) => name),
  )
  const place = placeOf(compiled)
  if (output === 'json') {
    const withPlaces = explanations.map(({ at, settings, ...rest }) => ({
      ...rest,
      place: place(at),
      settings: settings.map(({ at: where, ...setting }) => ({
        ...setting,
        ...(where ? { place: place(where) } : {}),
      })),
    }))
    return printJson(withPlaces, context)
  }
  context.stdout(explanations.map((one) => explanationText(one, place)).join('\n'))
}

const placeOf =
  ({ locate }: Compiled) =>
  (at: Position): string =>
    `${at.file}:${locate(at).line}`

function toPort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port > 0 && port < 65536) return port
  throw new InvalidArgumentError('A port is a number from 1 to 65535.')
}
