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
  if (paths.has('flake.nix')) {
    complaints.warn(
      'compile/source-flake',
      'flake.nix is kept as flake.source.nix beside the generated one; its inputs and outputs are not merged yet',
      { file: 'flake.nix', document: 0, path: [] },
    )
  }
}
