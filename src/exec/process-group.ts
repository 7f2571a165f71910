import { readdirSync, readFileSync } from 'node:fs'

/**
 * Ends a process, its group and all that came of it, at once. What left the group, as a builder of Nix
 * does, is found by its parents; without /proc it is the group alone.
 */
export function killAll(leader: number): void {
  // Found before the first of them ends: an orphan has another parent.
  const members = membersOf(leader)
  sendToGroup(leader, 'SIGKILL')
  for (const pid of members) send(pid, 'SIGKILL')
}

/** Sends a signal to a process group, which may be gone. */
export const sendToGroup = (leader: number, signal: 'SIGTERM' | 'SIGKILL'): void =>
  send(-leader, signal)

/** What a process, its group and all that came of it hold in memory and swap, in bytes. */
export const memoryOf = (leader: number): number =>
  membersOf(leader).reduce((sum, pid) => sum + residentBytes(pid), 0)

/** The processes of a group, and those that came of them. */
function membersOf(leader: number): readonly number[] {
  const processes = running()
  const members = new Set(
    processes.filter(({ pid, group }) => pid === leader || group === leader).map(({ pid }) => pid),
  )
  for (let size = -1; size !== members.size;) {
    size = members.size
    for (const { pid, parent } of processes) if (members.has(parent)) members.add(pid)
  }
  return [...members]
}

function running(): readonly { pid: number; parent: number; group: number }[] {
  return textsOf(() => readdirSync('/proc')).flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    const [stat = ''] = textsOf(() => [readFileSync(`/proc/${name}/stat`, 'utf8')])
    // The name of the program stands in parentheses and may hold anything.
    const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return [{ pid: Number(name), parent: Number(parent), group: Number(group) }]
  })
}

function residentBytes(pid: number): number {
  const [status = ''] = textsOf(() => [readFileSync(`/proc/${pid}/status`, 'utf8')])
  const found = status.matchAll(/^Vm(?:RSS|Swap):\s+(\d+) kB$/gm)
  return [...found].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0)
}

/** A process may be gone between two looks. */
function textsOf(read: () => readonly string[]): readonly string[] {
  try {
    return read()
  } catch {
    return []
  }
}

function send(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Already gone.
  }
}
