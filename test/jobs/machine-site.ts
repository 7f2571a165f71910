import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab, LabMachine } from '../../lab/machines.ts'
import { createDeployRs } from '../../src/deploy-rs/deploy-rs.ts'
import { writeChange } from '../../src/jobs/write-change.ts'
import { createMachineJob, type MachineJobPorts } from '../../src/jobs/machine.ts'
import type { Ledger, MachineRecord } from '../../src/model/ledger.ts'
import type { Clock, Job, Log, Outcome } from '../../src/model/ports.ts'
import type { Deployer, MachineEvent, Remote, Target } from '../../src/model/remote.ts'
import { createRemote } from '../../src/ssh/remote.ts'
import { createSsh } from '../../src/ssh/ssh.ts'
import { createMemoryLedger } from '../fakes/ledger-store.ts'
import type { TestSystem } from '../fakes/systems.ts'
import type { Work } from './machine-worker.ts'

const clock: Clock = { now: () => new Date(), sleep: (ms) => sleep(ms) }
const silent = (): void => undefined
const log: Log = { debug: silent, info: silent, warn: silent, error: silent }

/** A real machine with everything that a `machine` job needs, and a ledger of its own. */
export interface Site {
  readonly machine: LabMachine
  readonly target: Target
  readonly remote: Remote
  readonly deployer: Deployer
  readonly ledger: ReturnType<typeof createMemoryLedger>
  readonly events: MachineEvent[]
  readonly jobs: Job[]
  record(): MachineRecord
  /** Opens the next intent for this system. */
  intend(system: TestSystem): number
  /** Runs the job once, under a nonce of its own. */
  run(ports?: Partial<MachineJobPorts>): Promise<Outcome>
  /** The same for the next intent. */
  deploy(system: TestSystem): Promise<Outcome>
  /**
   * Takes the lease for the open intent and lets a worker process activate it; done once that has begun on the machine.
   * `kill` takes what is named away with SIGKILL: the worker alone, or its deploy-rs and ssh too.
   */
  activate(): Promise<{ kill(what: 'worker' | 'all'): void }>
  /** What of Nix is on the machine, as it says itself. */
  state(): Promise<{ running: string; profile: string; generations: string[] }>
}

export function createSite(lab: Lab, name: string, settings: Partial<Target> = {}): Site {
  const machine = lab.machines[name]!
  const target: Target = {
    name,
    targetHost: machine.address,
    port: 22,
    sshUser: 'root',
    user: 'root',
    buildOn: 'controller',
    sshOptions: {},
    fastConnection: true,
    hostKey: machine.hostKey,
    magicRollback: true,
    autoRollback: true,
    confirmTimeout: 6,
    activationTimeout: 20,
    ...settings,
  }
  const ssh = createSsh({
    identityFile: lab.identityFile,
    folder: join(lab.folder, 'ssh'),
    env: lab.environment,
  })
  const remote = createRemote({ ssh })
  const deployer = createDeployRs({
    folder: join(lab.folder, 'runs'),
    env: lab.environment,
    sshConfig: ssh.configFile,
    copyOptions: ssh.sharedOptions,
  })
  const record: MachineRecord = { name, cluster: 'example.com', attempt: 0, held: {}, history: [] }
  const ledger = createMemoryLedger({
    id: 'ledger-1',
    machines: { [name]: record },
    rollouts: [{ seq: 1, source: 's', generated: 'g', state: 'running' }],
    wanted: { seq: 1, source: 's', generated: 'g' },
  })
  const events: MachineEvent[] = []
  const jobs: Job[] = []
  const recordNow = (): MachineRecord => ledger.current.machines[name]!

  const site: Site = {
    ...{ machine, target, remote, deployer, ledger, events, jobs },
    record: recordNow,
    intend({ path, drv, system }) {
      const n = recordNow().attempt + 1
      const intent = { n, kind: 'forward' as const, path, drv, system, seq: 1 }
      ledger.change((old: Ledger) => ({
        ...old,
        machines: { [name]: { ...recordNow(), attempt: n, intent } },
      }))
      return n
    },
    run: (ports = {}) =>
      createMachineJob({
        ledger,
        remote,
        deployer,
        targetOf: () => Promise.resolve(target),
        clock,
        nonce: () => crypto.randomUUID(),
        owner: 'the test',
        log,
        report: (event) => events.push(event),
        settle: async (change) => {
          const made = await writeChange(ledger, change)
          return {
            made,
            tell: () => Promise.resolve(void jobs.push({ kind: 'rollout', repository: 'fleet' })),
          }
        },
        patience: 3,
        ...ports,
      })(name),
    deploy(system) {
      site.intend(system)
      return site.run()
    },
    async activate() {
      const { n, path } = recordNow().intent!
      const run = crypto.randomUUID()
      await deployer.copy(target, path)
      const { lease } = (await remote.look(target)).reading
      await remote.take(target, { ledger: 'ledger-1', n, run, owner: 'dead', path }, lease)
      const work: Work = {
        folder: join(lab.folder, 'runs'),
        env: lab.environment,
        sshConfig: await ssh.configFile(target),
        activation: { target, run, path },
      }
      const program = join(import.meta.dirname, 'machine-worker.ts')
      const worker = spawn(process.execPath, [program, JSON.stringify(work)], { stdio: 'ignore' })
      await machine.run(
        'until grep -qx stage=started /nix/var/nixcluster/lease; do sleep 0.1; done',
      )
      return {
        kill(what) {
          worker.kill('SIGKILL')
          if (what === 'all') processesWith(run).forEach(killIfThere)
        },
      }
    },
    async state() {
      const { stdout } = await machine.run(
        'readlink -f /run/current-system; readlink -f /nix/var/nix/profiles/system; ls /nix/var/nix/profiles | grep system-',
      )
      const [running = '', profile = '', ...generations] = stdout.split('\n')
      return { running, profile, generations }
    },
  }
  return site
}

/** Processes of this host whose command line has the text: those of one run. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return /^(\S*\/)?(deploy|ssh)\0/.test(command(name)) && command(name).includes(text)
      } catch {
        return false
      }
    })
    .map(Number)
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const command = (pid: string): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8')
