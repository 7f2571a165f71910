import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { cache, which, workshop } from './cache.ts'
import type { Tool } from './tool.ts'

/** The newest that is whole on the Go module proxy with what it is made of. */
const version = '1.26.0'
const home = join(cache, `gitea-${version}`)

/** A real Gitea, for `npm run test:gitea` alone: it takes minutes to build. */
export const gitea: Tool = {
  name: 'Gitea',
  plan: `Gitea ${version} built by Go into ${home} (2 processors: 4 min, 1 GB for Go's own caches)`,
  isReady: () => Promise.resolve(existsSync(giteaProgram)),
  obstacle: async () =>
    which('go') === undefined || which('gcc') === undefined
      ? `building Gitea ${version} needs Go 1.26 and gcc: install them`
      : undefined,
  async install() {
    const go = which('go')!
    const folder = join(workshop, 'gitea')
    await mkdir(folder, { recursive: true })
    const found = await execa(go, ['mod', 'download', '-json', `code.gitea.io/gitea@v${version}`], {
      cwd: workshop,
    })
    const { Dir: module } = JSON.parse(found.stdout) as { readonly Dir: string }
    const source = join(workshop, 'gitea-source')
    await cp(module, source, { recursive: true })
    // Go keeps its modules read-only, and builds only within one that it may write to.
    await makeWritable(source)
    const named = `-s -w -X "main.Version=${version}"`
    const tags = 'sqlite sqlite_unlock_notify'
    await execa(
      'nice',
      [go, 'build', '-trimpath', '-buildvcs=false', '-tags', tags, '-ldflags', named, '-o'].concat(
        join(folder, 'gitea'),
        '.',
      ),
      { cwd: source, env: { CGO_ENABLED: '1' }, stdin: 'ignore' },
    )
    for (const name of ['options', 'public', 'templates', 'LICENSE'])
      await rename(join(source, name), join(folder, name))
    await rm(home, { recursive: true, force: true })
    await rename(folder, home)
  },
}

/** The program, and the folder with its templates beside it. */
export const giteaProgram = join(home, 'gitea')
export const giteaHome = home

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name))
}
