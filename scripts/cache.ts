import { mkdir, realpath, rm, symlink } from 'node:fs/promises'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'

/** The folder that keeps what the project needs from outside npm, shared by all checkouts of a user. */
export const cache =
  process.env['NIXCLUSTER_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'nixcluster')

/** Work that is not whole yet; what a killed setup left there is removed by the next one. */
export const unfinished = join(cache, 'unfinished')

/** This process' part of it: what a killed setup started may still write to its own. */
export const workshop = join(unfinished, String(process.pid))

/** Where every tool ends as a link. */
export const bin = join(cache, 'bin')

/** Gives the link of a tool below the cache, undefined when it is not there or leads nowhere. */
export function linked(name: string): string | undefined {
  return existsSync(join(bin, name)) ? join(bin, name) : undefined
}

/** Points `<cache>/bin/<name>` at each of the programs. */
export async function link(programs: string[]): Promise<void> {
  await mkdir(bin, { recursive: true })
  for (const program of programs) {
    await rm(join(bin, basename(program)), { force: true })
    await symlink(program, join(bin, basename(program)))
  }
}

/** Finds a program of the machine's own; the sbin folders count, which a user's PATH often lacks. */
export function which(name: string): string | undefined {
  return [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
    .filter((folder) => folder !== bin)
    .map((folder) => join(folder, name))
    .find(isProgram)
}

/** Runs `work` while no other process on this machine holds the same lock; it ends with the process. */
export async function locked<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  // The lock lives as long as its standard input: the system frees it however this process ends.
  const holder = execa('flock', [file, 'sh', '-c', 'echo locked; exec cat'], {
    detached: true,
    reject: false,
  })
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve())
    void holder.then((end) => reject(new Error(`locking ${file}`, { cause: end })))
  })
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await holder
  }
}

/** Gives the folder in which a program really lies, beside its companions. */
export async function homeOf(program: string): Promise<string> {
  return join(await realpath(program), '..')
}

/** True when a version such as `2.26.3` is not older than `least`. */
export function isAtLeast(version: string | undefined, least: string): boolean {
  if (version === undefined) return false
  return version.localeCompare(least, 'en', { numeric: true }) >= 0
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
