import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Config, RepositoryConfig } from '../config/config.ts'
import { createGitea } from '../forge/gitea.ts'
import { createGithub } from '../forge/github.ts'
import { createPlainGit } from '../forge/plain-git.ts'
import { createGit } from '../git/git.ts'
import { createLedgerStore } from '../git/ledger-store.ts'
import type { Repository } from '../jobs/repository.ts'
import { createSource } from '../jobs/source.ts'
import type { Compile } from '../model/compilation.ts'
import type { Forge } from '../model/forge.ts'
import type { Git, Log } from '../model/ports.ts'

/** Opens the configured repositories; throws where a branch has to be asked for and nobody answers. */
export async function openRepositories(
  config: Config,
  env: Readonly<Record<string, string>>,
  compile: Compile,
  log: Log,
): Promise<ReadonlyMap<string, Repository>> {
  const opened = await Promise.all(
    config.repositories.map((repository) => openRepository(config, repository, env, compile, log)),
  )
  return new Map(opened.map((repository) => [repository.name, repository]))
}

async function openRepository(
  config: Config,
  settings: RepositoryConfig,
  env: Readonly<Record<string, string>>,
  compile: Compile,
  log: Log,
): Promise<Repository> {
  const { name, url, token } = settings
  const mirror = join(config.stateDir, 'mirrors', `${name.replaceAll(/[^\w.-]+/g, '-')}.git`)
  const keyFile = config.ssh.identityFile
  const git = createGit({
    url,
    mirror,
    env,
    ...(settings.forge !== 'git' ? { refs: ['refs/pull/*/head'] } : {}),
    ...(token !== undefined && /^https?:/.test(url)
      ? { identity: { kind: 'http' as const, authorization: () => Promise.resolve(basic(token)) } }
      : keyFile !== undefined
        ? { identity: { kind: 'ssh' as const, keyFile } }
        : {}),
  })
  const branch =
    settings.branch ??
    (await git.defaultBranch().catch((cause: Error) => {
      throw new Error(`repository '${name}': ${cause.message}; check its url`, { cause })
    }))
  return {
    name,
    branch,
    generatedBranch: settings.generatedBranch ?? `nixcluster/${branch}`,
    mirror,
    git,
    forge: openForge(settings, branch, git, log),
    // The ledger's id is a name, not a secret: the same repository gives the same.
    ledger: createLedgerStore({ git, id: digest(`${name} ${url}`) }),
    source: createSource(git, compile),
    ...(settings.showContents === undefined ? {} : { showContents: settings.showContents }),
    proposalBranches: settings.proposalBranches,
  }
}

function openForge(
  { forge, project = '', token = '', apiUrl = '' }: RepositoryConfig,
  branch: string,
  git: Git,
  log: Log,
): Forge {
  switch (forge) {
    case 'git':
      return createPlainGit({ git, branch, log })
    case 'github':
      return createGithub({ project, branch, token, apiUrl })
    case 'gitea':
      return createGitea({ project, branch, token, apiUrl })
  }
}

/** As GitHub and Gitea take a token over HTTPS: with any name beside it. */
const basic = (token: string): string =>
  `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`

const digest = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16)
