import { cp, mkdir, readFile, realpath, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { which } from '../../scripts/cache.ts'
import type { Tools } from '../../scripts/setup.ts'
import type { Engine } from './engine.ts'

const root = join(import.meta.dirname, '../..')

/** The images that stages of the Dockerfile start from, in their order. */
export async function baseImages(): Promise<readonly string[]> {
  const text = await readFile(join(root, 'Dockerfile'), 'utf8')
  return [...text.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!)
}

/** Copies what git has or would have of this checkout into the engine's /root/nixcluster. */
export async function copyCheckout(engine: Engine): Promise<void> {
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = await execa('git', listed, { cwd: root })
  for (const name of stdout.split('\0').filter((file) => file !== ''))
    await cp(join(root, name), join(engine.home, 'nixcluster', name)).catch(ignoreMissing)
}

/** A file that was removed is in git's list until that is committed. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

/**
 * Builds the image from the Dockerfile. No registry of images is asked: Debian's image is a tree made by
 * debootstrap, Node's is that with the Node and the npm of this machine, and what the stage with Rust
 * compiles is the deploy-rs that the other tests run, which cargo built from the same version.
 */
export async function buildImage(engine: Engine, tools: Tools, tag: string): Promise<void> {
  const node = join(engine.home, 'node/usr/local')
  const npm = join(dirname(await realpath(which('npm')!)), '..')
  await mkdir(join(node, 'bin'), { recursive: true })
  await cp(process.execPath, join(node, 'bin/node'), { dereference: true })
  await cp(npm, join(node, 'lib/node_modules/npm'), { recursive: true, dereference: true })
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(node, 'bin/npm'))
  await symlink('../lib/node_modules/npm/bin/npx-cli.js', join(node, 'bin/npx'))
  // A machine whose network has an authority of its own lets Node know.
  await cp('/etc/ssl/certs/ca-certificates.crt', join(node, 'authorities.crt'))
  const deploy = join(engine.home, 'deploy-rs/opt/deploy-rs/bin/deploy')
  await cp(tools.deploy, deploy, { dereference: true })
  const [nodeImage, , debianImage] = await baseImages()
  await engine.sh(
    `container=$(buildah from scratch)
    buildah add --quiet "$container" /mnt /
    buildah commit --quiet "$container" localhost/debian
    buildah add --quiet "$container" /root/node /
    buildah config --env NODE_EXTRA_CA_CERTS=/usr/local/authorities.crt "$container"
    buildah commit --quiet --rm "$container" localhost/node`,
  )
  await engine.sh(
    `buildah build --isolation chroot --pull=never --format docker --tag "$tag" \
      --build-context "$node=container-image://localhost/node" \
      --build-context "$debian=container-image://localhost/debian" \
      --build-context deploy-rs=/root/deploy-rs .`,
    {
      cwd: '/root/nixcluster',
      env: { tag, node: nodeImage!, debian: debianImage! },
      outside: true,
    },
  )
}
