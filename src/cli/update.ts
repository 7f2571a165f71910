import { copyFile, cp, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Command } from 'commander'
import { movedSourceFlake } from '../render/flake.ts'
import { sourceFlakeFile } from '../schema/source-flake.ts'
import { readCompiled } from './compiled.ts'
import type { CliContext, LockFlake } from './context.ts'
import { folderOf } from './folder.ts'
import { couldNotRun } from './output.ts'
import { writeFiles } from './render.ts'

/** `nixcluster update [INPUT]`: writes `flake.lock`, or moves one input in it. */
export function register(program: Command, context: CliContext, lock: LockFlake): void {
  program
    .command('update')
    .description('write flake.lock: what is missing, or one input anew')
    .argument('[input]', 'the flake input that moves to its newest state')
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .addHelpText('after', '\nExample: nixcluster update nixpkgs')
    .action(async (input: string | undefined, { dir }: { dir?: string }) => {
      try {
        await update(folderOf(context.cwd, dir), input, context, lock)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

/** Locks the flake that a folder's configuration gives, and puts the lock into the folder. */
export async function update(
  folder: string,
  input: string | undefined,
  context: CliContext,
  lock: LockFlake,
): Promise<void> {
  const compiled = await readCompiled(folder, context)
  if (!compiled) return
  const known = compiled.inventory.inputs.map(({ name }) => name)
  if (input !== undefined && !known.includes(input)) {
    context.stderr(`no flake input is called '${input}'; there are ${known.join(', ')}\n`)
    context.exit(1)
    return
  }
  const before = compiled.source.texts.get('flake.lock')
  const work = await mkdtemp(join(tmpdir(), 'nixcluster-update-'))
  try {
    // The whole tree: an input may be a folder of it.
    await cp(folder, work, {
      recursive: true,
      filter: (path) => !['.git', 'node_modules'].includes(basename(path)),
    })
    if (compiled.inventory.hasSourceFlake)
      await rename(join(work, sourceFlakeFile), join(work, movedSourceFlake))
    await writeFiles(work, compiled.rendered)
    await lock(work, input).catch((cause: Error) => {
      throw new Error(`flake.lock is not written: ${cause.message}`, { cause })
    })
    const after = await readFile(join(work, 'flake.lock'), 'utf8')
    if (after === before) {
      context.stdout('flake.lock is as it was\n')
      return
    }
    await copyFile(join(work, 'flake.lock'), join(folder, 'flake.lock'))
    context.stdout('flake.lock is written; commit it\n')
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
