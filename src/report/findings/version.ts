/** Whether a version in a text is as new as another one; undefined where there is none in it. */
export function isFrom(said: string, oldest: string): boolean | undefined {
  const version = versionIn(said)
  if (version === undefined) return undefined
  const [parts, needed] = [version, oldest].map((text) => text.split('.').map(Number))
  for (const [index, part] of needed!.entries()) {
    const have = parts![index] ?? 0
    if (have !== part) return have > part
  }
  return true
}

/** `nix (Nix) 2.26.3` -> `2.26.3`, `OpenSSH_9.2p1` -> `9.2` */
export const versionIn = (said: string): string | undefined => /\d+(?:\.\d+)+/.exec(said)?.[0]
