/** Remembers what is wrong, so that what lasts is said when it begins and when it changes, and not at each try. */
export interface Troubles {
  /** Something failed, with these words; true where they are news. */
  failed(what: string, words: string): boolean
  /** Something came through; true where it was the last that had failed with those words. */
  passed(what: string): boolean
}

/** What is not tried again for so long is over without a word, in milliseconds. */
const forgottenMs = 15 * 60_000

export function createTroubles(now: () => Date): Troubles {
  const known = new Map<string, { readonly words: string; readonly at: number }>()
  const isKnown = (words: string): boolean =>
    [...known.values()].some((trouble) => trouble.words === words)

  return {
    failed(what, said) {
      const at = now().getTime()
      for (const [one, trouble] of known) if (at - trouble.at > forgottenMs) known.delete(one)
      const words = withoutChance(said)
      const isNews = !isKnown(words)
      known.set(what, { words, at })
      return isNews
    },
    passed(what) {
      const trouble = known.get(what)
      known.delete(what)
      return trouble !== undefined && !isKnown(trouble.words)
    },
  }
}

/** Commits, temporary files and durations are others at each try. */
const withoutChance = (words: string): string =>
  words.replaceAll(/\b[0-9a-f]{7,}\b|tmp_\w+|objects\/[0-9a-f]{2}\b|\d+/g, '…')
