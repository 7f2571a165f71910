import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeChart } from './chart.ts'
import { machinesOf, writeFleet } from './fleet.ts'
import { findHelm } from './helm.ts'
import { measure, median, type Measure } from './measure.ts'

// How long validate, resolve and render take for a large fleet, as whole processes from the built
// package, beside `helm template` of a chart that gives the same text for the same machines.

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
  const machines = machinesOf(count)
  writeFleet(join(folder, 'many'), machines, 100)
  writeFleet(join(folder, 'one'), machines, 1)
  writeChart(join(folder, 'chart'), machines)
  const helm = await findHelm()
  const contestants = new Map<string, readonly string[]>([
    [`${count / 100} files of 100`, render('many')],
    [`${count} files of 1`, render('one')],
  ])
  if (helm) contestants.set('helm template', [helm, 'template', 'fleet', join(folder, 'chart')])
  const runs = new Map<string, Measure[]>([...contestants.keys()].map((name) => [name, []]))
  // In turn, so that a slow minute of the machine hits all of them; the first round warms the disk.
  for (let round = 0; round <= Number(values.runs); round++)
    for (const [name, command] of contestants) {
      const run = await measure(command, folder)
      if (round > 0) runs.get(name)!.push(run)
    }
  const medians = new Map([...runs].map(([name, all]) => [name, median(all)]))
  print(medians, medians.get('helm template'))

  if (values.large) {
    writeFleet(join(folder, 'large'), machinesOf(10 * count), 100)
    const large = await measure(render('large'), folder)
    print(new Map([[`${10 * count} machines`, large]]), medians.get(`${count / 100} files of 100`))
  }
} finally {
  await rm(folder, { recursive: true })
}

/** A line for each, with its time in terms of another's. */
function print(measures: ReadonlyMap<string, Measure>, other: Measure | undefined): void {
  for (const [name, { seconds, cpu, mebibytes }] of measures) {
    const times = other ? ` ${(seconds / other.seconds).toFixed(2)} times` : ''
    const figures = `${seconds.toFixed(2)} s, ${cpu.toFixed(2)} s of processor`
    console.log(`${name.padEnd(20)} ${figures}, ${mebibytes.toFixed(0)} MiB${times}`)
  }
}
