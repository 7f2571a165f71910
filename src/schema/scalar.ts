import type { ScalarTree } from './tree.ts'

/** The value of text without quotes, by the core schema of YAML 1.2; whole numbers stay exact. */
export function plainValue(source: string): ScalarTree['value'] {
  // Most text begins with a letter that no other value begins with.
  if (!/^[-+.~\dnNtTfF]|^$/.test(source)) return source
  if (/^(?:~|[nN]ull|NULL)?$/.test(source)) return null
  if (/^(?:[tT]rue|TRUE|[fF]alse|FALSE)$/.test(source)) return /^[tT]/.test(source)
  if (/^[-+]?[0-9]+$/.test(source)) return BigInt(source.replace(/^\+/, ''))
  if (/^0o[0-7]+$|^0x[0-9a-fA-F]+$/.test(source)) return BigInt(source)
  if (/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(source))
    return Number(source)
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(source)) return source.startsWith('-') ? -Infinity : Infinity
  return /^\.(?:nan|NaN|NAN)$/.test(source) ? NaN : source
}

/** Whether Nix has no text like this: with NUL, or with half a character that an escape made. */
export function isUnspeakable(text: string): boolean {
  return /[\0\p{Surrogate}]/u.test(text)
}
