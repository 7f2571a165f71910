import { ForgeError, GitError } from '../model/errors.ts'
import type { Clock, Job, Outcome } from '../model/ports.ts'

/** Between two tries at what does not answer, milliseconds. */
const pauseMs = 4_000

/** What each kind of job asks; machines have their own ways of waiting. */
const asks: Readonly<Partial<Record<Job['kind'], readonly Away['what'][]>>> = {
  look: ['git', 'forge'],
  plan: ['git', 'forge'],
  comments: ['git', 'forge'],
  publish: ['git'],
  evaluate: ['git'],
  rollout: ['git'],
  tidy: ['git', 'forge'],
  show: ['git', 'forge'],
}

interface Away {
  readonly what: 'git' | 'forge'
  /** When the next job may try; milliseconds. */
  until: number
  /** A job tries right now. */
  isTried: boolean
}

/**
 * While a repository's remote or its forge does not answer, one job at a time tries whether it does; the
 * others are put back at once, so that their waiting takes no worker from another repository.
 */
export function createAway(clock: Clock) {
  const away = new Map<string, Away>()
  return async (job: Job, perform: () => Promise<Outcome>): Promise<Outcome> => {
    const keys = (asks[job.kind] ?? []).map((what) => `${job.repository} ${what}`)
    const now = clock.now().getTime()
    const known = keys.flatMap((key) => away.get(key) ?? [])
    const blocked = known.find(({ until, isTried }) => isTried || until > now)
    if (blocked !== undefined) {
      const afterMs = Math.max(blocked.until - now, 1_000)
      return { kind: 'retry', afterMs, reason: `the ${blocked.what} does not answer` }
    }
    for (const one of known) one.isTried = true
    try {
      const outcome = await perform()
      for (const key of keys) away.delete(key)
      return outcome
    } catch (error) {
      const what = unanswered(error)
      for (const one of known) one.isTried = false
      if (what !== undefined && keys.length > 0) {
        const until = clock.now().getTime() + pauseMs
        away.set(`${job.repository} ${what}`, { what, until, isTried: false })
      }
      throw error
    }
  }
}

/** Who did not answer, or only that something is wrong over there. */
function unanswered(error: unknown): Away['what'] | undefined {
  if (error instanceof GitError) return error.kind === 'unreachable' ? 'git' : undefined
  if (!(error instanceof ForgeError)) return undefined
  return error.status === 0 || error.status >= 500 ? 'forge' : undefined
}
