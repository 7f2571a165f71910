import { fine, warning, wrong, type Finding } from '../../model/finding.ts'
import type { ProgramFacts } from '../../model/surroundings.ts'
import { isFrom, versionIn } from './version.ts'

/** A program that the controller runs. */
export interface NeededProgram {
  /** As it is called in findings. */
  readonly name: string
  /** As it is called in PATH, or its path. */
  readonly program: string
  /** The oldest version that will do; absent: any. */
  readonly oldest?: string
  /** The setting that names another one. */
  readonly setting?: string
}

/** Whether a program is there, and new enough. */
export function programFinding(
  { name, program, oldest, setting }: NeededProgram,
  facts: ProgramFacts | undefined,
): Finding {
  const needed = oldest === undefined ? name : `${name} ${oldest} or later`
  const otherwise = setting === undefined ? '' : `, or name another one as ${setting}`
  if (facts === undefined) {
    return program.includes('/')
      ? wrong(name, `${program} is no program`, `check ${setting}`)
      : wrong(name, `${program} is not in PATH`, `install ${needed}${otherwise}`)
  }
  const { path, said, runs } = facts
  if (!runs) return wrong(name, `${path} does not run: ${said}`, `install ${needed}${otherwise}`)
  const version = versionIn(said)
  if (version === undefined) {
    return warning(name, `${path} does not tell its version: ${said}`, `check that it is ${needed}`)
  }
  if (oldest !== undefined && isFrom(said, oldest) === false) {
    return wrong(name, `${path} is ${version}, too old`, `install ${needed}${otherwise}`)
  }
  return fine(name, `${version} (${path})`)
}
