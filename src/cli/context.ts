import type { Git } from '../model/ports.ts'
import type { CacheSettings } from './compile-cache.ts'

/** What a command is given of the world around it. */
export interface CliContext {
  /** Of the program. */
  readonly version: string
  /** Working folder, absolute. */
  readonly cwd: string
  /** Writes as it is: no line break is added. */
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly colour: boolean
  /** Absent where nothing may be left for the next run. */
  readonly cache?: CacheSettings
  /** The text of a file of docs/. */
  readonly readPage: (name: string) => string
  /** Sets the exit code: 0 fine, 1 the user's input has problems, 2 could not run. */
  readonly exit: (code: 0 | 1 | 2) => void
}

/** The revisions of the repository that a folder lies in: the files below the folder, by their paths in it. */
export type OpenRepository = (folder: string) => Promise<Pick<Git, 'readTree' | 'readBlobs'>>

/** Locks the flake in a folder by Nix: what is missing, or these inputs anew; throws what Nix says. */
export type LockFlake = (folder: string, inputs: 'missing' | readonly string[]) => Promise<void>
