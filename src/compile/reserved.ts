import { movedSourceFlake } from '../render/flake.ts'
import type { Complaints } from './complaints.ts'

/**
 * Complains about files of the source that the generated branch has another use for: nothing of a
 * user's is left out or moved in silence.
 */
export function checkReserved(paths: ReadonlySet<string>, complaints: Complaints): void {
  const reserved = [...paths].filter((path) => path.startsWith('nixcluster/')).sort()[0]
  if (reserved !== undefined) {
    complaints.error(
      'compile/reserved-folder',
      'the folder nixcluster/ is the generated branch’s own',
      { file: reserved, document: 0, path: [] },
      'give the folder another name',
    )
  }
  if (paths.has(movedSourceFlake))
    complaints.error(
      'compile/reserved-file',
      `${movedSourceFlake} is where flake.nix goes in the generated branch`,
      { file: movedSourceFlake, document: 0, path: [] },
      'give the file another name',
    )
}
