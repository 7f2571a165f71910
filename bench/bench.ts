import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeChart } from './chart.ts'
import { editFleet, edits, machinesOf, writeFleet } from './fleet.ts'
import { findHelm } from '../scripts/helm.ts'
import { measure, median, type Measure } from './measure.ts'
import { timeStartUp } from './start-up.ts'

// How long validate, resolve and render take for a large fleet, as whole processes from the built
// package, beside `helm template` of a chart that gives the same text for the same machines; and how
// long it takes again when one file has changed. Before that, how long commands take to start.

const { values } = parseArgs({
  options: {
    machines: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '5' },
    /** Ten times as many machines as well. */
    large: { type: 'boolean', default: false },
  },
})
const count = Number(values.machines)
const folder = await mkdtemp(join(tmpdir(), 'nixcluster-bench-'))
const program = join(folder, 'package/bin/nixcluster')
const render = (name: string): string[] => [
  program,
  ...['render', '--out', '-', '--dir', join(folder, name)],
]

try {
  // As it is installed: the launcher of a checkout would run the sources.
  const root = new URL('..', import.meta.url).pathname
  for (const name of ['bin', 'dist', 'package.json'])
    await cp(join(root, name), join(folder, 'package', name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'package/node_modules'))
  for (const [name, figures] of await timeStartUp(program, folder, join(folder, 'demo')))
    print(name, figures, undefined)
  const machines = machinesOf(count)
  writeFleet(join(folder, 'many'), machines, 100)
  writeFleet(join(folder, 'one'), machines, 1)
  writeChart(join(folder, 'chart'), machines)
  const helm = await findHelm()
  const runs = new Map<string, Measure[]>()
  const time = async (name: string, command: readonly string[], round: number): Promise<void> => {
    const run = await measure(command, folder)
    if (round > 0) runs.set(name, [...(runs.get(name) ?? []), run])
  }
  const fleets = [
    ['many', `${count / 100} files of 100`],
    ['one', `${count} files of 1`],
  ] as const
  // In turn, so that a slow minute of the machine hits all of them; the first round warms the disk.
  for (let round = 0; round <= Number(values.runs); round++) {
    for (const [fleet, name] of fleets) {
      await rm(join(folder, 'cache/nixcluster/compiled'), { recursive: true, force: true })
      await time(name, render(fleet), round)
      for (const [what, edit] of edits) {
        const undo = editFleet(join(folder, fleet), edit)
        await time(`${name}, ${what}`, render(fleet), round)
        undo()
      }
    }
    if (helm) await time('helm template', [helm, 'template', 'fleet', join(folder, 'chart')], round)
  }
  const medians = new Map([...runs].map(([name, all]) => [name, median(all)]))
  for (const [name, figures] of medians) {
    // A run that goes on from another, in terms of a whole one; a whole one in terms of helm.
    const other = medians.get(fleets.find(([, cold]) => name.startsWith(`${cold},`))?.[1] ?? '')
    print(name, figures, other ?? medians.get('helm template'))
  }

  if (values.large) {
    writeFleet(join(folder, 'large'), machinesOf(10 * count), 100)
    const large = await measure(render('large'), folder)
    print(`${10 * count} machines`, large, medians.get(fleets[0][1]))
  }
} finally {
  await rm(folder, { recursive: true })
}

/** A line with the time in terms of another's. */
function print(
  name: string,
  { seconds, cpu, mebibytes }: Measure,
  other: Measure | undefined,
): void {
  const times = other ? ` ${(seconds / other.seconds).toFixed(2)} times` : ''
  const figures = `${seconds.toFixed(2)} s, ${cpu.toFixed(2)} s of processor`
  console.log(`${name.padEnd(40)} ${figures}, ${mebibytes.toFixed(0)} MiB${times}`)
}
