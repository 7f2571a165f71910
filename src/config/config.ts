import { createPrivateKey } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import type { Code, Complaint, Diagnostic } from '../model/diagnostic.ts'
import type { Forge } from '../model/forge.ts'
import { parse, type SourceFile } from '../schema/parse.ts'
import { toPlain } from '../schema/tree.ts'
import { toBytes } from './byte-size.ts'
import { toMilliseconds } from './duration.ts'
import { readEnvironment, unknownVariables } from './environment.ts'
import { checkSettings, schema, type RepositorySettings, type Settings } from './settings.ts'

/** The controller's settings, whole: secrets read, paths absolute, times in milliseconds. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number }
  /** Where people's browsers reach us, without a slash at the end. */
  readonly publicUrl?: string
  readonly stateDir: string
  /** Without `url` the controller starts a Redis of its own. */
  readonly redis: { readonly url?: string; readonly password?: string }
  readonly ssh: { readonly identityFile?: string }
  readonly pollMs: number
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' }
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
  /** Signs webhooks, hooks and commands. */
  readonly secret: string
  readonly token?: string
  readonly app?: AppConfig
  /** Comments show what is in files; absent: where the forge says that strangers cannot read them. */
  readonly showContents?: boolean
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
  for (const { path, value } of fromEnvironment) put(data, path, value)

  const problems: Diagnostic[] = yaml.complaints.map((complaint) => toDiagnostic(yaml, complaint))
  const complain: Complain = (path, code, message, more = {}) => {
    const variable = fromEnvironment.find((setting) => String(setting.path) === String(path))
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
        : { file: variable.variable, line: 1, column: 1, endLine: 1, endColumn: 1 }),
    })
  }
  for (const { variable, meant } of unknownVariables(schema, env)) {
    problems.push({
      severity: 'warning',
      code: 'config/unknown-variable',
      message: `no setting is called ${variable}${meant === undefined ? '' : `, did you mean ${meant}?`}`,
      ...{ file: variable, line: 1, column: 1, endLine: 1, endColumn: 1 },
    })
  }
  if (hasErrors(problems)) return { diagnostics: problems }
  const settings = checkSettings(data, complain)
  // What the schema refused is not looked at any further, so that each mistake is told once.
  const config = settings === undefined ? undefined : decode(settings, source, complain)
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  return config === undefined || hasErrors(problems)
    ? { diagnostics: sorted }
    : { config, diagnostics: sorted }
}

/** Adds a problem at a place in the settings. */
export type Complain = (
  path: readonly (string | number)[],
  code: Code,
  message: string,
  more?: {
    readonly severity?: 'error' | 'warning'
    readonly hint?: string
    readonly atKey?: boolean
  },
) => void

function decode(settings: Settings, source: ConfigSource, complain: Complain): Config {
  const place = (path: string): string => resolve(dirname(source.file), path)
  const readSecret = (path: readonly (string | number)[], file: string): string =>
    secretIn(source, place(file), (message, severity) =>
      complain(path, 'config/secret-file', message, severity === undefined ? {} : { severity }),
    )

  const { redis, ssh, limits } = settings
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
  // ssh reads it itself; that it can is told here, with its place.
  if (ssh.identityFile !== undefined) readSecret(['ssh', 'identityFile'], ssh.identityFile)
  if (redis.url !== undefined && /^[a-z]+:\/\/[^/]*:[^/]*@/.test(redis.url)) {
    complain(['redis', 'url'], 'config/secret-in-text', 'a password does not belong into the URL', {
      hint: 'write it to a file and name that as redis.passwordFile',
    })
  }
  return {
    listen: settings.listen,
    ...(settings.publicUrl === undefined
      ? {}
      : { publicUrl: settings.publicUrl.replace(/\/+$/, '') }),
    stateDir: place(settings.stateDir),
    redis: {
      ...(redis.url === undefined ? {} : { url: redis.url }),
      ...(redis.passwordFile === undefined
        ? {}
        : { password: readSecret(['redis', 'passwordFile'], redis.passwordFile) }),
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
      decodeRepository(settings, repository, index, place, readSecret, complain),
    ),
  }
}

function decodeRepository(
  settings: Settings,
  repository: RepositorySettings,
  index: number,
  place: (path: string) => string,
  readSecret: (path: readonly (string | number)[], file: string) => string,
  complain: Complain,
): RepositoryConfig {
  const at = (key: string): readonly (string | number)[] => ['repositories', index, key]
  const { name, forge, url, branch, generatedBranch, secretFile, tokenFile, app } = repository
  if (settings.repositories.findIndex((other) => other.name === name) < index) {
    complain(at('name'), 'config/duplicate-name', `a repository above is called '${name}' as well`)
  }
  if (/^https?:\/\/[^/]*@/.test(url)) {
    complain(at('url'), 'config/secret-in-text', 'credentials do not belong into the URL')
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
  const secret = readSecret(at('secretFile'), secretFile)
  if (secret !== '' && secret.length < 16) {
    complain(at('secretFile'), 'config/weak-secret', 'the secret is shorter than 16 characters', {
      hint: 'openssl rand -hex 32',
    })
  }
  return {
    name,
    forge,
    url: isLocalPath(url) ? place(url) : url,
    ...(project === undefined ? {} : { project }),
    ...(branch === undefined ? {} : { branch }),
    ...(generatedBranch === undefined ? {} : { generatedBranch }),
    secret,
    ...(tokenFile === undefined ? {} : { token: readSecret(at('tokenFile'), tokenFile) }),
    ...(app === undefined ? {} : { app: decodeApp(app, at('app'), readSecret, complain) }),
    ...(repository.showContents === undefined ? {} : { showContents: repository.showContents }),
    proposalBranches: repository.proposalBranches,
    ...(apiUrl === undefined ? {} : { apiUrl: apiUrl.replace(/\/+$/, '') }),
  }
}

function decodeApp(
  { id, privateKeyFile, installation }: NonNullable<RepositorySettings['app']>,
  path: readonly (string | number)[],
  readSecret: (path: readonly (string | number)[], file: string) => string,
  complain: Complain,
): AppConfig {
  const at = [...path, 'privateKeyFile']
  const privateKey = readSecret(at, privateKeyFile)
  // What cannot be read or is empty was told already.
  if (privateKey !== '' && !isRsaKey(privateKey)) {
    complain(at, 'config/private-key', 'the file has no private RSA key in PEM', {
      hint: "GitHub makes one on the App's page, below Private keys",
    })
  }
  return { id: String(id), privateKey, ...(installation === undefined ? {} : { installation }) }
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

function secretIn(
  { readFile }: ConfigSource,
  file: string,
  complain: (message: string, severity?: 'warning') => void,
): string {
  try {
    const { text, mode } = readFile(file)
    if (text.trim() === '') complain(`${file} is empty`)
    // Its group may: what systemd hands over as a credential looks so.
    else if ((mode & 0o007) !== 0) {
      complain(`${file} may be read by others (mode ${(mode & 0o777).toString(8)})`, 'warning')
    }
    return text.trim()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    complain(`${file} cannot be read (${code ?? message})`)
    return ''
  }
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
