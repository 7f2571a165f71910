/** What one check of the controller's surroundings came to. */
export interface Finding {
  /** What was looked at, in few words; unique within its group. */
  readonly name: string
  /** `warning`: it works, or cannot be seen from here, and a person should look at it. */
  readonly state: 'fine' | 'warning' | 'wrong'
  readonly found: string
  /** What to do next, where something is to be done. */
  readonly advice?: string
}

/** A finding among all others. */
export interface Examined extends Finding {
  /** Stable, for programs: `redis/password`. */
  readonly id: string
  /** What the check belongs to: `programs`, `repository fleet`. */
  readonly group: string
}

/** Nothing is to be done. */
export const fine = (name: string, found: string): Finding => ({ name, state: 'fine', found })

/** A person should look at it. */
export const warning = (name: string, found: string, advice: string): Finding => ({
  ...{ name, state: 'warning', found, advice },
})

/** Something does not work. */
export const wrong = (name: string, found: string, advice: string): Finding => ({
  ...{ name, state: 'wrong', found, advice },
})

/** What a forge is asked to look at. */
export interface Examination {
  /** The branches that only we may push. */
  readonly branches: readonly string[]
  /** False where our credential is one that must not push: whoever only plans has such a one. */
  readonly pushes: boolean
  readonly now: Date
}
