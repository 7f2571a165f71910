import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Config, RepositoryConfig } from '../config/config.ts'
import { createGitea } from '../forge/gitea.ts'
import { createGithub } from '../forge/github.ts'
import { basicAuthorization, createGithubClient } from '../forge/github-client.ts'
import type { GithubClient, GithubWaits } from '../forge/github-client.ts'
import { withoutOwnBranches } from '../forge/own-branches.ts'
import { createPlainGit } from '../forge/plain-git.ts'
import { createGit } from '../git/git.ts'
import { createLedgerStore } from '../git/ledger-store.ts'
import type { Repository } from '../jobs/repository.ts'
import { createSource } from '../jobs/source.ts'
import { createTroubles } from '../log/troubles.ts'
import type { Compile } from '../model/compilation.ts'
import type { Forge } from '../model/forge.ts'
import type { Git, Log } from '../model/ports.ts'

export interface Repositories {
  /** Those that are open, by name; it grows. */
  readonly open: ReadonlyMap<string, Repository>
  /** Why each of the others is not open; credentials may be in it. */
  closed(): readonly string[]
  /** Tries once more to open the others; never throws. */
  openOthers(): Promise<void>
}

/**
 * Opens the configured repositories. One that cannot be opened holds up no other: it is tried again.
 * Throws where none can be.
 */
export async function openRepositories(
  config: Config,
  env: Readonly<Record<string, string>>,
  compile: Compile,
  log: Log,
): Promise<Repositories> {
  const waits: GithubWaits = new Map()
  const world = { env, compile, log, waits }
  const open = new Map<string, Repository>()
  const closed = new Map<string, string>()
  const textOf = (error: Error): string => `${error.message}; it is tried again`
  const tryToOpen = async (settings: RepositoryConfig): Promise<Error | undefined> => {
    try {
      open.set(settings.name, await openRepository(config, settings, world))
      closed.delete(settings.name)
      return undefined
    } catch (error) {
      closed.set(settings.name, textOf(error as Error))
      return error as Error
    }
  }
  const openOthers = async (): Promise<readonly Error[]> => {
    const others = config.repositories.filter(({ name }) => !open.has(name))
    const errors = await Promise.all(others.map(tryToOpen))
    return errors.filter((error) => error !== undefined)
  }
  const troubles = createTroubles(() => new Date())
  const tell = (errors: readonly Error[]): void => {
    for (const error of errors)
      if (troubles.failed(error.message, error.message)) log.error({ err: error }, textOf(error))
  }
  const errors = await openOthers()
  if (open.size === 0 && errors[0] !== undefined) throw errors[0]
  tell(errors)
  let opening: Promise<void> | undefined
  return {
    open,
    closed: () => [...closed.values()],
    openOthers: () =>
      (opening ??= openOthers()
        .then(tell)
        .finally(() => (opening = undefined))),
  }
}

interface World {
  readonly env: Readonly<Record<string, string>>
  readonly compile: Compile
  readonly log: Log
  readonly waits: GithubWaits
}

async function openRepository(
  config: Config,
  settings: RepositoryConfig,
  { env, compile, log, waits }: World,
): Promise<Repository> {
  const { name, url } = settings
  const mirror = mirrorOf(config.stateDir, name)
  const keyFile = config.ssh.identityFile
  const github = githubOf(settings, waits)
  const authorization = authorizationOf(settings, github)
  const git = createGit({
    url,
    mirror,
    env,
    ...(settings.forge !== 'git' ? { refs: ['refs/pull/*/head'] } : {}),
    ...(authorization !== undefined && /^https?:/.test(url)
      ? { identity: { kind: 'http' as const, authorization } }
      : keyFile !== undefined
        ? { identity: { kind: 'ssh' as const, keyFile } }
        : {}),
  })
  const branch =
    settings.branch ??
    (await git.defaultBranch().catch((cause: Error) => {
      throw new Error(`repository '${name}': ${cause.message}; check its url`, { cause })
    }))
  const generatedBranch = settings.generatedBranch ?? `nixcluster/${branch}`
  return {
    name,
    branch,
    generatedBranch,
    mirror,
    git,
    forge: withoutOwnBranches(openForge(settings, branch, git, github, log), generatedBranch),
    // The ledger's id is a name, not a secret: the same repository gives the same.
    ledger: createLedgerStore({ git, id: digest(`${name} ${url}`) }),
    source: createSource(git, compile),
    ...(settings.showContents === undefined ? {} : { showContents: settings.showContents }),
    proposalBranches: settings.proposalBranches,
  }
}

function openForge(
  { forge, url, project = '', token = '', apiUrl = '', planAccount }: RepositoryConfig,
  branch: string,
  git: Git,
  github: GithubClient | undefined,
  log: Log,
): Forge {
  if (github !== undefined) return createGithub(github, branch, planAccount)
  const account = planAccount === undefined ? {} : { planAccount }
  return forge === 'gitea'
    ? createGitea({ project, branch, token, apiUrl, ...account })
    : createPlainGit({ git, branch, log, ...(url.startsWith('/') ? { folder: url } : {}) })
}

function githubOf(
  { forge, project = '', token = '', app, apiUrl = '' }: RepositoryConfig,
  waits: GithubWaits,
): GithubClient | undefined {
  if (forge !== 'github') return undefined
  const credential =
    app === undefined ? { kind: 'token' as const, token } : { kind: 'app' as const, ...app }
  return createGithubClient({ project, apiUrl, waits, credential })
}

/** How git shows over HTTPS who it is; Gitea takes a token as GitHub does. */
function authorizationOf(
  { token }: RepositoryConfig,
  github: GithubClient | undefined,
): (() => Promise<string>) | undefined {
  if (github !== undefined) return () => github.gitAuthorization()
  return token === undefined ? undefined : () => Promise.resolve(basicAuthorization(token))
}

/** Folder of a repository's bare mirror. */
export const mirrorOf = (stateDir: string, name: string): string =>
  join(stateDir, 'mirrors', `${name.replaceAll(/[^\w.-]+/g, '-')}.git`)

const digest = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16)
