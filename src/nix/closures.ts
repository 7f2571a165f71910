/** What Nix knows of a valid store path. */
export interface PathInfo {
  /** Bytes, of the path alone. */
  readonly size: number
  /** Store paths; itself may be among them. */
  readonly references: readonly string[]
}

/** The closure of a store path; what only leads through one of `without` is left out. */
export function closureOf(
  path: string,
  infos: ReadonlyMap<string, PathInfo>,
  without: ReadonlySet<string> = new Set(),
): ReadonlySet<string> {
  const closure = new Set([path])
  // A set gives what is added to it on the way, too.
  for (const member of closure)
    for (const reference of infos.get(member)?.references ?? [])
      if (!without.has(reference)) closure.add(reference)
  return closure
}

/** The answer of `nix path-info --json`: Nix up to 2.18 gives a list, later ones a map. */
export function toPathInfos(json: string): ReadonlyMap<string, PathInfo> {
  interface Answer {
    readonly narSize: number
    readonly references: readonly string[]
  }
  const parsed = JSON.parse(json) as
    readonly (Answer & { readonly path: string })[] | Readonly<Record<string, Answer | null>>
  const entries = Array.isArray(parsed)
    ? (parsed as readonly (Answer & { readonly path: string })[]).map(
        (answer) => [answer.path, answer] as const,
      )
    : Object.entries(parsed as Readonly<Record<string, Answer | null>>)
  return new Map(
    entries.flatMap(([path, answer]) =>
      answer === null
        ? []
        : [[path, { size: answer.narSize, references: answer.references }] as const],
    ),
  )
}
