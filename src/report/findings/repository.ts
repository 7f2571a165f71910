import { GitError } from '../../model/errors.ts'
import { fine, warning, wrong, type Finding } from '../../model/finding.ts'
import type { CommitInfo } from '../../model/ports.ts'
import { count, shortCommit } from '../wording.ts'

/** Why a repository cannot be read. */
export function unreadableFinding(url: string, error: unknown): Finding {
  const said = error instanceof Error ? error.message : String(error)
  const advice = /permission denied|publickey/i.test(said)
    ? 'give the public half of ssh.identityFile to the repository as a deploy key'
    : /host key verification/i.test(said)
      ? 'write the git server’s key into the known_hosts of the controller’s user: ssh-keyscan'
      : /authentication failed|could not read (username|password)|\b40[13]\b/i.test(said)
        ? 'check the token: it needs to read the contents of this repository'
        : 'check its url, and that the controller’s user can read it'
  // As the start of the controller tells it, which names the repository and what to do.
  const why = said.replace(/^repository '[^']*': /, '').replace(/; check its url$/, '')
  return wrong('url', `${url}: ${why}`, advice)
}

/** The deployed branch, as it stands. */
export function branchFinding(
  branch: string,
  tip: string | undefined,
  mistakes: number,
  machines: number | undefined,
): Finding {
  if (tip === undefined) {
    return wrong(
      'branch',
      `there is no branch ${branch}`,
      'push it, or name another one as branch in the settings',
    )
  }
  const place = `${branch} ${shortCommit(tip)}`
  if (mistakes > 0) {
    return warning(
      'branch',
      `${place} has ${count(mistakes, 'mistake')}: nothing of it is deployed`,
      'nixcluster validate, in a clone of it, says what and where',
    )
  }
  return fine('branch', `${place}, ${count(machines ?? 0, 'machine')}`)
}

/** Whether we may push, as far as the remote tells before it is pushed. */
export function pushFinding(
  { mayPush, pushes }: { readonly mayPush: true | unknown; readonly pushes: boolean },
  branch: string,
): Finding {
  const name = 'push'
  if (mayPush === true) {
    return pushes
      ? fine(name, `we may push ${branch}`)
      : warning(
          name,
          'this role could push, and never does',
          'give it a deploy key, or a token, that may only read the contents; with plain git, one that a hook lets push refs/notes/nixcluster alone',
        )
  }
  const said = mayPush instanceof GitError ? mayPush.message : String(mayPush)
  return pushes
    ? wrong(
        name,
        `the remote does not take ${branch} from us: ${said}`,
        'let the controller’s key, token or user write to the repository',
      )
    : fine(name, 'this role may only read, as it should')
}

/** Who wrote the tip of a branch that only we may write. */
export function ownFinding(
  branch: string,
  tip: Pick<CommitInfo, 'id' | 'author' | 'date'> | undefined,
  us: string,
): Finding {
  if (tip === undefined) return fine(branch, 'not there yet')
  const { id, author, date } = tip
  return author === us
    ? fine(branch, `${shortCommit(id)}, a commit of ours`)
    : wrong(
        branch,
        `${shortCommit(id)} was written by ${author}, ${date.slice(0, 10)}`,
        'find out who pushed it and why, push our last commit there again, and let nobody else push the branch',
      )
}
