import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import type { Command } from 'commander'
import type { RenderedTree, SourceTree } from '../model/compilation.ts'
import { generatedTree } from '../render/generated-tree.ts'
import { count } from '../report/wording.ts'
import { compileFolder } from './compile-folder.ts'
import type { CliContext } from './context.ts'
import { folderOf } from './folder.ts'
import { couldNotRun, printErrors } from './output.ts'

/** `nixcluster render --out DIR`: a folder as the generated branch would be, a flake that Nix evaluates. */
export function register(program: Command, context: CliContext): void {
  program
    .command('render')
    .description('write the flake that comes of it into a folder')
    .requiredOption(
      '--out <folder>',
      'where to write, with the source; what is there of the same name is replaced; - prints what is generated',
    )
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .option('--no-cache', 'render everything, also what is as in the run before')
    .addHelpText('after', '\nExample: nixcluster render --out /tmp/rendered')
    .action(async ({ dir, out, cache }: { dir?: string; out: string; cache: boolean }) => {
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
        const compiled = await compileFolder(folder, { needs: 'files', cache }, context)
        const rendered = compiled.rendered()
        if (!rendered) return printErrors(compiled, context)
        if (target === undefined) writeStream(context.stdout, rendered)
        else {
          const copied = await copySource(folder, target, compiled.source, rendered)
          await writeFiles(target, rendered)
          const generated = rendered.files.size
          context.stdout(
            `${count(generated + copied, 'file')} written to ${out}, ${generated} of them generated\n`,
          )
        }
        compiled.leave()
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

type Files = Pick<RenderedTree, 'files'>

/** What of the source is in the generated branch, with what generated files refer to; says how many. */
async function copySource(
  folder: string,
  target: string,
  { paths }: SourceTree,
  rendered: Files,
): Promise<number> {
  const entries = [...paths]
    .filter((path) => !join(folder, path).startsWith(target + sep))
    .map((path) => ({ path, from: join(folder, path) }))
  const { kept } = generatedTree(entries, rendered)
  for (const { path, from } of kept) {
    await mkdir(dirname(join(target, path)), { recursive: true })
    await copyFile(from, join(target, path))
  }
  return kept.length
}

/** Writes generated files below a folder. */
export async function writeFiles(folder: string, { files }: Files): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** Characters that are written at once: a call for each file would cost more than the file. */
const portion = 1_000_000

/** Writes generated files one after another, each below its path. */
function writeStream(write: (text: string) => void, { files }: Files): void {
  let text = ''
  for (const [path, content] of files) {
    text += `# ==> ${path}\n${content}\n`
    if (text.length < portion) continue
    write(text)
    text = ''
  }
  write(text)
}
