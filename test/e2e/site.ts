import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFleet, type Fleet, type FleetOptions } from '../../lab/fleet.ts'
import { labInputs } from '../../lab/inputs.ts'
import { startLab, type Lab } from '../../lab/machines.ts'
import { freePort } from '../../lab/port.ts'
import { ensureTools } from '../../scripts/setup.ts'

/** Real machines, a real repository and a real controller. */
export interface Site {
  readonly lab: Lab
  readonly fleet: Fleet
  /** Commits everything in the clone and pushes the current branch; gives what the pusher sees. */
  push(message: string): Promise<string>
  /** What a machine says of itself. */
  see(machine: string): Promise<Seen>
  generations(): Promise<Record<string, number>>
  /** Tip of a branch of the bare repository. */
  tip(branch: string): Promise<string>
  /** A file of the ledger, parsed. */
  record(machine: string): Promise<MachineFile>
  /** What a failed test needs to be understood: where things stand, and the controller's log. */
  story(): Promise<string>
  stop(): Promise<void>
}

export interface Seen {
  readonly generation: number
  readonly running: string
  readonly profile: string
}

/** The part of a machine's file in the ledger that tests look at. */
export interface MachineFile {
  readonly given?: { readonly system: string; readonly seq: number }
  readonly held?: Readonly<Record<string, { readonly reason: string }>>
  readonly intent?: { readonly lost?: unknown }
  readonly hostKey?: string
  readonly attempt: number
}

export interface SiteOptions extends Pick<FleetOptions, 'github' | 'poll'> {
  readonly machines?: string[]
  /** Folder of the fleet's files. */
  readonly template?: string
}

const demo = join(import.meta.dirname, '../../lab/demo/fleet')

/** A fleet and its controller, nothing pushed yet; the demo's fleet unless another one is named. */
export async function startSite({
  machines = ['web1', 'web2', 'db1'],
  template = demo,
  ...rest
}: SiteOptions = {}): Promise<Site> {
  const inputs = await labInputs(await ensureTools())
  const lab = await startLab({ machines })
  const port = await freePort()
  const fleet = await createFleet(lab, { template, inputs, port, poll: 2, ...rest })
  const site = createSite(lab, fleet)
  await expectFine(fleet.nixcluster('update'))
  await fleet.serve()
  return site
}

/** The same with everything deployed. */
export async function startDeployedSite(): Promise<Site> {
  const site = await startSite()
  await site.push('A fleet of three')
  await expectFine(site.fleet.nixcluster('deploy'))
  return site
}

function createSite(lab: Lab, fleet: Fleet): Site {
  const see = async (machine: string): Promise<Seen> => {
    const { stdout } = await lab.machines[machine]!.run(`
      readlink /nix/var/nix/profiles/system | sed 's/system-\\(.*\\)-link/\\1/'
      readlink -f /run/current-system
      readlink -f /nix/var/nix/profiles/system`)
    const [generation = '', running = '', profile = ''] = stdout.split('\n')
    return { generation: Number(generation), running, profile }
  }
  return {
    lab,
    fleet,
    see,
    async push(message) {
      await fleet.git('add', '--all')
      await fleet.git('commit', '--quiet', '--allow-empty', '-m', message)
      return fleet.git('push', '--quiet', 'origin', 'HEAD')
    },
    async generations() {
      const names = Object.keys(lab.machines)
      const seen = await Promise.all(names.map(see))
      return Object.fromEntries(names.map((name, index) => [name, seen[index]!.generation]))
    },
    tip: (branch) => fleet.git('ls-remote', 'origin', `refs/heads/${branch}`),
    async record(machine) {
      await fleet.git('fetch', '--quiet', 'origin', 'nixcluster/state')
      const path = `machines/demo.lab/${machine}.demo.lab.json`
      return JSON.parse(await fleet.git('show', `FETCH_HEAD:${path}`)) as MachineFile
    },
    async story() {
      const { output } = await fleet.nixcluster('status')
      return `${output}\n${(await fleet.log()).slice(-20_000)}`
    },
    async stop() {
      await fleet.end()
      await lab.stop()
    },
  }
}

/** Waits until something holds, and gives it; after the limit it throws what was seen last. */
export async function eventually<T>(
  look: () => Promise<T>,
  holds: (seen: T) => boolean,
  limitMs = 60_000,
): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const seen = await look().catch((error: unknown) => error as T)
    if (!(seen instanceof Error) && holds(seen)) return seen
    if (Date.now() > end) throw new Error(`it never came to be; last seen: ${JSON.stringify(seen)}`)
    await sleep(200)
  }
}

async function expectFine(result: Promise<{ output: string; exitCode: number }>): Promise<void> {
  const { output, exitCode } = await result
  if (exitCode !== 0) throw new Error(output)
}
