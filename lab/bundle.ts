import { chmod, cp, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'

/**
 * Writes `bin` and `lib` into a folder: the controller's programs as this host has them, each with its own
 * libraries and loader, so that they run in a machine of the lab wherever the folder lies there.
 */
export async function bundleTools(
  folder: string,
  programs: {
    readonly git: string
    readonly nix: string
    readonly redisServer: string
    readonly deploy: string
    readonly node: string
    readonly npm: string
  },
): Promise<void> {
  const bin = join(folder, 'bin')
  await mkdir(bin, { recursive: true })
  await bundle(programs.nix, 'nix', folder)
  for (const name of await readdir(dirname(await realpath(programs.nix))))
    if (name.startsWith('nix-')) await symlink('nix', join(bin, name))
  await bundle(programs.redisServer, 'redis-server', folder)
  await bundle(programs.deploy, 'deploy', folder)
  await bundleGit(programs.git, folder)
  // Needs no more than what every Debian has, and is to find itself by its own name.
  await cp(programs.node, join(bin, 'node'), { dereference: true })
  const npm = dirname(dirname(await realpath(programs.npm)))
  await cp(npm, join(folder, 'lib/npm'), { recursive: true })
  await symlink('../lib/npm/bin/npm-cli.js', join(bin, 'npm'))
}

/** Git starts itself by the names of its commands. */
async function bundleGit(program: string, folder: string): Promise<void> {
  const { stdout: commands } = await execa(program, ['--exec-path'])
  await bundle(program, 'git', folder, 'GIT_EXEC_PATH=$lib/commands GIT_TEMPLATE_DIR=')
  const into = join(folder, 'lib/git/commands')
  await mkdir(into)
  const names = await readdir(commands, { withFileTypes: true })
  for (const { name } of names.filter((entry) => entry.isSymbolicLink() || entry.name === 'git'))
    await symlink('../../../bin/git', join(into, name))
}

async function bundle(program: string, name: string, folder: string, env = ''): Promise<void> {
  const lib = join(folder, 'lib', name)
  await mkdir(lib, { recursive: true })
  const { stdout } = await execa('ldd', [await realpath(program)])
  const libraries = [...stdout.matchAll(/=> (\/\S+) \(/g)].map(([, path]) => path!)
  const libc = libraries.find((path) => basename(path).startsWith('libc.so'))
  if (libc === undefined) throw new Error(`${program} does without libc:\n${stdout}`)
  const beside = await readdir(dirname(await realpath(libc)))
  const loader = beside.find((file) => /^ld-linux.*\.so\.\d$/.test(file))
  if (loader === undefined) throw new Error(`there is no loader beside ${libc}`)
  for (const file of [...libraries, join(dirname(await realpath(libc)), loader)])
    await cp(file, join(lib, basename(file)), { dereference: true })
  await cp(program, join(lib, name), { dereference: true })
  const wrapper = join(folder, 'bin', name)
  await writeFile(
    wrapper,
    `#!/bin/sh
# Even where PATH is empty.
self=$(/usr/bin/readlink -f "$0")
lib=\${self%/bin/*}/lib/${name}
${env === '' ? '' : `export ${env}\n`}exec "$lib/${loader}" --argv0 "$0" --library-path "$lib" "$lib/${name}" "$@"
`,
  )
  await chmod(wrapper, 0o755)
}
