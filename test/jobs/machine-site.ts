import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab, LabMachine } from '../../lab/machines.ts'
import { createDeployRs } from '../../src/deploy-rs/deploy-rs.ts'
import { createMachineJob, type MachineJobPorts } from '../../src/jobs/machine.ts'
import type { Ledger, MachineRecord } from '../../src/model/ledger.ts'
import type { Clock, Job, Log, Outcome } from '../../src/model/ports.ts'
import type { MachineEvent, Remote, Target } from '../../src/model/remote.ts'
import { createRemote } from '../../src/ssh/remote.ts'
import { createSsh } from '../../src/ssh/ssh.ts'
import { createMemoryLedger } from '../fakes/ledger-store.ts'
import type { TestSystem } from '../fakes/systems.ts'

const clock: Clock = { now: () => new Date(), sleep: (ms) => sleep(ms) }
const silent = (): void => undefined
const log: Log = { debug: silent, info: silent, warn: silent, error: silent }

/** A real machine with everything that a `machine` job needs, and a ledger of its own. */
export interface Site {
  readonly machine: LabMachine
  readonly target: Target
  readonly remote: Remote
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
    ...{ machine, target, remote, ledger, events, jobs },
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
        repository: 'fleet',
        ledger,
        remote,
        deployer,
        targetOf: () => Promise.resolve(target),
        clock,
        nonce: () => crypto.randomUUID(),
        owner: 'the test',
        log,
        report: (event) => events.push(event),
        queue: { add: (job) => Promise.resolve(void jobs.push(job)) },
        patience: 3,
        ...ports,
      })(name),
    deploy(system) {
      site.intend(system)
      return site.run()
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
