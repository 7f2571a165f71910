import picomatch from 'picomatch'
import { lockFile } from '../schema/lock.ts'

/** The files that are read beside nixcluster.yaml unless the Project document says otherwise. */
export const defaultInclude: readonly string[] = ['clusters/**/*.{yaml,yml}']

/** Whether a compilation may ask for the text of a file: which ones it reads is known only then. */
export function isConfiguration(path: string): boolean {
  return path === lockFile || path.endsWith('.yaml') || path.endsWith('.yml')
}

/** Whether a file is one of those that globs include. */
export function createInclude(globs: readonly string[]): (path: string) => boolean {
  const matches = picomatch([...globs])
  return (path) => isConfiguration(path) && path !== lockFile && matches(path)
}
