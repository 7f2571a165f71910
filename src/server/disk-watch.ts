import { tryToWrite } from '../exec/try-to-write.ts'
import type { Log } from '../model/ports.ts'
import { refusedFolderFinding } from '../report/findings/place.ts'

/** Looks whether the state folder can be written. */
export interface DiskWatch {
  /** Why it cannot, in words, if so; the log has it when that begins or changes, and when it is over. */
  troubles(): Promise<readonly string[]>
}

/** Anybody may ask, as often as they like: nothing is written more often than that, in milliseconds. */
const freshMs = 1_000

/** Watches a folder by writing there; whoever asks makes it look. */
export function createDiskWatch(folder: string, log: Log): DiskWatch {
  let told: string | undefined
  let last: { readonly at: number; readonly answer: Promise<readonly string[]> } | undefined

  const look = async (): Promise<readonly string[]> => {
    const refusal = await tryToWrite(folder)
    if (refusal !== told) {
      if (refusal === undefined) log.info({}, 'the state folder can be written again')
      else {
        const { found, advice } = refusedFolderFinding(folder, refusal)
        log.error({ code: refusal }, `${found}; ${advice}: jobs wait for it`)
      }
      told = refusal
    }
    return refusal === undefined ? [] : [`the state folder cannot be written (${refusal})`]
  }

  return {
    troubles() {
      const at = Date.now()
      if (last === undefined || at - last.at > freshMs) last = { at, answer: look() }
      return last.answer
    },
  }
}
