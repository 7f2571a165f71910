import { rm } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { cache, workshop } from '../scripts/cache.ts'
import { ensureTools } from '../scripts/setup.ts'
import { SetupError } from '../scripts/tool.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { labInputs } from './inputs.ts'
import { lackingForLab } from './lacking.ts'
import { startLab, type Lab } from './machines.ts'
import { freePort } from './port.ts'

// The product's main job, on real machines: what a person does, what they see, how long it takes.

const names = ['web1', 'web2', 'db1']

let isLeft = false
/** Prints a line, until the demo is left. */
function say(line = ''): void {
  if (!isLeft) console.log(line)
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** What people without such a machine can do, whatever they have. */
const tour = ['init', 'validate', 'graph']
  .map((name) => `nixcluster ${name} --dir fleet`)
  .join(' && ')

const announcement = `This boots three machines on this one (Debian 12 under systemd-nspawn, each with
sshd and a Nix store of its own) and shows a push, a merge, a revert and a
mistake. It takes half a minute and 200 MB of memory, and asks nothing.

  files     ${cache}
            tools and the machines' base stay there; all else goes at the end
  /nix      what is evaluated and built stays in the store, a few MB
  network   a bridge of its own with 10.231.N.0/24, until the end
  limits    fs.inotify.max_user_instances is raised until the next boot

Ctrl-C ends it and removes the machines.
`

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now()
  return [await work(), performance.now() - start]
}

/** Tells what is being done, then how long it took. */
async function doing<T>(title: string, work: () => Promise<T>): Promise<[T, number]> {
  process.stdout.write(`${title} … `)
  const [result, ms] = await timed(work)
  say(seconds(ms))
  return [result, ms]
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

/** What goes with the demo, however it ends. */
interface Stage {
  lab?: Promise<Lab>
  fleet?: Fleet
}

/**
 * Shows the main job on three machines and removes them, whether it ends, fails or is interrupted.
 * Throws a `SetupError` where this machine cannot run them. With `keep` they stay until a signal comes.
 */
export async function demo({ keep }: { readonly keep: boolean }): Promise<void> {
  const lacking = await lackingForLab()
  if (lacking.length > 0)
    throw new SetupError(
      `the demo cannot run here: ${lacking.join('; ')}. What works anywhere: ${tour}`,
    )
  say(announcement)
  const signal = firstSignal()
  const stage: Stage = {}
  try {
    const shown = show(stage).then(() => (keep ? leaveForPlaying(stage.fleet!) : undefined))
    const interruption = await Promise.race([signal, shown])
    if (interruption !== undefined) await leave(interruption, stage)
    if (keep) await signal
    await stage.fleet!.end()
  } catch (error) {
    // Ctrl-C ends git and ssh, too: that may be seen before the signal is.
    const interruption = await Promise.race([signal, sleep(200)])
    if (interruption !== undefined) await leave(interruption, stage)
    if (stage.fleet !== undefined)
      process.stderr.write(`${(await stage.fleet.log()).slice(-3000)}\n`)
    throw error
  } finally {
    await strike(stage)
  }
}

async function leave(name: NodeJS.Signals, stage: Stage): Promise<never> {
  say()
  say(`Interrupted: removing ${stage.lab === undefined ? 'what is unfinished' : 'the machines'}`)
  // What is being shown goes on without them, until we exit.
  isLeft = true
  await strike(stage)
  await rm(workshop, { recursive: true, force: true, maxRetries: 5 })
  process.exit(128 + constants.signals[name])
}

/** Further signals change nothing: npm hands the terminal's on a second time. */
const firstSignal = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(name, () => resolve(name))
  })

/** Takes the mistake back, and says how it goes on. */
async function leaveForPlaying(fleet: Fleet): Promise<void> {
  await fleet.git('revert', '--no-edit', 'HEAD')
  for await (const line of fleet.push('main')) void line
  await fleet.git('config', 'user.name', 'Demo')
  await fleet.git('config', 'user.email', 'demo@example.com')
  say()
  say(`It stays up until Ctrl-C. Change clusters/demo.yaml and push it, in this folder:`)
  say(`  cd ${fleet.clone}`)
}

async function strike({ lab }: Stage): Promise<void> {
  const started = await lab?.catch(() => undefined)
  await started?.stop()
}

async function show(stage: Stage): Promise<void> {
  const tools = await ensureTools()
  const [lab] = await doing(
    'booting web1, web2 and db1',
    () => (stage.lab = startLab({ machines: names })),
  )
  const fleet = await createFleet(lab, {
    template: join(import.meta.dirname, 'demo/fleet'),
    inputs: await labInputs(tools),
    port: await freePort(),
  })
  stage.fleet = fleet
  await must(fleet, 'update')
  await fleet.git('add', '.')
  await fleet.git('commit', '--quiet', '-m', 'A fleet of three')
  await doing('starting the controller', () => fleet.serve())

  step('A first push only reads the machines; deploy says go')
  await push(fleet, 'main')
  for await (const line of fleet.lines('deploy')) tell(line)
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
