import type { RenderedTree } from '../model/compilation.ts'
import { movedSourceFlake } from './flake.ts'

/** Forges run or refuse these on a branch of their own. */
const leftOut = ['.github/', '.gitea/', '.forgejo/', '.gitlab-ci.yml', 'nixcluster/']

/** The generated branch's tree: the source's files, moved aside or left out where needed, and ours. */
export function generatedTree<Entry extends { readonly path: string }>(
  source: readonly Entry[],
  rendered: Pick<RenderedTree, 'files'>,
): { readonly kept: readonly Entry[]; readonly files: ReadonlyMap<string, string> } {
  const kept = source
    .filter(({ path }) => !leftOut.some((out) => path === out || path.startsWith(out)))
    .map((entry) => (entry.path === 'flake.nix' ? { ...entry, path: movedSourceFlake } : entry))
  return { kept, files: rendered.files }
}
