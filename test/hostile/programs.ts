import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Programs that stand in front of everything on PATH, and note how they were called. */
export interface RecordedPrograms {
  /** Folder for the beginning of PATH. */
  readonly bin: string
  /** Each call of a program: `== ` and its arguments, then its whole environment; empty: it was not called. */
  calls(name: string): readonly string[]
}

/** What each says of its version, which the controller asks at its start; that is not noted. */
const versions: Readonly<Record<string, readonly [flag: string, said: string]>> = {
  nix: ['--version', 'nix (Nix) 2.26.3'],
  deploy: ['--version', 'deploy-rs 1.0.0'],
  ssh: ['-V', 'OpenSSH_9.6p1, OpenSSL 3.0.13'],
}

/** Writes stand-ins that fail with these words, and a git that does its work. */
export function writePrograms(
  folder: string,
  failing: readonly string[],
  words = 'this is a stand-in',
): RecordedPrograms {
  const bin = join(folder, 'bin')
  const noted = join(folder, 'recorded')
  for (const one of [bin, noted]) mkdirSync(one)
  const find = (name: string): string =>
    execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
  const [env, git] = [find('env'), find('git')]
  const write = (name: string, answer: string, then: string): void =>
    writeFileSync(
      join(bin, name),
      // One write for each call: several may run at once.
      `#!/bin/sh\n${answer}printf '%s\\n' "== $*
$('${env}')" >> '${join(noted, name)}'\n${then}\n`,
      { mode: 0o755 },
    )
  for (const name of failing) {
    const [flag, said] = versions[name] ?? []
    write(
      name,
      flag === undefined ? '' : `[ "$1" = ${flag} ] && { echo '${said}'; exit; }\n`,
      `echo '${words}' >&2\nexit 255`,
    )
  }
  write('git', '', `exec '${git}' "$@"`)
  return {
    bin,
    calls(name) {
      try {
        const text = readFileSync(join(noted, name), 'utf8')
        return text.split(/^(?=== )/m).filter((call) => call !== '')
      } catch {
        return []
      }
    },
  }
}
