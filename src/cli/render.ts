import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { RenderedTree } from '../model/compilation.ts'
import { count } from '../report/wording.ts'
import { readCompiled } from './compiled.ts'
import type { CliContext } from './context.ts'
import { folderOf } from './folder.ts'
import { couldNotRun } from './output.ts'

/** `nixcluster render --out DIR`: the generated files, as the generated branch would have them. */
export function register(program: Command, context: CliContext): void {
  program
    .command('render')
    .description('write the generated files into a folder')
    .requiredOption(
      '--out <folder>',
      'where to write, - for the standard output; what is there of the same name is replaced',
    )
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .addHelpText('after', '\nExample: nixcluster render --out /tmp/rendered')
    .action(async ({ dir, out }: { dir?: string; out: string }) => {
      try {
        const folder = folderOf(context.cwd, dir)
        const target = out === '-' ? undefined : resolve(context.cwd, out)
        if (target === folder) {
          context.stderr(
            'generated files do not stand among those of the source: name another folder\n',
          )
          context.exit(1)
          return
        }
        const compiled = await readCompiled(folder, context)
        if (!compiled) return
        if (target === undefined) {
          writeStream(context.stdout, compiled.rendered)
          return
        }
        await writeFiles(target, compiled.rendered)
        context.stdout(`${count(compiled.rendered.files.size, 'file')} written to ${out}\n`)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

/** Writes generated files below a folder. */
export async function writeFiles(folder: string, { files }: RenderedTree): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** Characters that are written at once: a call for each file would cost more than the file. */
const portion = 1_000_000

/** Writes generated files one after another, each below its path. */
function writeStream(write: (text: string) => void, { files }: RenderedTree): void {
  let text = ''
  for (const [path, content] of files) {
    text += `# ==> ${path}\n${content}\n`
    if (text.length < portion) continue
    write(text)
    text = ''
  }
  write(text)
}
