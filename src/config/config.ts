import { createPrivateKey } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import type { Code, Complaint, Diagnostic } from '../model/diagnostic.ts'
import type { Forge } from '../model/forge.ts'
import { allRoles, type Role } from '../model/role.ts'
import { parse, type SourceFile } from '../schema/parse.ts'
import { toPlain } from '../schema/tree.ts'
import { toBytes } from './byte-size.ts'
import { toMilliseconds } from './duration.ts'
import { readEnvironment, settingsOf, unknownVariables } from './environment.ts'
import { looksRandom, secretItself, secretsInText, variableWithSecret } from './secret-in-text.ts'
import type { Repository as RepositorySettings, Settings } from './settings.generated.ts'
import { checkSettings, schema } from './settings.ts'

/** The controller's settings, whole: secrets read, paths absolute, times in milliseconds. */
export interface Config {
  /** What this process does. */
  readonly roles: readonly Role[]
  readonly listen: { readonly host: string; readonly port: number }
  /** Where people's browsers reach us, without a slash at the end. */
  readonly publicUrl?: string
  readonly stateDir: string
  /** Without `url` the controller starts a Redis of its own. */
  readonly redis: { readonly url?: string; readonly password?: string }
  readonly ssh: { readonly identityFile?: string }
  readonly pollMs: number
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error'
    readonly format: 'json' | 'pretty' | 'auto'
  }
  readonly limits: {
    readonly bodyBytes: number
    readonly followMs: number
    readonly followers: number
  }
  /** How long a plan waits for Nix. */
  readonly plan: {
    readonly evaluationMs: number
    readonly buildMs: number
    /** What one evaluation may hold in memory. */
    readonly evaluationBytes: number
    readonly importFromDerivation: boolean
  }
  readonly tools: Readonly<Record<'nix' | 'deploy' | 'ssh' | 'redisServer', string>>
  readonly repositories: readonly RepositoryConfig[]
}

export interface RepositoryConfig {
  readonly name: string
  readonly forge: Forge['kind']
  readonly url: string
  /** `owner/name` at the forge. */
  readonly project?: string
  /** Absent: the repository's HEAD. */
  readonly branch?: string
  /** Absent: `nixcluster/<branch>`. */
  readonly generatedBranch?: string
  /** Signs webhooks, hooks and commands; empty for the role `plan`. */
  readonly secret: string
  readonly token?: string
  readonly app?: AppConfig
  /** Comments show what is in files; absent: where the forge says that strangers cannot read them. */
  readonly showContents?: boolean
  /** Login that comments for the role `plan`, where ours is another. */
  readonly planAccount?: string
  readonly proposalBranches: boolean
  /** The forge's REST API, without a slash at the end. */
  readonly apiUrl?: string
}

/** A GitHub App, its key as PEM. */
export interface AppConfig {
  readonly id: string
  readonly privateKey: string
  readonly installation?: number
}

/** A file as `readConfig` needs it: its text, and its permission bits. */
export interface SecretFile {
  readonly text: string
  readonly mode: number
}

export interface ConfigSource {
  /** The path of `controller.yaml`, absolute; relative paths in it start there. */
  readonly file: string
  /** Undefined where there is no file: the environment may say it all. */
  readonly text: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Throws where the file cannot be read. */
  readonly readFile: (path: string) => SecretFile
  /** What the process will do, all of it by default: a role reads only its own secrets. */
  readonly roles?: readonly Role[]
}

/** Reads and checks the settings; all problems at once, and no config when one of them is an error. */
export function readConfig(source: ConfigSource): {
  readonly config?: Config
  readonly diagnostics: readonly Diagnostic[]
} {
  const { file, env } = source
  const yaml = parse(file, source.text ?? '')
  const root = yaml.documents[0]
  const data: unknown = (root === undefined ? undefined : toPlain(root)) ?? {}
  const fromEnvironment = readEnvironment(schema, withRedisUrl(env))
  const isMap = typeof data === 'object' && !Array.isArray(data)
  if (isMap) for (const { path, value } of fromEnvironment) put(data, path, value)

  const problems: Diagnostic[] = yaml.complaints.map((complaint) => toDiagnostic(yaml, complaint))
  const told: Path[] = []
  const complain: Complain = (path, code, message, more = {}) => {
    const variable = fromEnvironment.find((setting) => String(setting.path) === String(path))
    told.push(path)
    problems.push({
      severity: more.severity ?? 'error',
      code,
      message,
      ...(more.hint === undefined ? {} : { hint: more.hint }),
      ...(variable === undefined
        ? {
            file,
            ...yaml.locate({ file, document: 0, path, ...(more.atKey ? { atKey: true } : {}) }),
          }
        : atVariable(nameOf(variable.variable, env))),
    })
  }
  for (const { variable, meant, isSecret } of unknownVariables(schema, env)) {
    problems.push(
      isSecret
        ? {
            ...{ severity: 'error', code: 'config/secret-in-text' },
            ...{ ...variableWithSecret(variable), ...atVariable(variable) },
          }
        : {
            ...{ severity: 'warning', code: 'config/unknown-variable' },
            message: `no setting is called ${variable}${meant === undefined ? '' : `, did you mean ${meant}?`}`,
            ...atVariable(variable),
          },
    )
  }
  if (!isMap) complain([], 'config/value', 'the settings are no map')
  if (!isMap || yaml.complaints.some(({ severity }) => severity === 'error'))
    return { diagnostics: problems }
  for (const { path, message, hint, atKey = false } of secretsInText(schema, data))
    complain(path, 'config/secret-in-text', message, { hint, atKey })
  // Whatever else is wrong with a text that holds a secret would show the secret.
  const withSecret = new Set(told.map(String))
  const complainOnce: Complain = (path, ...rest) => {
    if (!withSecret.has(String(path))) complain(path, ...rest)
  }
  const isWhole = checkSettings(data, complainOnce)
  const broken = [...told]
  const readSecret = secretReader(source, data, complainOnce)
  // What the schema refused is not looked at any further, so that each mistake is told once.
  const config = isWhole ? decode(data, source, readSecret, complainOnce) : undefined
  if (!isWhole) checkWholeRepositories(data, source, broken, complainOnce)
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  return config === undefined || hasErrors(problems)
    ? { diagnostics: sorted }
    : { config, diagnostics: sorted }
}

/** Everything in the settings that must not be seen; the machines' key is read by ssh alone. */
export const secretsOf = ({ repositories, redis }: Config): readonly string[] =>
  [
    ...repositories.flatMap(({ secret, token, app }) => [secret, token, app?.privateKey]),
    redis.password,
  ].filter((secret): secret is string => secret !== undefined && secret !== '')

type Path = readonly (string | number)[]

/** A variable has neither lines nor columns. */
const atVariable = (variable: string) =>
  ({ file: variable, line: 1, column: 1, endLine: 1, endColumn: 1 }) as const

/** Adds a problem at a place in the settings. */
export type Complain = (
  path: Path,
  code: Code,
  message: string,
  more?: {
    readonly severity?: 'error' | 'warning'
    readonly hint?: string
    readonly atKey?: boolean
  },
) => void

/** Gives the text of a setting's file, read once and told where it cannot be; empty where there is none. */
type ReadSecret = (path: Path) => string

/** Reads every file with a secret that the settings name, in whatever state the rest of them is. */
function secretReader(source: ConfigSource, data: unknown, complain: Complain): ReadSecret {
  const repositories = valueAt(data, ['repositories'])
  const indices = Array.isArray(repositories) ? [...repositories.keys()] : []
  const { roles = allRoles } = source
  const texts = new Map<string, string>()
  for (const { path } of settingsOf(schema, () => indices)) {
    const name = valueAt(data, path)
    const key = path.at(-1)
    if (!String(key).endsWith('File') || typeof name !== 'string' || name === '') continue
    const owners = ownersOf[String(key)] ?? allRoles
    if (!owners.some((role) => roles.includes(role))) continue
    const text = secretIn(source, name, (code, message, more) =>
      complain(path, code, message, more),
    )
    texts.set(String(path), text)
    // What cannot be read or is empty was told already.
    if (text === '') continue
    if (key === 'secretFile' && text.length < 16) {
      complain(path, 'config/weak-secret', 'the secret is shorter than 16 characters', {
        hint: 'openssl rand -hex 32',
      })
    }
    if (key === 'privateKeyFile' && !isRsaKey(text)) {
      complain(path, 'config/private-key', 'the file has no private RSA key in PEM', {
        hint: "GitHub makes one on the App's page, below Private keys",
      })
    }
  }
  return (path) => texts.get(String(path)) ?? ''
}

/** What stands at a path of data of any form. */
const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce(
    (owner, step) => (owner as Record<string | number, unknown> | null | undefined)?.[step],
    data,
  )

/** Where something else keeps the settings from being used: what can be told of each repository all the same. */
function checkWholeRepositories(
  data: unknown,
  source: ConfigSource,
  broken: readonly Path[],
  complain: Complain,
): void {
  const repositories = valueAt(data, ['repositories'])
  if (!Array.isArray(repositories)) return
  for (const [index, repository] of repositories.entries()) {
    const here = String(['repositories', index])
    if (broken.some((path) => `${String(path)},`.startsWith(`${here},`))) continue
    const others = repositories as readonly RepositorySettings[]
    decodeRepository(others, repository as RepositorySettings, index, source, () => '', complain)
  }
}

function decode(
  settings: Settings,
  source: ConfigSource,
  readSecret: ReadSecret,
  complain: Complain,
): Config {
  const place = placeIn(source)
  const { redis, ssh, limits } = settings
  const { roles = allRoles } = source
  if (redis.url === undefined && roles.length < allRoles.length) {
    complain(['redis'], 'config/role-needs-redis', 'roles apart need one Redis for all of them', {
      hint: 'name it as redis.url',
    })
  }
  for (const key of ['stateDir', 'ssh.identityFile'] as const) {
    const path = key === 'stateDir' ? settings.stateDir : ssh.identityFile
    if (path === undefined || !/[\s"%]/.test(place(path))) continue
    complain(
      key.split('.'),
      'config/path',
      `${place(path)} has a space, a quote or a percent sign`,
      {
        hint: 'deploy-rs and ssh have no quoting for it: choose another folder',
      },
    )
  }
  return {
    roles,
    listen: settings.listen,
    ...(settings.publicUrl === undefined
      ? {}
      : { publicUrl: settings.publicUrl.replace(/\/+$/, '') }),
    stateDir: place(settings.stateDir),
    redis: {
      ...(redis.url === undefined ? {} : { url: redis.url }),
      ...(redis.passwordFile === undefined
        ? {}
        : { password: readSecret(['redis', 'passwordFile']) }),
    },
    ssh: ssh.identityFile === undefined ? {} : { identityFile: place(ssh.identityFile) },
    pollMs: toMilliseconds(settings.poll),
    log: settings.log,
    limits: {
      bodyBytes: limits.bodyBytes,
      followMs: toMilliseconds(limits.follow),
      followers: limits.followers,
    },
    plan: {
      evaluationMs: toMilliseconds(settings.plan.evaluationLimit),
      buildMs: toMilliseconds(settings.plan.buildLimit),
      evaluationBytes: toBytes(settings.plan.evaluationMemory),
      importFromDerivation: settings.plan.importFromDerivation,
    },
    tools: settings.tools,
    repositories: settings.repositories.map((repository, index) =>
      decodeRepository(settings.repositories, repository, index, source, readSecret, complain),
    ),
  }
}

/** Whose a secret is, by the setting that names its file; nobody else needs to be able to read it. */
const ownersOf: Readonly<Record<string, readonly Role[]>> = {
  passwordFile: allRoles,
  secretFile: ['webhook', 'deploy'],
  tokenFile: ['plan', 'deploy'],
  privateKeyFile: ['plan', 'deploy'],
  identityFile: ['plan', 'deploy'],
}

function decodeRepository(
  repositories: readonly RepositorySettings[],
  repository: RepositorySettings,
  index: number,
  source: ConfigSource,
  readSecret: ReadSecret,
  complain: Complain,
): RepositoryConfig {
  const at = (...keys: string[]): Path => ['repositories', index, ...keys]
  const { name, forge, url, branch, generatedBranch, tokenFile, app } = repository
  if (repositories.findIndex((other) => other?.name === name) < index) {
    complain(at('name'), 'config/duplicate-name', `a repository above is called '${name}' as well`)
  }
  const project = repository.project ?? projectOf(url)
  if (forge !== 'git' && project === undefined) {
    const where = forgeNames[forge]
    complain(at('url'), 'config/no-project', `the URL does not tell owner and name at ${where}`, {
      hint: 'add project: owner/name',
    })
  }
  if (forge !== 'git' && tokenFile === undefined && (forge !== 'github' || app === undefined)) {
    const what = forge === 'github' ? 'a tokenFile or an app' : 'a tokenFile'
    const message = `'${name}' needs ${what} for ${forgeNames[forge]}`
    complain(['repositories', index], 'config/no-token', message)
  }
  const apiUrl = forge === 'git' ? undefined : (repository.apiUrl ?? usualApiUrl(forge, url))
  if (forge !== 'git' && apiUrl === undefined) {
    complain(at('url'), 'config/no-api-url', `the URL does not tell where Gitea's API is`, {
      hint: 'add apiUrl, for example https://git.example.com/api/v1',
    })
  }
  if (app !== undefined && (forge !== 'github' || tokenFile !== undefined)) {
    const [why, hint] =
      forge === 'github'
        ? ['there is a tokenFile already, and one of both is used', 'remove one of them']
        : [`'${forge}' has no Apps`, 'remove it, or say forge: github']
    complain(at('app'), 'config/needless-app', why, { hint, atKey: true })
  }
  return {
    name,
    forge,
    url: isLocalPath(url) ? placeIn(source)(url) : url,
    ...(project === undefined ? {} : { project }),
    ...(branch === undefined ? {} : { branch }),
    ...(generatedBranch === undefined ? {} : { generatedBranch }),
    secret: readSecret(at('secretFile')),
    ...(tokenFile === undefined ? {} : { token: readSecret(at('tokenFile')) }),
    ...(app === undefined ? {} : { app: toApp(app, readSecret(at('app', 'privateKeyFile'))) }),
    ...(repository.showContents === undefined ? {} : { showContents: repository.showContents }),
    ...(repository.planAccount === undefined ? {} : { planAccount: repository.planAccount }),
    proposalBranches: repository.proposalBranches,
    ...(apiUrl === undefined ? {} : { apiUrl: apiUrl.replace(/\/+$/, '') }),
  }
}

const toApp = (
  { id, installation }: NonNullable<RepositorySettings['app']>,
  privateKey: string,
): AppConfig => ({
  ...{ id: String(id), privateKey },
  ...(installation === undefined ? {} : { installation }),
})

/** Relative paths start at the folder of the settings. */
const placeIn =
  ({ file }: ConfigSource) =>
  (path: string): string =>
    resolve(dirname(file), path)

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

function secretIn(
  source: ConfigSource,
  name: string,
  complain: (code: Code, message: string, more?: Parameters<Complain>[3]) => void,
): string {
  const file = placeIn(source)(name)
  try {
    const { text, mode } = source.readFile(file)
    if (text.trim() === '') complain('config/secret-file', `${file} is empty`)
    // Its group may: what systemd hands over as a credential looks so.
    else if ((mode & 0o007) !== 0) {
      const message = `${file} may be read by others (mode ${(mode & 0o777).toString(8)})`
      complain('config/secret-file', message, { severity: 'warning' })
    }
    return text.trim()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if ((looksRandom(name) && code !== 'EACCES') || code === 'ENAMETOOLONG')
      complain('config/secret-in-text', secretItself, {
        hint: 'write it to a file, and name that here',
      })
    else {
      const why = troubles[code] ?? (code === '' ? message : code)
      complain('config/secret-file', `${file} cannot be read: ${why}`)
    }
    return ''
  }
}

const troubles: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not (EACCES)',
  EISDIR: 'it is a folder',
}

const forgeNames = { github: 'GitHub', gitea: 'Gitea' } as const

/** `https://git.example.com/example/fleet.git` -> `https://git.example.com/api/v1`, where it is Gitea's. */
function usualApiUrl(forge: keyof typeof forgeNames, url: string): string | undefined {
  if (forge === 'github') return 'https://api.github.com'
  const root = /^(https?:\/\/.+?)\/[^/]+\/[^/]+\/?$/.exec(url)?.[1]
  return root === undefined ? undefined : `${root}/api/v1`
}

/** `git@github.com:example/fleet.git` -> `example/fleet` */
function projectOf(url: string): string | undefined {
  if (isLocalPath(url)) return undefined
  return /[/:]([A-Za-z0-9._-]+\/[A-Za-z0-9._-]+?)(?:\.git)?\/?$/.exec(url)?.[1]
}

/** As git tells them apart: a colon before the first slash is a host. */
const isLocalPath = (url: string): boolean => !/^[^/]*:/.test(url)

/** The name that every other program gives to this setting. */
const withRedisUrl = (env: ConfigSource['env']): ConfigSource['env'] =>
  env['REDIS_URL'] === undefined ? env : { NIXCLUSTER_REDIS_URL: env['REDIS_URL'], ...env }

/** The variable that somebody wrote. */
const nameOf = (variable: string, env: ConfigSource['env']): string =>
  env[variable] === undefined ? 'REDIS_URL' : variable

function put(
  data: unknown,
  path: readonly (string | number)[],
  value: string | number | boolean,
): void {
  let owner = data as Record<string | number, unknown>
  for (const [index, step] of path.slice(0, -1).entries()) {
    const inside = owner[step]
    if (typeof inside !== 'object' || inside === null) {
      owner[step] = typeof path[index + 1] === 'number' ? [] : {}
    }
    owner = owner[step] as Record<string | number, unknown>
  }
  owner[path.at(-1)!] = value
}

function toDiagnostic(yaml: SourceFile, { at, ...complaint }: Complaint): Diagnostic {
  const position = at ?? { file: yaml.path, document: 0, path: [] }
  return { ...complaint, file: yaml.path, ...yaml.locate(position) }
}

const hasErrors = (problems: readonly Diagnostic[]): boolean =>
  problems.some(({ severity }) => severity === 'error')
