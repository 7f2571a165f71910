/** An answer that may still be true, and what its forge called it. */
export interface KnownAnswer<Answer> {
  readonly etag: string
  readonly answer: Answer
}

/** Answers by the address that they are from; the longest unused are forgotten. */
export interface EtagCache<Answer> {
  get(address: string): KnownAnswer<Answer> | undefined
  /** `size` in characters. */
  set(address: string, known: KnownAnswer<Answer>, size: number): void
}

/** Keeps answers of so many characters in all. */
export function createEtagCache<Answer>(capacity: number): EtagCache<Answer> {
  const known = new Map<string, KnownAnswer<Answer> & { readonly size: number }>()
  let used = 0
  const forget = (address: string): void => {
    used -= known.get(address)?.size ?? 0
    known.delete(address)
  }
  return {
    get(address) {
      const found = known.get(address)
      if (found === undefined) return undefined
      // A map remembers in which order it was written.
      known.delete(address)
      known.set(address, found)
      return found
    },
    set(address, answer, size) {
      forget(address)
      if (size > capacity / 4) return
      known.set(address, { ...answer, size })
      used += size
      for (const oldest of known.keys()) {
        if (used <= capacity) break
        forget(oldest)
      }
    },
  }
}
