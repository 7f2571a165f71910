import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Settings of Nix that evaluate nobody's code with our rights; what it inherits comes before them. */
const settings = [
  'pure-eval = true',
  'accept-flake-config = false',
  'allow-unsafe-native-code-during-evaluation = false',
  'plugin-files =',
  'access-tokens =',
  'netrc-file = /dev/null',
]

/** What may be asked for in a cage: paths that are in the store already, under this name. */
export const storeOnly = 'file:///var/empty/nixcluster/'

/**
 * Foreign code has no way out: only what restricted mode allows is fetched, `getFlake` and `fetchTree`,
 * which would go around that and read any folder, are features that are off.
 */
const foreignSettings = [
  'experimental-features = nix-command',
  'restrict-eval = true',
  `allowed-uris = ${storeOnly}`,
  'allow-import-from-derivation = false',
  'substitute = false',
  'connect-timeout = 1',
  'download-attempts = 1',
]

/** A place where nobody listens; should there be a way out after all, it ends there. */
const nowhere = 'http://127.0.0.1:1'

/** Variables that may hold credentials or lead to them have no place in an evaluation. */
const passedOn = ['PATH', 'LANG', 'NO_COLOR', 'NIX_CONF_DIR', 'NIX_REMOTE', 'TZ']
const passedOnToOurs = [...passedOn, 'NIX_SSL_CERT_FILE', 'SSL_CERT_FILE', 'NIX_PATH']

/** The whole environment of an evaluation, without credentials; `home` is its own. */
export function cagedEnvironment(
  env: Readonly<Record<string, string>>,
  home: string,
  { isForeign, mayImport }: { readonly isForeign: boolean; readonly mayImport: boolean },
): Readonly<Record<string, string>> {
  const names = isForeign ? passedOn : passedOnToOurs
  const lines = isForeign
    ? foreignSettings
    : [`allow-import-from-derivation = ${String(mayImport)}`]
  return {
    ...Object.fromEntries(
      names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
    ),
    HOME: home,
    TMPDIR: home,
    NIX_USER_CONF_FILES: '',
    NIX_CONFIG: [...withoutCredentials(env['NIX_CONFIG'] ?? ''), ...settings, ...lines].join('\n'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    // ssh looks for keys where the password file says its user's home is, whatever HOME is.
    GIT_SSH_COMMAND: 'ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile=none',
    ...(isForeign
      ? {
          PATH: '/var/empty',
          GIT_ALLOW_PROTOCOL: 'none',
          GIT_SSH_COMMAND: 'false',
          http_proxy: nowhere,
          https_proxy: nowhere,
          all_proxy: nowhere,
        }
      : {}),
  }
}

/** Runs `work` with a home of its own, which is gone afterwards. */
export async function inOwnHome<T>(
  stateDir: string,
  work: (home: string) => Promise<T>,
): Promise<T> {
  const folder = join(stateDir, 'cages')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const home = await mkdtemp(join(folder, 'home-'))
  try {
    return await work(home)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** Lines of `nix.conf`; what another file holds is not known. */
const withoutCredentials = (config: string): readonly string[] =>
  config
    .split('\n')
    .filter((line) => !/^\s*(extra-)?(access-tokens|netrc-file)\b|^\s*!?include\b/.test(line))
