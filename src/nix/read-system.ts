import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises'
import { isUtf8 } from 'node:buffer'
import { join } from 'node:path'
import type { SystemContents } from '../model/system-contents.ts'
import { packageVersions } from './package-name.ts'

/** A folder of more entries that is linked as a whole (time zones, terminals) is one thing. */
const maxFolder = 100
/** Longer texts are no reading for a plan. */
const maxText = 64 * 1024

/** Reads a toplevel in the store; `sizes` are those of every path of its closure. */
export async function readSystem(
  system: string,
  sizes: ReadonlyMap<string, number>,
): Promise<SystemContents> {
  const etc = join(system, 'etc')
  const files: Record<string, { hash: string; text?: string }> = {}
  for (const path of await filesBelow(etc)) files[path] = await readEtcFile(join(etc, path))
  return {
    system,
    units: await readUnits(join(etc, 'systemd/system')),
    files: withModes(files),
    packages: packageVersions([...sizes.keys()]),
    size: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    kernel: await identity(system, 'kernel'),
    initrd: await identity(system, 'initrd'),
    systemd: await identity(system, 'systemd'),
    users: {},
    ports: [],
    virtualHosts: {},
  }
}

const target = (link: string): Promise<string> => realpath(link).catch(() => '')

/** What a link of the toplevel leads to; of a file that lies in it, and so moves with it, its hash. */
async function identity(system: string, name: string): Promise<string> {
  const real = await target(join(system, name))
  return real.startsWith(`${system}/`) ? hashOf(await readFile(real)) : real
}

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Every file below /etc but the units, sorted; links to small folders are followed. */
async function filesBelow(etc: string, folder = ''): Promise<readonly string[]> {
  const names = await readdir(join(etc, folder)).catch(() => [])
  const paths: string[] = []
  for (const name of names.sort()) {
    const path = join(folder, name)
    if (path === 'systemd/system') continue
    const found = await stat(join(etc, path)).catch(() => undefined)
    if (!found?.isDirectory()) paths.push(path)
    else if (await isOneThing(join(etc, path))) paths.push(path)
    else paths.push(...(await filesBelow(etc, path)))
  }
  return paths
}

const isOneThing = async (folder: string): Promise<boolean> =>
  (await lstat(folder)).isSymbolicLink() &&
  (!(await realpath(folder)).startsWith('/nix/store/') ||
    (await readdir(folder)).length > maxFolder)

async function readEtcFile(path: string): Promise<{ hash: string; text?: string }> {
  const real = await target(path)
  // What leads out of the store is not part of the system, only that it leads there.
  if (!real.startsWith('/nix/store/')) return { hash: `-> ${await readlink(path)}` }
  const found = await stat(real)
  if (!found.isFile() || found.size > maxText) return { hash: real }
  const bytes = await readFile(real)
  const hash = hashOf(bytes)
  return isUtf8(bytes) && !bytes.includes(0) ? { hash, text: bytes.toString() } : { hash }
}

/** NixOS writes a file's mode and owner beside it: `sudoers.mode` belongs to `sudoers`. */
function withModes(
  files: Readonly<Record<string, { hash: string; text?: string }>>,
): SystemContents['files'] {
  const result: Record<string, { hash: string; text?: string }> = {}
  for (const [path, file] of Object.entries(files)) {
    const owner = path.replace(/\.(mode|uid|gid)$/, '')
    if (owner !== path && files[owner] !== undefined) continue
    const beside = ['mode', 'uid', 'gid'].map((what) => files[`${path}.${what}`]?.text?.trim())
    const mode = beside.some((what) => what !== undefined) ? ` ${beside.join(' ')}` : ''
    result[path] = { ...file, hash: file.hash + mode }
  }
  return result
}

/** Unit -> its file, its drop-ins, its scripts and who wants it, as one text. */
async function readUnits(folder: string): Promise<Readonly<Record<string, string>>> {
  const units: Record<string, string[]> = {}
  const names = (await readdir(folder).catch(() => [])).sort()
  const below = async (name: string): Promise<readonly string[]> =>
    (await readdir(join(folder, name)).catch(() => [])).sort()
  for (const name of names) {
    const path = join(folder, name)
    if (/\.(wants|requires|upholds|d)$/.test(name)) continue
    // An alias: the same unit by another name.
    const link = (await lstat(path)).isSymbolicLink() ? await readlink(path) : ''
    if (link !== '' && !link.includes('/') && link !== name) continue
    units[name] = [await readUnit(path)]
  }
  for (const name of names.filter((each) => each.endsWith('.d'))) {
    const unit = (units[name.slice(0, -2)] ??= [])
    for (const file of await below(name)) {
      unit.push(`# ${file}\n${await readUnit(join(folder, name, file))}`)
    }
  }
  for (const texts of Object.values(units)) texts.push(await readScripts(texts.join('')))
  for (const name of names) {
    const [, wanting, how] = /^(.+)\.(wants|requires|upholds)$/.exec(name) ?? []
    if (wanting === undefined) continue
    const verb = { wants: 'Wanted', requires: 'Required', upholds: 'Upheld' }[how!]
    for (const unit of await below(name)) units[unit]?.push(`# ${verb} by ${wanting}\n`)
  }
  return Object.fromEntries(Object.entries(units).map(([name, texts]) => [name, texts.join('')]))
}

/** The scripts that NixOS made of a unit's settings, as comments: their text is what a person wrote. */
async function readScripts(unit: string): Promise<string> {
  const paths =
    unit.match(/\/nix\/store\/[0-9a-z]{32}-unit-script-[\w@.-]+(\/bin\/[\w@.-]+)?/g) ?? []
  const scripts: string[] = []
  for (const path of new Set(paths)) {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (text === '' || text.length > maxText) continue
    const lines = text.trimEnd().split('\n')
    scripts.push(`# ${path.slice(44)}:\n${lines.map((line) => `#   ${line}\n`).join('')}`)
  }
  return scripts.join('')
}

async function readUnit(path: string): Promise<string> {
  const real = await target(path)
  if (real === '/dev/null') return '# masked\n'
  const text = await readFile(path, 'utf8').catch(() => '')
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
