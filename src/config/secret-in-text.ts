import { shapeOf, type SettingSchema } from './environment.ts'

/** A secret that stands where a file with it belongs; nothing of it is told. */
export interface SecretInText {
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint: string
  readonly atKey?: true
}

/** Finds keys that would hold a secret, texts that are one, and URLs that hold one. */
export function secretsInText(schema: SettingSchema, data: unknown): readonly SecretInText[] {
  function walk(
    part: SettingSchema | undefined,
    value: unknown,
    path: SecretInText['path'],
  ): readonly SecretInText[] {
    if (typeof value === 'string') {
      const what = secretIn(value)
      return what === undefined ? [] : [{ path, message: what, hint: hintFor(path) }]
    }
    const shape = part === undefined ? undefined : shapeOf(part, schema)
    if (Array.isArray(value))
      return value.flatMap((entry, index) => walk(shape?.items, entry, [...path, index]))
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([key, entry]) => {
      const inner = [...path, key]
      const properties = shape?.properties ?? {}
      if (properties[key] !== undefined || properties[`${key}File`] === undefined)
        return walk(properties[key], entry, inner)
      const [message, hint] = [
        notHere(`'${key}'`),
        `write it to a file, and name that as ${key}File`,
      ]
      return [{ path: inner, message, hint, atKey: true } as const]
    })
  }
  return walk(schema, data, [])
}

/** The same of a variable of the environment. */
export const variableWithSecret = (variable: string): { message: string; hint: string } => ({
  message: notHere(variable),
  hint: `write it to a file, and name that as ${variable}_FILE`,
})

/** Whether a text that names no file may be the secret itself, as `openssl rand` and forges make them. */
export const looksRandom = (text: string): boolean =>
  /^[0-9a-f]{24,}$/i.test(text) ||
  (/^[\w+-][\w+/-]{22,}={0,2}$/.test(text) &&
    [/[a-z]/, /[A-Z]/, /\d.*\d.*\d/].every((part) => part.test(text)))

const notHere = (key: string): string => `${key}: a secret does not belong into the settings`

/** What is said of such a text, wherever it is found. */
export const secretItself = 'this is a secret itself, not the path of a file with it'

function secretIn(text: string): string | undefined {
  if (/-----BEGIN |\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,})/.test(text))
    return secretItself
  const url = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?/i.exec(text)
  if (url === null) return undefined
  const [, scheme = '', user] = url
  const isWeb = /^https?$/i.test(scheme)
  // `git@` of SSH and a user of Redis are names, not secrets; a token may be a user's name in HTTP.
  if (user !== undefined && (isWeb || user.includes(':'))) return inUrl
  return /[?&](?:password|passwd|secret|token|access_token|private_token)=/i.test(text)
    ? inUrl
    : undefined
}

const inUrl = 'credentials do not belong into the URL'

function hintFor(path: SecretInText['path']): string {
  const [first, index] = path
  const last = String(path.at(-1))
  if (last.endsWith('File')) return `write it to a file, and name that here`
  if (first === 'redis') return 'write the password to a file, and name that as redis.passwordFile'
  if (first === 'repositories' && path.length > 2)
    return `write the token to a file, and name that as repositories.${index}.tokenFile`
  return 'take it out; secrets stand in files of their own'
}
