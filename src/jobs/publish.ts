import { generatedTree } from '../render/generated-tree.ts'
import type { CompiledSource } from './source.ts'
import type { Repository } from './repository.ts'

export interface PublishSettings {
  /** Written as a trailer; a commit of another version is rendered again. */
  readonly version: string
}

/** What this process rendered a source to. */
const rendered = new WeakMap<CompiledSource, { readonly head: string; readonly version: string }>()

/**
 * Ensures that the generated branch holds the rendering of a source commit and gives the generated
 * commit; no new one where the tree is the same. Throws GitError; a lost race is tried again.
 */
export async function publish(
  repository: Repository,
  commit: string,
  source: CompiledSource,
  settings: PublishSettings,
): Promise<string> {
  const { git, generatedBranch } = repository
  for (;;) {
    const head = await git.remoteTip(generatedBranch)
    const known = rendered.get(source)
    if (head !== undefined && known?.head === head && known.version === settings.version)
      return head
    // Whatever its message says, somebody else may have pushed there: only what we render counts.
    const generated = await writeGenerated(repository, commit, source, head, settings)
    rendered.set(source, { head: generated, version: settings.version })
    if (generated === head) return head
    if ((await git.push(generatedBranch, generated, head)) === 'pushed') return generated
    await git.fetch()
  }
}

/** Writes the generated commit of a source tree into the mirror; moves no branch. */
export async function writeGenerated(
  { git }: Pick<Repository, 'git'>,
  commit: string,
  { entries, compilation }: CompiledSource,
  parent: string | undefined,
  { version }: PublishSettings,
): Promise<string> {
  if (compilation.rendered === undefined) throw new Error(`${commit} does not compile`)
  const { kept, files } = generatedTree(entries, compilation.rendered)
  const subject = (await git.readCommit(commit)).subject
  const generated = await git.writeCommit({
    parents: parent === undefined ? [] : [parent],
    kept,
    files,
    message: [
      `Render: ${subject} [skip ci]`,
      '',
      `Source-Commit: ${commit}`,
      `Nixcluster-Version: ${version}`,
      '',
    ].join('\n'),
  })
  if (parent === undefined) return generated
  return (await git.treeOf(parent)) === (await git.treeOf(generated)) ? parent : generated
}
