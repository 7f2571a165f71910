import { cp } from 'node:fs/promises'
import { execa } from 'execa'
import { measure, median, type Measure } from './measure.ts'

const commands = [['validate'], ['resolve', 'web1'], ['render', '--out', '-'], ['diff', 'HEAD']]

/** How long commands take on the demo, a repository of three machines. */
export async function timeStartUp(
  program: string,
  folder: string,
  demo: string,
): Promise<ReadonlyMap<string, Measure>> {
  await cp(new URL('../test/fixtures/demo/in', import.meta.url), demo, { recursive: true })
  const author = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost']
  for (const args of [['init'], ['add', '--all'], [...author, 'commit', '--message', 'demo']])
    await execa('git', args, { cwd: demo })
  const runs = new Map<string, Measure[]>()
  for (let round = 0; round <= 15; round++)
    for (const words of commands) {
      const run = await measure([program, ...words, '--dir', demo], folder)
      const name = `${words[0]} of the demo`
      if (round > 0) runs.set(name, [...(runs.get(name) ?? []), run])
    }
  return new Map([...runs].map(([name, all]) => [name, median(all)]))
}
