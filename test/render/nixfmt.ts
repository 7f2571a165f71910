import { execFileSync } from 'node:child_process'
import { linked } from '../../scripts/cache.ts'

/** What nixfmt makes of a Nix file; throws with its words where that is none. */
export function nixfmt(text: string): string {
  return execFileSync(linked('nixfmt')!, ['-'], { input: text, encoding: 'utf8', stdio: 'pipe' })
}
