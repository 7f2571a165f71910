import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, readlink, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The hierarchies in which a systemd keeps its processes: one with cgroup v2, two with v1. */
const hierarchies = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'].filter(existsSync)
const roots = hierarchies.length > 0 ? hierarchies : ['/sys/fs/cgroup']

/** Makes the control groups of one machine and gives their folders: without own ones, two systemds share theirs. */
export async function createGroup(name: string): Promise<string[]> {
  const folders = roots.map((root) => join(root, name))
  for (const folder of folders) await mkdir(folder, { recursive: true })
  return folders
}

/** Lets many systemds watch files at once: each takes about ten of the 128 that systems allow root. */
export async function allowWatches(): Promise<void> {
  const limit = '/proc/sys/fs/inotify/max_user_instances'
  if (Number(await readFile(limit, 'utf8')) < 8192) await writeFile(limit, '8192')
}

/** Kills every process below the control groups of a machine and waits until none is left. */
export async function killGroup(name: string): Promise<void> {
  for (const folder of roots.map((root) => join(root, name)))
    for (;;) {
      const alive = await processes(folder)
      if (alive.length === 0) break
      for (const id of alive) kill(id)
      await sleep(5)
    }
}

/** Kills what is left in the control groups of a machine and removes them. */
export async function removeGroup(name: string): Promise<void> {
  await killGroup(name)
  for (const root of roots) await removeTree(join(root, name))
}

/** Kills what still works in a folder: a Redis, say, whose controller a test has killed. */
export async function killWorkingIn(folder: string): Promise<void> {
  for (const id of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const cwd = await readlink(`/proc/${id}/cwd`).catch(() => '')
    if (`${cwd}/`.startsWith(`${folder}/`) && Number(id) !== process.pid) kill(Number(id))
  }
}

async function processes(folder: string): Promise<number[]> {
  const groups = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const lists = groups
    .filter((entry) => entry.name === 'cgroup.procs')
    .map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8').catch(() => ''))
  return (await Promise.all(lists)).join('').split('\n').filter(Boolean).map(Number)
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  await rmdir(folder)
}

function kill(id: number): void {
  try {
    process.kill(id, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}
