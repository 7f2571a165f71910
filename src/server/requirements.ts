import { access, constants, mkdir } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import { findProgram } from '../exec/find-program.ts'

/** Throws one line with every program that is not there; Redis' own is looked for when it is started. */
export async function requirePrograms(
  { tools: { nix, deploy, ssh }, roles }: Pick<Config, 'tools' | 'roles'>,
  path: string,
): Promise<void> {
  const needed = [
    { program: nix, what: 'Nix, 2.18 or later', setting: 'tools.nix' },
    ...(roles.includes('deploy')
      ? [{ program: deploy, what: 'deploy-rs', setting: 'tools.deploy' }]
      : []),
    { program: ssh, what: "OpenSSH's client", setting: 'tools.ssh' },
    { program: 'git', what: 'git, 2.38 or later', setting: undefined },
  ]
  const found = await Promise.all(needed.map(({ program }) => findProgram(program, path)))
  const missing = needed.filter((_, index) => !found[index])
  if (missing.length === 0) return
  const named = missing.map(({ program, what, setting }) => {
    const otherwise = setting === undefined ? '' : `, or name it as ${setting}`
    return program.includes('/')
      ? `${program} is no program (check ${setting})`
      : `${program} is not in PATH (install ${what}${otherwise})`
  })
  throw new Error(named.join('; '))
}

/** Makes the state folder; throws with what to do where it cannot be written. */
export async function prepareStateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await access(folder, constants.W_OK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new Error(
      `the state folder ${folder} cannot be written (${code}); choose another stateDir, or give it to the user of the controller`,
      { cause },
    )
  }
}
