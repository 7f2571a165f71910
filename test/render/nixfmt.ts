import { execFileSync, spawnSync } from 'node:child_process'
import { linked } from '../../scripts/cache.ts'

/** What nixfmt makes of a Nix file; throws with its words where that is none. */
export function nixfmt(text: string): string {
  return execFileSync(linked('nixfmt')!, ['-'], { input: text, encoding: 'utf8', stdio: 'pipe' })
}

/** What nixfmt says about those of the files that it would write otherwise. */
export function unformatted(folder: string, files: readonly string[]): readonly string[] {
  const { status, stdout, stderr } = spawnSync(linked('nixfmt')!, ['--check', ...files], {
    cwd: folder,
    encoding: 'utf8',
  })
  return status === 0 ? [] : `${stdout}${stderr}`.trim().split('\n')
}
