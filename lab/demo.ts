import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { execa } from 'execa'
import { ensureTools } from '../scripts/setup.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { labInputs } from './inputs.ts'
import { startLab, type Lab } from './machines.ts'
import { freePort } from './port.ts'

// The product's main job, on real machines: what a person does, what they see, how long it takes.

const names = ['web1', 'web2', 'db1']
const say = (line = ''): void => console.log(line)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now()
  return [await work(), performance.now() - start]
}

/** What a machine says of itself. */
interface Seen {
  readonly name: string
  readonly generation: string
  readonly profile: string
  readonly running: string
  readonly greeting: string
  readonly unit: string
}

async function see(lab: Lab, name: string): Promise<Seen> {
  const { stdout } = await lab.machines[name]!.run(`
    profile=/nix/var/nix/profiles/system
    readlink $profile | sed 's/system-\\(.*\\)-link/\\1/'
    readlink -f $profile
    readlink -f /run/current-system
    head -n 1 /etc/motd | tr -d '\\n'; echo
    systemctl is-active hello.service`)
  const [generation = '', profile = '', running = '', greeting = '', unit = ''] = stdout.split('\n')
  return { name, generation, profile, running, greeting, unit }
}

async function main(): Promise<void> {
  const keep = process.argv.includes('--keep')
  const tools = await ensureTools()
  const [lab, boot] = await timed(() => startLab({ machines: names }))
  try {
    await show(lab, boot, await labInputs(tools), keep)
  } finally {
    await lab.stop()
  }
}

async function show(
  lab: Lab,
  bootMs: number,
  inputs: { nixpkgs: string; deployRs: string },
  keep: boolean,
): Promise<void> {
  const template = join(import.meta.dirname, 'demo/fleet')
  const fleet = await createFleet(lab, { template, inputs, port: await freePort() })
  try {
    await must(fleet, 'update')
    await fleet.git('add', '.')
    await fleet.git('commit', '--quiet', '-m', 'A fleet of three')
    const [, serveMs] = await timed(() => fleet.serve())
    say(`3 machines up ${seconds(bootMs)}, controller ready ${seconds(serveMs)}`)

    step('A first push only reads the machines; deploy says go')
    await push(fleet, 'main')
    for (const line of (await must(fleet, 'deploy')).output.split('\n')) tell(line)
    const first = await Promise.all(names.map((name) => see(lab, name)))

    step('A branch that changes web1 is answered with a plan')
    await fleet.git('switch', '--quiet', '--create', 'greeting')
    await fleet.edit(
      'clusters/demo.yaml',
      '"Welcome to web1"',
      '"Hello from web1"\n          environment.systemPackages: !nix "[ pkgs.jq ]"',
    )
    await fleet.git('commit', '--quiet', '-am', 'Greet from web1')
    const planMs = await push(fleet, 'greeting')

    step('The merge deploys web1, and only web1')
    await fleet.git('switch', '--quiet', 'main')
    await fleet.git('merge', '--quiet', '--no-ff', '-m', 'Merge greeting', 'greeting')
    const mergeMs = await push(fleet, 'main', /✓/)
    const changed = await see(lab, 'web1')
    const merged = await fleet.git('rev-parse', 'HEAD')

    step('The revert of the merge brings it back, without evaluation or build')
    await fleet.git('revert', '--no-edit', '-m', '1', 'HEAD')
    const revertMs = await push(fleet, 'main', /✓/)

    step('A mistake deploys nothing')
    await fleet.edit('clusters/demo.yaml', 'stateVersion:', 'stateVersoin:')
    await fleet.git('commit', '--quiet', '-am', 'Misspell')
    await push(fleet, 'main')

    const last = await Promise.all(names.map((name) => see(lab, name)))
    const plainMs = await plainDeploy(fleet, lab, merged)
    say()
    table(last)
    say()
    say(
      `push to plan ${seconds(planMs)}   merge to machine confirmed ${seconds(mergeMs)}` +
        ` (plain deploy of it: ${seconds(plainMs)})   revert to back ${seconds(revertMs)}`,
    )
    check(first, changed, last)
    say('Machines that nothing concerned were not touched: generation 1 throughout.')
    if (keep) await stay(fleet)
  } catch (error) {
    process.stderr.write(`${(await fleet.log()).slice(-3000)}\n`)
    throw error
  } finally {
    await fleet.end()
  }
}

let steps = 0
function step(title: string): void {
  say()
  say(`${++steps}. ${title}`)
}

function tell(line: string): void {
  const text = line.replace(/^remote: ?/, '').trimEnd()
  if (text !== '') say(`   ${text}`)
}

/** Pushes, and gives the time until the last line came back, or the last one with `mark`. */
async function push(fleet: Fleet, branch: string, mark = /./): Promise<number> {
  const start = performance.now()
  let ms = 0
  for await (const line of fleet.push(branch)) {
    tell(line)
    if (mark.test(line)) ms = performance.now() - start
  }
  return ms
}

async function must(fleet: Fleet, ...args: string[]) {
  const result = await fleet.nixcluster(...args)
  if (result.exitCode !== 0) throw new Error(`nixcluster ${args[0]}: ${result.output}`)
  return result
}

/** The same change by deploy-rs alone, of the same flake: there and, outside the measurement, back again. */
async function plainDeploy(fleet: Fleet, lab: Lab, source: string): Promise<number> {
  const generated = await run(fleet, 'git', [
    ...['--git-dir', fleet.remote, 'log', '--format=%H', '--max-count=1'],
    ...['--grep', `Source-Commit: ${source}`, 'nixcluster/main'],
  ])
  const to = (rev: string): Promise<string> =>
    run(fleet, 'deploy', [
      ...['--skip-checks', '--ssh-opts', `-i ${lab.identityFile} -o StrictHostKeyChecking=no`],
      `git+file://${fleet.remote}?ref=nixcluster/main&rev=${rev}#"web1.demo.lab".system`,
      ...['--', '--no-update-lock-file'],
    ])
  const [, ms] = await timed(() => to(generated))
  await to(await run(fleet, 'git', ['--git-dir', fleet.remote, 'rev-parse', 'nixcluster/main']))
  return ms
}

async function run(fleet: Fleet, command: string, args: string[]): Promise<string> {
  const { stdout } = await execa(command, args, { env: fleet.environment, extendEnv: false })
  return stdout
}

function table(seen: readonly Seen[]): void {
  const short = (path: string): string => `${path.replace('/nix/store/', '').slice(0, 3)}…`
  say('MACHINE          PROFILE               RUNNING   UNITS')
  for (const { name, generation, profile, running, unit } of seen) {
    const state = unit === 'active' ? 'hello.service running' : '-'
    const columns = [`${name}.demo.lab`.padEnd(16), `generation ${generation}  ${short(profile)}`]
    say(`${columns.join(' ').padEnd(38)} ${short(running).padEnd(9)} ${state}`)
  }
}

/** The demo fails where the machines are not as they should be. */
function check(first: readonly Seen[], changed: Seen, last: readonly Seen[]): void {
  const [web1, web2, db1] = last
  const expectations: [string, boolean][] = [
    ['the first push deployed all three', first.every(({ generation }) => generation === '1')],
    [
      'the merge reached web1',
      changed.greeting === 'Hello from web1' && changed.generation === '2',
    ],
    ['the revert brought web1 back', web1?.greeting === 'Welcome to web1'],
    ['web1 runs the very system that it ran first', web1?.running === first[0]?.running],
    ['web1 is at generation 3', web1?.generation === '3'],
    ['web2 and db1 were not touched', web2?.generation === '1' && db1?.generation === '1'],
    ['hello runs on both web machines', web1?.unit === 'active' && web2?.unit === 'active'],
  ]
  const broken = expectations.filter(([, holds]) => !holds).map(([text]) => text)
  if (broken.length > 0) throw new Error(`not as it should be: ${broken.join('; ')}`)
}

async function stay(fleet: Fleet): Promise<void> {
  say()
  say(`It stays up until Ctrl-C. Change and push: cd ${fleet.clone}`)
  await new Promise<void>((resolve) => {
    // Not once: npm hands the terminal's signal on a second time.
    process.on('SIGINT', () => resolve())
    process.on('SIGTERM', () => resolve())
  })
}

await main()
