import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { bin, cache, homeOf, isAtLeast, link, linked, workshop, which } from './cache.ts'
import type { Tool } from './tool.ts'

/** The release that cargo builds; the container image has the same. */
export const deployRsVersion = '1.0.0'
const home = join(cache, `deploy-rs-${deployRsVersion}`)

/** deploy-rs: `deploy` for the controller and, of the same release, `activate` for the machines. */
export const deployRs: Tool = {
  name: 'deploy-rs',
  plan: `deploy-rs ${deployRsVersion} built by cargo into ${home} (2 processors: 80 s)`,
  async isReady() {
    if (linked('deploy') && linked('activate')) return true
    // Only the one beside `deploy`: other programs are called `activate`, too.
    const own = [which('deploy'), join(home, 'bin/deploy')].find(
      (program) => program !== undefined && existsSync(program),
    )
    if (own === undefined) return false
    const { stdout } = await execa(own, ['--version'], { reject: false })
    const activate = join(await homeOf(own), 'activate')
    if (!isAtLeast(/^deploy-rs (\S+)/.exec(stdout ?? '')?.[1], '1.0') || !existsSync(activate))
      return false
    await link([own, activate])
    return true
  },
  obstacle: async () =>
    which('cargo') === undefined
      ? `building deploy-rs ${deployRsVersion} needs cargo: install Rust, or deploy-rs`
      : undefined,
  async install() {
    const cargo = which('cargo')!
    const root = join(workshop, 'deploy-rs')
    await execa(
      cargo,
      ['install', 'deploy-rs', '--version', deployRsVersion, '--locked', '--root', root],
      {
        stdin: 'ignore',
      },
    )
    await rm(home, { recursive: true, force: true })
    await rename(root, home)
    await link([join(home, 'bin/deploy'), join(home, 'bin/activate')])
  },
}

/** Where the two programs are once the tool is ready. */
export const deployRsPrograms = { deploy: join(bin, 'deploy'), activate: join(bin, 'activate') }
