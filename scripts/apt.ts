import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'

/** The archive of Debian 13, which this project's tools come from where the machine's are too old. */
const suite = 'trixie'
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** One archive of the machine's own apt: where it is, and which suite and component are used. */
export interface Archive {
  readonly uri: string
  readonly suite: string
  readonly component: string
}

/** Lists the archives that the machine's own apt uses; empty without apt or without package lists. */
export async function archives(): Promise<Archive[]> {
  const format = '$(REPO_URI)|$(CODENAME)|$(COMPONENT)'
  const { stdout } = await execa('apt-get', [
    'indextargets',
    '--format',
    format,
    'Created-By: Packages',
  ]).catch(() => ({ stdout: '' }))
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [uri = '', suite = '', component = ''] = line.split('|')
      return { uri, suite, component }
    })
}

/** Gives the main archive of a Debian machine, undefined anywhere else. */
export async function debianArchive(): Promise<Archive | undefined> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1]
  if (!/^ID=debian$/m.test(release)) return undefined
  return (await archives()).find(
    (archive) => archive.suite === codename && archive.component === 'main',
  )
}

/**
 * Downloads Debian packages with all they need and unpacks them below `folder`, installing nothing:
 * apt gets a root of its own, in which no package is known.
 */
export async function unpackPackages(
  archive: Archive,
  packages: string[],
  folder: string,
): Promise<void> {
  const apt = join(folder, 'apt')
  await mkdir(join(apt, 'state/lists/partial'), { recursive: true })
  await mkdir(join(apt, 'cache/archives/partial'), { recursive: true })
  await writeFile(join(apt, 'status'), '')
  const signedBy = existsSync(keyring) ? `[signed-by=${keyring}] ` : ''
  await writeFile(join(apt, 'sources.list'), `deb ${signedBy}${archive.uri} ${suite} main\n`)
  const options = [
    `Dir::State=${join(apt, 'state')}`,
    `Dir::State::status=${join(apt, 'status')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    `Dir::Etc::SourceList=${join(apt, 'sources.list')}`,
    'Dir::Etc::SourceParts=/dev/null',
    'Dir::Etc::PreferencesParts=/dev/null',
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option])
  const environment = { DEBIAN_FRONTEND: 'noninteractive' }
  await execa('apt-get', [...options, 'update'], { env: environment, stdin: 'ignore' })
  await execa('apt-get', [...options, '-y', 'install', '--download-only', ...packages], {
    env: environment,
    stdin: 'ignore',
  })
  const downloads = join(apt, 'cache/archives')
  for (const file of (await readdir(downloads)).filter((name) => name.endsWith('.deb')))
    await execa('dpkg-deb', ['-x', join(downloads, file), join(folder, 'root')])
  await rm(apt, { recursive: true })
}

/**
 * Copies programs with the libraries they need from unpacked packages to `target/bin` and `target/lib`,
 * made to run with exactly these libraries whatever the machine has.
 */
export async function transplant(
  folder: string,
  programs: string[],
  target: string,
): Promise<void> {
  const root = join(folder, 'root')
  const loader = await findLoader(root)
  const libraryPath = (await libraryFolders(root)).join(':')
  const whole = `${target}.part`
  await rm(whole, { recursive: true, force: true })
  await mkdir(join(whole, 'bin'), { recursive: true })
  await mkdir(join(whole, 'lib'), { recursive: true })
  const libraries = new Set<string>()
  for (const program of programs) {
    const { stdout } = await execa(loader, [
      '--library-path',
      libraryPath,
      '--list',
      join(root, program),
    ])
    for (const [, path] of stdout.matchAll(/=> (\S+) \(/g)) libraries.add(path!)
    await cp(join(root, program), join(whole, 'bin', basename(program)), { dereference: true })
  }
  for (const library of libraries)
    await cp(await realpath(library), join(whole, 'lib', basename(library)))
  await cp(loader, join(whole, 'lib', basename(loader)))
  const patch = (...flags: string[]) =>
    execa(loader, ['--library-path', libraryPath, join(root, 'usr/bin/patchelf'), ...flags])
  const rpath = ['--force-rpath', '--set-rpath', join(target, 'lib')]
  for (const library of libraries) {
    // libc and the loader stay as they are: they find nothing through an rpath, and patching breaks them.
    if (!/\/(libc|ld-linux[^/]*)\.so/.test(library))
      await patch(...rpath, join(whole, 'lib', basename(library)))
  }
  for (const program of programs)
    await patch(
      '--set-interpreter',
      join(target, 'lib', basename(loader)),
      ...rpath,
      join(whole, 'bin', basename(program)),
    )
  await rm(target, { recursive: true, force: true })
  await rename(whole, target)
}

async function libraryFolders(root: string): Promise<string[]> {
  const triplets = await readdir(join(root, 'usr/lib'), { withFileTypes: true })
  return triplets
    .filter((entry) => entry.isDirectory() && /-linux-gnu/.test(entry.name))
    .map((entry) => join(root, 'usr/lib', entry.name))
}

async function findLoader(root: string): Promise<string> {
  for (const folder of await libraryFolders(root)) {
    const name = (await readdir(folder)).find((file) => /^ld-linux.*\.so\.\d$/.test(file))
    if (name !== undefined) return join(folder, name)
  }
  throw new Error(`no dynamic loader in ${root}`)
}
