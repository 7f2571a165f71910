import { fine, warning, wrong, type Finding } from '../../model/finding.ts'
import type { Role } from '../../model/role.ts'
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
  /** Has it tell its version. */
  readonly flag: string
}

/** What roles of the controller run, Redis left out. */
export function neededPrograms(
  { nix, deploy, ssh }: Readonly<Record<'nix' | 'deploy' | 'ssh', string>>,
  roles: readonly Role[],
): readonly NeededProgram[] {
  if (!roles.some((role) => role !== 'webhook')) return []
  const flag = '--version'
  return [
    { name: 'Nix', program: nix, oldest: '2.18', setting: 'tools.nix', flag },
    ...(roles.includes('deploy')
      ? [{ name: 'deploy-rs', program: deploy, oldest: '1.0', setting: 'tools.deploy', flag }]
      : []),
    { name: "OpenSSH's client", program: ssh, setting: 'tools.ssh', flag: '-V' },
    { name: 'git', program: 'git', oldest: '2.38', flag },
  ]
}

/** Whether a program is there, and new enough. */
export function programFinding(
  { name, program, oldest, setting }: Omit<NeededProgram, 'flag'>,
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
