import { copyFile, cp, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Command } from 'commander'
import type { FlakeInput } from '../model/inventory.ts'
import { didYouMean } from '../model/suggestion.ts'
import { movedSourceFlake } from '../render/flake.ts'
import { columns } from '../report/plain.ts'
import { lockFile } from '../schema/lock.ts'
import { type LockedState, type LockMove, lockMoves } from '../schema/lock-moves.ts'
import { sourceFlakeFile } from '../schema/source-flake.ts'
import { readCompiled } from './compiled.ts'
import type { CliContext, LockFlake } from './context.ts'
import { folderOf } from './folder.ts'
import { couldNotRun } from './output.ts'
import { writeFiles } from './render.ts'

/** `nixcluster update [INPUT...]`: moves the inputs in `flake.lock`, and says which did. */
export function register(program: Command, context: CliContext, lock: LockFlake): void {
  program
    .command('update')
    .description('move flake inputs to their newest state in flake.lock')
    .argument('[input...]', 'only these (default: all)')
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .addHelpText('after', '\nExample: nixcluster update nixpkgs')
    .action(async (inputs: readonly string[], { dir }: { dir?: string }) => {
      try {
        await update(folderOf(context.cwd, dir), inputs, context, lock)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

/** Locks the flake that a folder's configuration gives, and puts the lock into the folder. */
export async function update(
  folder: string,
  inputs: 'missing' | readonly string[],
  context: CliContext,
  lock: LockFlake,
): Promise<void> {
  const compiled = await readCompiled(folder, context)
  if (!compiled) return
  const known = compiled.inventory.inputs.filter(isLocked).map(({ name }) => name)
  const unknown = inputs === 'missing' ? [] : inputs.filter((name) => !known.includes(name))
  for (const name of unknown) {
    const guess = didYouMean(name, known) || `; there are ${known.join(', ')}`
    context.stderr(`no flake input is called '${name}'${guess}\n`)
  }
  if (unknown.length > 0) {
    context.exit(1)
    return
  }
  const before = compiled.source.texts.get(lockFile)
  const work = await mkdtemp(join(tmpdir(), 'nixcluster-update-'))
  try {
    // The whole tree: an input may be a folder of it.
    await cp(folder, work, {
      recursive: true,
      filter: (path) => !['.git', 'node_modules'].includes(basename(path)),
    })
    if (compiled.inventory.hasSourceFlake)
      await rename(join(work, sourceFlakeFile), join(work, movedSourceFlake))
    await writeFiles(work, compiled.render())
    const wanted = inputs.length > 0 ? inputs : known
    await lock(work, wanted).catch((cause: Error) => {
      throw new Error(`${lockFile} is not written: ${cause.message}`, { cause })
    })
    const after = await readFile(join(work, lockFile), 'utf8')
    if (after === before) {
      context.stdout(`${lockFile} is as it was\n`)
      return
    }
    await copyFile(join(work, lockFile), join(folder, lockFile))
    context.stdout(
      `${[...movesText(lockMoves(before, after)), `${lockFile} is written; commit it`].join('\n')}\n`,
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** What follows another input from the start has no entry of its own. */
function isLocked({ more = [] }: FlakeInput): boolean {
  return !more.some(([path]) => path.join('.') === 'follows')
}

function movesText(moves: readonly LockMove[]): readonly string[] {
  const rows = moves.map(({ name, from, to }) => [name, ...cells(from), '→', ...cells(to)])
  return columns(rows, 2)
}

/** The day and the beginning of the revision, or of the content's hash; a folder of the tree has its path. */
function cells(state: LockedState | undefined): readonly [day: string, revision: string] {
  if (state === undefined) return ['-', '']
  const { revision, modified } = state
  const day = modified === undefined ? '' : new Date(modified * 1000).toISOString().slice(0, 10)
  const isHash = /^(?:sha256-|[0-9a-f]{40})/.test(revision)
  return [day, isHash ? revision.replace(/^sha256-/, '').slice(0, 7) : revision]
}
