import picomatch from 'picomatch'
import { lockFile } from '../schema/lock.ts'

/** The files that are read beside nixcluster.yaml unless the Project document says otherwise. */
export const defaultInclude: readonly string[] = ['clusters/**/*.{yaml,yml}']

/**
 * Whether a compilation may ask for the text of a file: YAML, of which it knows only then what it
 * reads, and Nix, which it looks at for what that may depend on.
 */
export function isConfiguration(path: string): boolean {
  return path === lockFile || path.endsWith('.nix') || isYaml(path)
}

/** Whether a file is YAML by its name: what of it is ours is known only from the Project document. */
export const isYaml = (path: string): boolean => path.endsWith('.yaml') || path.endsWith('.yml')

/** Whether a file is one of those that globs include. */
export function createInclude(globs: readonly string[]): (path: string) => boolean {
  const matches = picomatch([...globs])
  return (path) => isYaml(path) && matches(path)
}
