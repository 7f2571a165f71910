import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { access, constants, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { simpleGit } from 'simple-git'
import { run, type RunOptions } from '../exec/run.ts'
import { shellWord } from '../exec/shell-word.ts'
import type { CommitInfo, Git, NewCommit, TreeEntry } from '../model/ports.ts'
import { CommandError, GitError, TooLargeError } from '../model/errors.ts'
import { toGitError } from './git-error.ts'
import { importStream } from './import-stream.ts'
import { lockedDown, ownSide, protocolOf } from './locked-down.ts'
import { readBatch, readListing } from './listing.ts'
import { isStale } from './push-report.ts'

export interface GitOptions {
  /** Remote: a path, `file:`, `ssh:` or `https:` address. */
  readonly url: string
  /** Folder of the bare mirror; may be deleted at any time. */
  readonly mirror: string
  /** The whole environment of git; PATH at least. */
  readonly env: Readonly<Record<string, string>>
  readonly identity?: Identity
  /** Fetched beside the branches, `refs/pull/*` + `/head` for instance, to the same names. */
  readonly refs?: readonly string[]
  readonly author?: Author
  readonly now?: () => Date
}

export type Identity =
  | { readonly kind: 'ssh'; readonly keyFile: string }
  /** The value of an HTTP `Authorization` header, asked for at each use. */
  | { readonly kind: 'http'; readonly authorization: () => Promise<string> }

export interface Author {
  readonly name: string
  readonly email: string
}

/** Who writes our commits unless the settings say otherwise. */
export const nixclusterAuthor: Author = { name: 'nixcluster', email: 'nixcluster@localhost' }

/** A remote that says nothing for so long is away, in milliseconds. */
const silenceMs = 120_000

/** What needs no remote takes seconds; a remote that is a folder may lie on a disk that is away. */
const plumbingMs = 600_000

/** What an answer may be long, in characters: more is no configuration of machines. */
const longest = { listing: 128_000_000, files: 192_000_000, commit: 4_000_000 }

const commitFormat = ['%H', '%T', '%P', '%an <%ae>', '%aI', '%(trailers:only,unfold)', '%B'].join(
  '%x00',
)

/** A repository by way of a bare mirror; every verb makes the mirror anew where it has vanished. */
export function createGit(options: GitOptions): Git {
  const { url, mirror, author = nixclusterAuthor, now = () => new Date() } = options
  if (protocolOf(url) === undefined)
    throw new GitError('other', `${withoutSecret(url)} is no address that git is let talk to`)
  const env = lockedDown(options.env, url)
  const local = localPath(url)
  const refspecs = ['refs/heads/*', ...(options.refs ?? [])].map((ref) => `+${ref}:${ref}`)
  const uploadPack = local === undefined ? [] : [ownSide('upload-pack')]
  const receivePack = local === undefined ? [] : [ownSide('receive-pack')]
  let last: Promise<unknown> = Promise.resolve()
  /** commit -> its tree, which never changes */
  const trees = new Map<string, string>()

  /** One at a time: what writes refs of the mirror would trip over git's own lock files. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work)
    last = result.catch(() => undefined)
    return result
  }

  const git = async (
    doing: string,
    args: readonly string[],
    whole: Readonly<Record<string, string>> = env,
  ): Promise<string> => {
    try {
      const client = simpleGit({
        baseDir: mirror,
        // simple-git waits 50 ms more for whatever prints nothing; callers pass --verbose and the like.
        completion: { onClose: true, onExit: false },
        timeout: { block: silenceMs },
        allowEnvironment: Object.keys(whole),
        // Its guards are for words of strangers; these are ours.
        unsafe: {
          allowUnsafeSshCommand: true,
          allowUnsafeConfigEnvCount: true,
          allowUnsafeConfigPaths: true,
          allowUnsafeHooksPath: true,
          allowUnsafeFsMonitor: true,
          allowUnsafePack: true,
        },
      })
      return await client.env(whole).raw([...args])
    } catch (error) {
      throw toGitError(doing, error)
    }
  }

  /** The verbs that talk to the remote, which alone get the credentials. */
  const remoteGit = async (doing: string, args: readonly string[]): Promise<string> => {
    const { settings, variables } = await credentials(options.identity, url)
    return git(doing, args, { ...lockedDown(options.env, url, settings), ...variables })
  }

  /** For what simple-git cannot do: standard input, exit codes that are answers, another folder. */
  const plumb = async (
    doing: string,
    args: readonly string[],
    {
      cwd = mirror,
      ...rest
    }: Pick<RunOptions, 'cwd' | 'input' | 'accept' | 'maxOutput' | 'encoding'> = {},
  ) => {
    try {
      return await run('git', args, { cwd, env, timeoutMs: plumbingMs, ...rest })
    } catch (error) {
      if (error instanceof CommandError && error.limit === 'output')
        throw new TooLargeError(`${doing}: it is too large`, { cause: error })
      throw toGitError(doing, error)
    }
  }

  const ready = async (): Promise<void> => {
    if (existsSync(join(mirror, 'HEAD'))) return
    await fetch()
  }

  const fetch = (): Promise<void> =>
    inTurn(async () => {
      if (!existsSync(join(mirror, 'HEAD'))) {
        await mkdir(mirror, { recursive: true })
        await plumb('making a mirror', ['init', '--quiet', '--bare', '--template=', '.'])
      }
      const args = [...fetchArgs, ...uploadPack, '--prune', '--', url, ...refspecs]
      await unlocking(() => remoteGit(`fetching ${withoutSecret(url)}`, args))
    })

  /** Of a repository with a work tree, too. */
  const gitFolderOf = async (folder: string): Promise<string> => {
    const args = ['rev-parse', '--path-format=absolute', '--git-common-dir']
    return (await plumb(`finding the repository ${folder}`, args, { cwd: folder })).stdout.trim()
  }

  const remoteTipOf = async (ref: string): Promise<string | undefined> => {
    const doing = `reading the tip of ${shortName(ref)}`
    if (local !== undefined) {
      // In the repository itself: a third of the time that a connection to it takes.
      const args = ['for-each-ref', '--format=%(objectname) %(refname)', ref]
      return tipOf((await plumb(doing, args, { cwd: local })).stdout, ref)
    }
    return tipOf(await remoteGit(doing, ['ls-remote', '--refs', '--', url, ref]), ref)
  }

  const pushWithLease = async (
    from: string,
    ref: string,
    expected: string | undefined,
  ): Promise<'pushed' | 'stale'> => {
    const lease = `--force-with-lease=${ref}:${expected ?? ''}`
    try {
      const args = ['push', '--porcelain', lease, ...receivePack, '--', url, `${from}:${ref}`]
      await remoteGit(`pushing ${shortName(ref)}`, args)
      return 'pushed'
    } catch (error) {
      if (isStale(error)) return 'stale'
      throw error
    }
  }

  const readTree = async (commit: string): Promise<readonly TreeEntry[]> => {
    await ready()
    const { stdout: text } = await plumb(
      `reading the tree of ${commit}`,
      ['ls-tree', '-r', '-z', commit],
      { maxOutput: longest.listing },
    )
    return readListing(text)
  }

  return {
    fetch,
    readTree,

    async branches() {
      await ready()
      const text = await git('listing branches', [
        'for-each-ref',
        '--format=%(objectname) %(refname:lstrip=2)',
        'refs/heads/',
      ])
      return new Map(
        lines(text).map((line) => {
          const [id = '', ...name] = line.split(' ')
          return [name.join(' '), id]
        }),
      )
    },

    async remoteTip(branch) {
      if (local === undefined) await ready()
      return remoteTipOf(`refs/heads/${branch}`)
    },

    note: async (ref, commit, text) => {
      await ready()
      return inTurn(async () => {
        const tip = await remoteTipOf(ref)
        if (tip === undefined) await plumb('forgetting notes', ['update-ref', '-d', ref])
        else
          await remoteGit(`fetching ${ref}`, [
            ...fetchArgs,
            ...uploadPack,
            '--',
            url,
            `+${ref}:${ref}`,
          ])
        const notes = [
          '-c',
          `user.name=${author.name}`,
          '-c',
          `user.email=${author.email}`,
          'notes',
        ]
        const hashing = ['hash-object', '-w', '--stdin']
        const blob = (await plumb('writing a note', hashing, { input: text })).stdout.trim()
        const listing = [...notes, '--ref', ref, 'list', commit]
        const { stdout } = await plumb('reading a note', listing, { accept: [0, 1] })
        if (stdout.trim() === blob) return 'same'
        // As a blob: git would tidy a text.
        await plumb('writing a note', [...notes, '--ref', ref, 'add', '-f', '-C', blob, commit])
        return pushWithLease(ref, ref, tip)
      })
    },

    async defaultBranch() {
      const doing = `reading the default branch of ${withoutSecret(url)}`
      const text =
        local !== undefined
          ? (await plumb(doing, ['symbolic-ref', 'HEAD'], { cwd: local })).stdout
          : (await ready(), await remoteGit(doing, ['ls-remote', '--symref', '--', url, 'HEAD']))
      const name = /refs\/heads\/(\S+)/.exec(text)?.[1]
      if (name === undefined) throw new GitError('missing', `${doing}: it has none`)
      return name
    },

    async isAncestor(ancestor, descendant) {
      await ready()
      const args = ['merge-base', '--is-ancestor', ancestor, descendant]
      return (await plumb('comparing commits', args, { accept: [0, 1] })).exitCode === 0
    },

    async mergeBase(a, b) {
      await ready()
      const { stdout } = await plumb('comparing commits', ['merge-base', a, b], { accept: [0, 1] })
      return lines(stdout)[0]
    },

    async commitsSince(older, newer, limit) {
      await ready()
      const range = older === undefined ? newer : `${older}..${newer}`
      const args = ['rev-list', '--first-parent', `--max-count=${limit}`, range, '--']
      return lines((await plumb('listing commits', args)).stdout)
    },

    async readBlobs(ids) {
      await ready()
      if (ids.length === 0) return new Map()
      const { stdout } = await plumb('reading files', ['cat-file', '--batch'], {
        input: ids.map((id) => `${id}\n`).join(''),
        maxOutput: longest.files,
        // One character a byte, as the lengths are counted: what is no UTF-8 would shift the rest.
        encoding: 'latin1',
      })
      return readBatch(ids, Buffer.from(stdout, 'latin1'))
    },

    async sizesOf(ids) {
      await ready()
      if (ids.length === 0) return new Map()
      const { stdout } = await plumb(
        'reading the sizes of files',
        ['cat-file', '--batch-check=%(objectname) %(objectsize)'],
        { input: ids.map((id) => `${id}\n`).join(''), maxOutput: longest.listing },
      )
      const sizes = lines(stdout).map((line) => line.split(' '))
      return new Map(sizes.map(([id = '', size]) => [id, Number(size)]))
    },

    async treeOf(id) {
      await ready()
      const known = trees.get(id)
      if (known !== undefined) return known
      const doing = `finding the tree of ${id}`
      const tree = (await git(doing, ['rev-parse', '--verify', `${id}^{tree}`])).trim()
      if (trees.size > 1000) trees.clear()
      trees.set(id, tree)
      return tree
    },

    async readCommit(commit) {
      await ready()
      const { stdout } = await plumb(
        `reading commit ${commit}`,
        ['log', '-1', '--no-show-signature', `--format=${commitFormat}`, commit, '--'],
        { maxOutput: longest.commit },
      )
      return toCommitInfo(stdout)
    },

    async mergeTree(base, head) {
      await ready()
      const args = ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', base, head]
      const { stdout, exitCode } = await plumb('merging', args, { accept: [0, 1] })
      const [tree = '', ...files] = stdout.split('\0').filter((part) => part !== '')
      return exitCode === 0 ? { kind: 'merged', tree } : { kind: 'conflict', files }
    },

    async writeCommit(commit: NewCommit) {
      await ready()
      const [parent] = commit.parents
      const before = parent === undefined ? [] : await readTree(parent)
      const ref = 'refs/nixcluster/writing'
      const { stdout } = await plumb('writing a commit', ['fast-import', '--quiet', '--done'], {
        input: importStream({ commit, before, ref, author, date: now(), blobId }),
      })
      return stdout.trim()
    },

    push: (branch, commit, expected) =>
      inTurn(async () => {
        const ref = `refs/heads/${branch}`
        const result = await pushWithLease(commit, ref, expected)
        if (result === 'pushed') await plumb('noting what was pushed', ['update-ref', ref, commit])
        return result
      }),

    async tryPush(branch, commit, expected) {
      await ready()
      // A push that is only tried writes nothing, so a folder that cannot be written would not show.
      if (local !== undefined) {
        for (const part of ['objects', 'refs/heads'])
          await access(join(await gitFolderOf(local), part), constants.W_OK).catch(
            (cause: unknown) => {
              throw new GitError('rejected', `${local} cannot be written by this user`, { cause })
            },
          )
      }
      const ref = `refs/heads/${branch}`
      const lease = `--force-with-lease=${ref}:${expected ?? ''}`
      const args = ['push', '--dry-run', '--porcelain', lease, ...receivePack, '--', url]
      await remoteGit(`pushing ${branch}`, [...args, `${commit}:${ref}`])
    },

    remove: (branch, expected) =>
      inTurn(async () => {
        const ref = `refs/heads/${branch}`
        const result = await pushWithLease('', ref, expected)
        if (result === 'pushed') await plumb('noting what was removed', ['update-ref', '-d', ref])
        return result
      }),
  }
}

const fetchArgs = [
  'fetch',
  '--verbose',
  '--no-tags',
  '--no-write-fetch-head',
  '--no-recurse-submodules',
]

/** `refs/heads/main` -> `main`, `refs/notes/x` -> `notes/x` */
const shortName = (ref: string): string => ref.replace(/^refs\/(heads\/)?/, '')

/** So old, a lock file is one that a git left behind that was ended, in milliseconds. */
const abandonedMs = 60_000

/** Once more where an abandoned lock file was all that stood in the way. */
async function unlocking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const lock = /'(\/[^']+\.lock)': File exists/.exec(String(error))?.[1]
    const found = lock === undefined ? undefined : await stat(lock).catch(() => undefined)
    if (lock === undefined || found === undefined) throw error
    if (Date.now() - found.mtimeMs < abandonedMs) throw error
    await rm(lock, { force: true })
    return await work()
  }
}

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

const tipOf = (listing: string, ref: string): string | undefined =>
  lines(listing)
    .map((line) => line.split(/\s/))
    .find(([, name]) => name === ref)?.[0]

function localPath(url: string): string | undefined {
  if (url.startsWith('/')) return url
  return url.startsWith('file:///') ? fileURLToPath(url) : undefined
}

const withoutSecret = (url: string): string => url.replace(/\/\/[^/@]*@/, '//')

const blobId = (text: string, algorithm: 'sha1' | 'sha256'): string =>
  createHash(algorithm)
    .update(`blob ${Buffer.byteLength(text)}\0`)
    .update(text)
    .digest('hex')

function toCommitInfo(text: string): CommitInfo {
  const [id = '', tree = '', parents = '', author = '', date = '', trailers = '', body = ''] =
    text.split('\0')
  const message = body.trimEnd()
  return {
    id,
    tree,
    parents: parents.split(' ').filter((parent) => parent !== ''),
    subject: message.split('\n')[0] ?? '',
    message,
    author,
    date,
    trailers: Object.fromEntries(
      lines(trailers).map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon), line.slice(colon + 1).trim()]
      }),
    ),
  }
}

/** How we say who we are: as settings of git, or as variables. */
async function credentials(
  identity: Identity | undefined,
  url: string,
): Promise<{
  readonly settings?: readonly (readonly [key: string, value: string])[]
  readonly variables?: Readonly<Record<string, string>>
}> {
  if (identity === undefined) return {}
  if (identity.kind === 'http') {
    if (!/^https?:/.test(url)) return {}
    const header = `Authorization: ${await identity.authorization()}`
    // For this remote alone: a redirect elsewhere must not carry it away.
    return { settings: [[`http.${new URL(url).origin}.extraHeader`, header]] }
  }
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    'ConnectTimeout=20',
    'ServerAliveInterval=15',
  ]
  const words = ['ssh', '-i', identity.keyFile, ...options.flatMap((option) => ['-o', option])]
  return { variables: { GIT_SSH_COMMAND: words.map(shellWord).join(' ') } }
}
