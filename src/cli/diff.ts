import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { compile } from '../compile/compile.ts'
import { isConfiguration, isYaml } from '../compile/configuration.ts'
import { toDiagnostics } from '../compile/diagnostics.ts'
import { chainText, rootOf } from '../diff/causes.ts'
import { diffFleet, type FleetDiff } from '../diff/fleet.ts'
import type { ConfigurationChange } from '../diff/reasons.ts'
import { checkRemovals } from '../diff/removals.ts'
import type { Compilation, SourceTree } from '../model/compilation.ts'
import type { TreeEntry } from '../model/ports.ts'
import { resolversOf } from '../render/tree.ts'
import { fleetDiffText, type ShownMachine } from '../report/fleet-diff-text.ts'
import type { CliContext, OpenRepository } from './context.ts'
import { folderOf, readFolder } from './folder.ts'
import { couldNotRun, printDiagnostics, printJson } from './output.ts'

interface Options {
  readonly dir?: string
  readonly output: 'text' | 'json'
  readonly allowRemovals: number
}

/** `nixcluster diff BASE [HEAD]`: says which machines a change concerns, and why. */
export function register(
  program: Command,
  context: CliContext,
  openRepository: OpenRepository,
): void {
  program
    .command('diff')
    .description('show which machines a change concerns, and why')
    .argument('<base>', 'a git revision, or a folder')
    .argument('[head]', 'the same (default: the folder as it is now)')
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .addOption(
      new Option('--output <form>', 'how to print').choices(['text', 'json']).default('text'),
    )
    .option('--allow-removals <number>', 'so many may go at once', toNumber, 0)
    .addHelpText(
      'after',
      `
Nothing is evaluated: a machine that is named may turn out to be the same.

Examples:
  nixcluster diff main
  nixcluster diff v1.2 HEAD --output json`,
    )
    .action(async (base: string, head: string | undefined, options: Options) => {
      try {
        await diff(base, head, options, context, openRepository)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

async function diff(
  base: string,
  head: string | undefined,
  { dir, output, allowRemovals }: Options,
  context: CliContext,
  openRepository: OpenRepository,
): Promise<void> {
  const folder = folderOf(context.cwd, dir)
  const read = (written: string, beside?: Promise<Side>) =>
    readSide(written, folder, context, openRepository, beside)
  const last = head === undefined ? readWorkFolder(folder) : read(head)
  // While git reads one side, the other is compiled.
  const [before, after, now] = await Promise.all([
    read(base, last),
    last,
    last.then(({ source }) => compile(source)),
  ])
  const old = isSameSource(before.source, after.source) ? now : compile(before.source)
  const broken = [
    { name: base, compilation: old, side: before },
    { name: head ?? folder, compilation: now, side: after },
  ].find(({ compilation }) => compilation.inventory === undefined)
  if (broken) {
    const errors = broken.compilation.diagnostics.filter(({ severity }) => severity === 'error')
    if (output === 'json') printJson({ ok: false, of: broken.name, diagnostics: errors }, context)
    else {
      printDiagnostics(errors, broken.side.source.texts, context, context.stderr)
      context.stderr(`${broken.name} has mistakes: it cannot be compared\n`)
    }
    return context.exit(1)
  }
  const changed = changedFiles(before, after)
  const found = diffFleet(fleetOf(old), fleetOf(now), changed, resolversOf(now.rendered!))
  const refusals = checkRemovals(old.inventory!, now.inventory!, allowRemovals)
  const diagnostics = toDiagnostics(refusals, now.locate)
  if (diagnostics.length > 0) context.exit(1)
  const machines = shown(found, old, now)
  if (output === 'json') {
    const { unaffected } = found
    return printJson({ ok: diagnostics.length === 0, machines, unaffected, diagnostics }, context)
  }
  context.stdout(fleetDiffText(machines, found.unaffected, context))
  if (machines.length === 0) context.stdout('\n')
  printDiagnostics(diagnostics, after.source.texts, context, context.stdout)
}

const fleetOf = ({ inventory, rendered }: Compilation) => ({
  inventory: inventory!,
  rendered: rendered!,
})

function shown(
  { machines }: FleetDiff,
  before: Compilation,
  after: Compilation,
): readonly ShownMachine[] {
  // Another file is named by the text, and has no lines here.
  const placeOf = ({ at, side }: ConfigurationChange): { readonly place?: string } =>
    at && isYaml(at.file)
      ? { place: `${at.file}:${(side === 'before' ? before : after).locate(at).line}` }
      : {}
  return machines.map(({ name, change, reasons }) => ({
    name,
    change,
    // Shown from the line on that somebody wrote.
    reasons: reasons.map((reason) => ({ ...placeOf(rootOf(reason)), text: chainText(reason) })),
  }))
}

/** A source tree, and what each of its files holds: the id of its content, as git counts it. */
interface Side {
  readonly source: SourceTree
  readonly idOf: (path: string) => string | undefined
}

/** Reads a folder, or a revision, of which only those files are fetched that another side does not have. */
async function readSide(
  written: string,
  folder: string,
  { cwd }: CliContext,
  openRepository: OpenRepository,
  beside?: Promise<Side>,
): Promise<Side> {
  const path = resolve(cwd, written)
  if (existsSync(path) && statSync(path).isDirectory()) return readWorkFolder(path)
  const git = await openRepository(folder)
  const entries = await git.readTree(written)
  const other = await beside
  const texts = new Map<string, string>()
  const wanted: TreeEntry[] = []
  for (const entry of entries) {
    if (!isConfiguration(entry.path) || !entry.mode.startsWith('100')) continue
    const known = other?.source.texts.get(entry.path)
    if (known !== undefined && other!.idOf(entry.path) === entry.id) texts.set(entry.path, known)
    else wanted.push(entry)
  }
  const blobs = await git.readBlobs(wanted.map(({ id }) => id))
  for (const { path: file, id } of wanted) texts.set(file, blobs.get(id) ?? '')
  const ids = new Map(entries.map(({ path: file, id }) => [file, id]))
  return { source: { texts, paths: new Set(ids.keys()) }, idOf: (file) => ids.get(file) }
}

async function readWorkFolder(folder: string): Promise<Side> {
  const source = await readFolder(folder)
  const ids = new Map<string, string>()
  return {
    source,
    idOf(path) {
      if (!source.paths.has(path)) return undefined
      const id = ids.get(path) ?? blobId(readFileSync(join(folder, path)))
      ids.set(path, id)
      return id
    },
  }
}

function blobId(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
}

function isSameSource(one: SourceTree, other: SourceTree): boolean {
  return (
    one.paths.size === other.paths.size &&
    one.texts.size === other.texts.size &&
    [...one.paths].every((path) => other.paths.has(path)) &&
    [...one.texts].every(([path, text]) => other.texts.get(path) === text)
  )
}

/** The files beside the YAML that are not the same, or not there, on one of the sides. */
function changedFiles(before: Side, after: Side): ReadonlySet<string> {
  const paths = [...before.source.paths, ...after.source.paths]
  return new Set(paths.filter((path) => !isYaml(path) && before.idOf(path) !== after.idOf(path)))
}

function toNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('A whole number is expected.')
}
