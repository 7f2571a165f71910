/**
 * What git is told on top of its repository's own settings: nothing that a tree, a commit or a remote
 * holds makes it start a program, write elsewhere, or talk to anybody but the remote.
 */
const settings: readonly (readonly [key: string, value: string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  // Larger files are neither merged as text nor held in memory while they arrive.
  ['core.bigFileThreshold', '16m'],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'no'],
  ['transfer.bundleURI', 'false'],
  // An object that is broken must not keep all others from arriving: trees are checked when they are read.
  ['transfer.fsckObjects', 'false'],
  ['fetch.fsckObjects', 'false'],
  // The repository may belong to another user: the settings name it, and nothing of it is run.
  ['safe.directory', '*'],
]

/**
 * The whole environment of a git that works for us: no settings of the user's or the system's, no
 * prompt, no protocol but the one of `url`, and `extra` settings for this call alone.
 */
export function lockedDown(
  env: Readonly<Record<string, string>>,
  url: string,
  extra: readonly (readonly [key: string, value: string])[] = [],
): Readonly<Record<string, string>> {
  const all = [...settings, ...extra]
  return {
    ...env,
    LANG: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: protocolOf(url) ?? '',
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(
      all.flatMap(([key, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, key],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
  }
}

/**
 * The side of a remote that is a folder: it is the operator's own repository, with its own hooks, and
 * follows the settings of whoever runs us.
 */
export const ownSide = (program: 'upload-pack' | 'receive-pack'): string =>
  `--${program}=env -u GIT_CONFIG_NOSYSTEM -u GIT_CONFIG_GLOBAL -u GIT_ATTR_NOSYSTEM git ${program}`

/** How git reaches a url; undefined where that would start a program of the url's choice. */
export function protocolOf(url: string): string | undefined {
  if (/^[^:/]+::/.test(url)) return undefined
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase()
  if (scheme !== undefined)
    return ['file', 'ssh', 'https', 'http', 'git'].includes(scheme) ? scheme : undefined
  // As git tells them apart: a colon before the first slash is a host.
  return /^[^/]+:/.test(url) ? 'ssh' : 'file'
}
