import type { Clock, Log } from '../model/ports.ts'

/** Tells the newest of each thing, in the background; a forge that is away holds nobody up. */
export interface Teller {
  /**
   * Has `write` say `text` about a thing, unless that was said already. What is newer takes the place of
   * what waits; what fails or finds nobody is forgotten, so that whoever says it again is heard.
   */
  tell(thing: Thing, text: string, write: () => Promise<Heard>): void
}

/** `unheard`: there was nobody to be told yet. */
type Heard = void | 'heard' | 'unheard'

export interface Thing {
  /** What is told of one repository is told in turn. */
  readonly repository: string
  readonly name: string
  /** Milliseconds between two writes about it; 0 by default. */
  readonly paceMs?: number
}

interface Course {
  /** What was said last, or is being said. */
  said?: string
  next?: { readonly text: string; readonly write: () => Promise<Heard> }
  isBusy: boolean
  /** Why it could not be said; told once. */
  trouble?: string
}

/** So many things are remembered; of the oldest it is asked again. */
const remembered = 1000

/** Creates a teller that remembers for this process what was said. */
export function createTeller({ clock, log }: { readonly clock: Clock; readonly log: Log }): Teller {
  const courses = new Map<string, Course>()
  const lines = new Map<string, Promise<void>>()

  const run = async ({ repository, name, paceMs = 0 }: Thing, course: Course): Promise<void> => {
    for (let { next } = course; next !== undefined; { next } = course) {
      delete course.next
      const { text, write } = next
      if (text === course.said) continue
      course.said = text
      const turn = (lines.get(repository) ?? Promise.resolve()).then(write)
      lines.set(
        repository,
        turn.then(
          () => undefined,
          () => undefined,
        ),
      )
      try {
        if ((await turn) === 'unheard') delete course.said
        delete course.trouble
      } catch (error) {
        delete course.said
        const { message } = error as Error
        const tellIt = message === course.trouble ? log.debug : log.warn
        tellIt({ repository, about: name, err: error }, 'the forge could not be told')
        course.trouble = message
      }
      if (paceMs > 0) await clock.sleep(paceMs)
    }
    course.isBusy = false
  }

  return {
    tell(thing, text, write) {
      const key = JSON.stringify([thing.repository, thing.name])
      const course = courses.get(key) ?? { isBusy: false }
      courses.set(key, course)
      course.next = { text, write }
      if (!course.isBusy) {
        course.isBusy = true
        void run(thing, course)
      }
      for (const [old, { isBusy }] of courses) {
        if (courses.size <= remembered) break
        if (!isBusy) courses.delete(old)
      }
    },
  }
}
