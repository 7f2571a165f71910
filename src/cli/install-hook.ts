import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shellWord } from '../exec/shell-word.ts'

export interface InstalledHook {
  /** Absolute: a hook's PATH is short. */
  readonly program: string
  readonly url: string
  readonly repository: string
  /** Absolute; only its name is written into the hook. */
  readonly secretFile: string
  readonly limit?: string
}

const mark = '# Written by nixcluster hook install.'

/** Writes the post-receive hook of a bare repository and gives its path; a hook by others stays, with an error. */
export async function installHook(bareRepository: string, hook: InstalledHook): Promise<string> {
  await stat(join(bareRepository, 'objects')).catch((cause: unknown) => {
    throw new Error(`${bareRepository} is no bare repository`, { cause })
  })
  const file = join(bareRepository, 'hooks', 'post-receive')
  const present = await readFile(file, 'utf8').catch(() => mark)
  if (!present.includes(mark)) {
    throw new Error(`${file} is not ours: add this line to it: ${commandLine(hook)}`)
  }
  await mkdir(join(bareRepository, 'hooks'), { recursive: true })
  await writeFile(file, script(hook))
  await chmod(file, 0o755)
  return file
}

/** The controller's own pushes need nothing, and starting a program for each would slow every step down. */
const script = (hook: InstalledHook): string => `#!/bin/sh
${mark}
updates=$(grep -v ' refs/heads/nixcluster/') || exit 0
printf '%s\\n' "$updates" | ${commandLine(hook)}
`

function commandLine({ program, url, repository, secretFile, limit }: InstalledHook): string {
  const words = [
    ...[program, 'hook', 'post-receive'],
    ...['--url', url, '--repository', repository, '--secret-file', secretFile],
    ...(limit === undefined ? [] : ['--limit', limit]),
  ]
  return words.map(shellWord).join(' ')
}
