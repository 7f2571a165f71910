import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { bin, cache, link, linked, which, workshop } from './cache.ts'
import type { Tool } from './tool.ts'

const version = '0.5.3'
const home = join(cache, `nixfmt-${version}`)

/** nixfmt-rs, which writes what nixfmt writes; another release may format otherwise, so only this one counts. */
export const nixfmt: Tool = {
  name: 'nixfmt',
  plan: `nixfmt-rs ${version} built by cargo into ${home} (2 processors: 60 s)`,
  async isReady() {
    const program = linked('nixfmt')
    if (program === undefined) return false
    const { stdout } = await execa(program, ['--version'], { reject: false })
    return stdout?.includes(version) === true
  },
  obstacle: async () =>
    which('cargo') === undefined
      ? `building nixfmt-rs ${version} needs cargo: install Rust`
      : undefined,
  async install() {
    const cargo = which('cargo')!
    const root = join(workshop, 'nixfmt')
    await execa(cargo, ['install', 'nixfmt_rs', '--version', version, '--locked', '--root', root], {
      stdin: 'ignore',
    })
    await rm(home, { recursive: true, force: true })
    await rename(root, home)
    await link([join(home, 'bin/nixfmt')])
  },
}

/** Where the program is once the tool is ready. */
export const nixfmtProgram = join(bin, 'nixfmt')
