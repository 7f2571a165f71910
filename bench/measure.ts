import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

/** What one run of a process took. */
export interface Measure {
  readonly seconds: number
  /** User and system time of all its threads. */
  readonly cpu: number
  /** The most memory that it had. */
  readonly mebibytes: number
}

/**
 * Runs a command as a process of its own, its output thrown away; GNU time looks at its clock. What it
 * leaves for the next run, it leaves in the folder.
 */
export async function measure(command: readonly string[], folder: string): Promise<Measure> {
  const report = join(folder, 'time')
  const format = ['--quiet', '--output', report, '--format', '%e %U %S %M']
  await execa('/usr/bin/time', [...format, ...command], {
    env: { XDG_CACHE_HOME: join(folder, 'cache') },
    stdout: 'ignore',
    stderr: 'inherit',
  })
  const [elapsed, user, system, kibibytes] = (await readFile(report, 'utf8')).split(' ').map(Number)
  return { seconds: elapsed!, cpu: user! + system!, mebibytes: kibibytes! / 1024 }
}

/** The middle of several runs, figure by figure. */
export function median(runs: readonly Measure[]): Measure {
  const middle = (of: (run: Measure) => number): number =>
    runs.map(of).toSorted((a, b) => a - b)[Math.floor(runs.length / 2)]!
  return {
    seconds: middle(({ seconds }) => seconds),
    cpu: middle(({ cpu }) => cpu),
    mebibytes: middle(({ mebibytes }) => mebibytes),
  }
}
