import type { Clock, Job, Outcome } from '../model/ports.ts'
import type { MachineEvent } from '../model/remote.ts'
import type { Announce } from './announce.ts'

/** What this process has under way on a machine. */
export interface UnderWay {
  readonly repository: string
  readonly machine: string
  /** Number of the attempt. */
  readonly attempt: number
  readonly doing: 'copying' | 'activating' | 'waiting'
  readonly since: Date
}

/** Remembers what is under way on machines while their jobs run. */
export function createUnderWay(clock: Pick<Clock, 'now'>) {
  const known = new Map<string, UnderWay>()
  const keyOf = (repository: string, machine: string): string => `${repository} ${machine}`

  const note = (repository: string, { machine, event, n }: MachineEvent): void => {
    if (event !== 'copying' && event !== 'activating' && event !== 'waiting') return
    const rest = { repository, machine, attempt: n, since: clock.now() }
    known.set(keyOf(repository, machine), { ...rest, doing: event })
  }

  return {
    /** The same announcements, listened to. */
    heard: (announce: Announce): Announce => ({
      ...announce,
      machine(repository, event) {
        note(repository.name, event)
        return announce.machine(repository, event)
      },
    }),
    /** The same jobs; what one had under way ends with it. */
    during:
      (handle: (job: Job) => Promise<Outcome>) =>
      async (job: Job): Promise<Outcome> => {
        try {
          return await handle(job)
        } finally {
          if (job.kind === 'machine') known.delete(keyOf(job.repository, job.machine))
        }
      },
    list: (): readonly UnderWay[] => [...known.values()],
  }
}

/** What becomes of it when this process ends now. */
export function unfinishedText({ machine, attempt, doing, since }: UnderWay): string {
  const then =
    doing === 'copying'
      ? 'nothing is activated yet; the next start begins it again'
      : 'it goes on by itself on its machine; the next start reads it back'
  return `unfinished: ${machine}, attempt ${attempt}, ${doing} since ${since.toISOString()}: ${then}`
}
