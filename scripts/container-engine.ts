import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { debianArchive } from './apt.ts'
import { cache, which, workshop } from './cache.ts'
import type { Tool } from './tool.ts'

/** Debian 13, as in the Dockerfile: the image's own base, and the first release with Compose 2. */
const suite = 'trixie'
const engine = [
  // The engine: podman answers Docker's own client and Compose, buildah builds Dockerfiles.
  ...['aardvark-dns', 'buildah', 'conmon', 'crun', 'docker-cli', 'docker-compose', 'netavark'],
  ...['nftables', 'podman'],
  // What whoever installs the controller has on the machine.
  ...['ca-certificates', 'curl', 'git', 'iproute2', 'openssh-client', 'openssl', 'shellcheck'],
]

/** A tree named after what is in it. */
const treeOf = (name: string, packages: readonly string[]): string =>
  join(
    cache,
    'container',
    `${name}-${createHash('sha256')
      .update([suite, ...packages].join())
      .digest('hex')
      .slice(0, 12)}`,
  )

/** Debian with podman, buildah, Docker's client and Compose: a machine with a container engine. */
export const engineTree = treeOf('engine', engine)

/** A fresh Debian, as small as Debian's own image. */
export const debianTree = treeOf('debian', [])

/** Two trees by debootstrap, for the test of the container image alone; nothing is installed. */
export const containerEngine: Tool = {
  name: 'container engine',
  plan: `podman of Debian 13 by debootstrap into ${engineTree}, and a fresh Debian beside it (1.1 GB, 80 s)`,
  isReady: () => Promise.resolve(existsSync(engineTree) && existsSync(debianTree)),
  obstacle: async () =>
    process.getuid?.() !== 0 || which('debootstrap') === undefined
      ? 'container images are tried by root, with debootstrap: install it'
      : undefined,
  async install() {
    await bringTree(debianTree, [])
    await bringTree(engineTree, engine)
    await rm(workshop, { recursive: true, force: true })
  },
}

async function bringTree(tree: string, packages: readonly string[]): Promise<void> {
  if (existsSync(tree)) return
  const part = join(workshop, 'container')
  await mkdir(join(tree, '..'), { recursive: true })
  await mkdir(workshop, { recursive: true })
  const include = packages.length === 0 ? [] : [`--include=${packages.join()}`]
  const mirror = (await debianArchive())?.uri
  await execa(
    'nice',
    // Mounts end with the process, however it ends.
    ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'debootstrap', '--variant=minbase']
      .concat(include, suite, part)
      .concat(mirror ?? []),
    { env: { DEBIAN_FRONTEND: 'noninteractive' }, stdin: 'ignore' },
  )
  await execa('chroot', [part, 'apt-get', 'clean'])
  await rename(part, tree)
}
