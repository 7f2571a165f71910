import { accessSync, constants } from 'node:fs'
import { mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { debianArchive, transplant, unpackPackages } from './apt.ts'
import { cache, homeOf, isAtLeast, link, linked, workshop, which } from './cache.ts'
import type { Tool } from './tool.ts'

/** deploy-rs calls `nix build --print-out-paths` and `nix path-info` on unbuilt derivations. */
const least = '2.18'
const home = join(cache, 'nix')
const settings = join(cache, 'nix-conf')
const companions =
  'nix-build nix-channel nix-collect-garbage nix-copy-closure nix-daemon nix-env nix-hash nix-instantiate nix-prefetch-url nix-shell nix-store'

/** Nothing comes from the network: what is built has the lab's own inputs. */
const offline = `experimental-features = nix-command flakes
substituters =
flake-registry =
sandbox = false
`

/** Nix: the machine's own from 2.18, else the one of Debian 13 with its libraries. */
export const nix: Tool = {
  name: 'Nix',
  plan: `Nix 2.26 from Debian's archive into ${home}, with its store in /nix (50 MB, 20 s)`,
  async isReady() {
    if (linked('nix')) return true
    const own = which('nix')
    if (own === undefined || !isAtLeast(await versionOf(own), least)) return false
    const beside = await homeOf(own)
    const names = (await readdir(beside)).filter((name) => /^nix(-|$)/.test(name))
    await link(names.map((name) => join(beside, name)))
    return true
  },
  async obstacle() {
    if ((await debianArchive()) === undefined)
      return `install Nix ${least} or later (this machine has no archive of Debian)`
    if (process.getuid?.() !== 0 && !isWritable('/nix'))
      return 'Nix needs /nix: run `sudo install -d -o $USER /nix`, then this again'
    return undefined
  },
  async install() {
    const archive = (await debianArchive())!
    const packages = join(workshop, 'nix')
    await unpackPackages(archive, ['nix-bin', 'patchelf'], packages)
    await transplant(packages, ['usr/bin/nix'], home)
    for (const name of companions.split(' ')) await symlink('nix', join(home, 'bin', name))
    await mkdir(settings, { recursive: true })
    await writeFile(join(settings, 'nix.conf'), `${offline}build-users-group =\n`)
    await link(['nix', ...companions.split(' ')].map((name) => join(home, 'bin', name)))
  },
}

/** Gives the variables that a process needs to use this Nix; the machine's own keeps its settings. */
export async function nixEnvironment(): Promise<Record<string, string>> {
  const program = linked('nix')
  if (program !== undefined && (await realpath(program)).startsWith(await realpath(home)))
    return { NIX_CONF_DIR: settings }
  return { NIX_CONFIG: offline }
}

async function versionOf(program: string): Promise<string | undefined> {
  const { stdout } = await execa(program, ['--version'], { reject: false })
  return /(\d+\.\d+(\.\d+)?)/.exec(stdout ?? '')?.[1]
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
