import { existsSync } from 'node:fs'
import { access, constants, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fine, warning, type Finding } from '../model/finding.ts'

/** Looks at the hooks of a repository that is a folder here; those of another machine are not shown to anybody. */
export async function examineHooks(
  folder: string | undefined,
  branches: readonly string[],
): Promise<readonly Finding[]> {
  const named = branches.join(' and ')
  const guard = `a pre-receive or update hook that takes ${named} from the controller’s user alone`
  if (folder === undefined) {
    return [
      warning(
        'own branches',
        `who may push ${named} cannot be seen from here`,
        `on the git server: ${guard}`,
      ),
      warning(
        'hook',
        'whether its post-receive hook tells us cannot be seen from here',
        'nixcluster hook install, on the git server; else only the poll finds pushes',
      ),
    ]
  }
  // That it is not there is told by git.
  if (!existsSync(folder)) return []
  const places = [join(folder, 'hooks'), join(folder, '.git/hooks')]
  const isThere = async (name: string): Promise<boolean> => {
    const found = places.map((place) =>
      access(join(place, name), constants.X_OK).then(
        () => true,
        () => false,
      ),
    )
    return (await Promise.all(found)).includes(true)
  }
  const guarding = (await isThere('pre-receive'))
    ? 'pre-receive'
    : (await isThere('update'))
      ? 'update'
      : undefined
  const telling = await Promise.all(
    places.map((place) => readFile(join(place, 'post-receive'), 'utf8').catch(() => '')),
  )
  return [
    guarding === undefined
      ? warning('own branches', `whoever may push anything may push ${named}`, `have ${guard}`)
      : fine('own branches', `its ${guarding} hook says who may push; what it says is not seen`),
    telling.some((text) => text.includes('nixcluster')) && (await isThere('post-receive'))
      ? fine('hook', 'its post-receive hook tells us')
      : warning(
          'hook',
          'no post-receive hook tells us: only the poll finds pushes, and pushers see no plan',
          `nixcluster hook install ${folder}`,
        ),
  ]
}
