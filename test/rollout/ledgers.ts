import type { Intent, Ledger, MachineRecord } from '../../src/model/ledger.ts'
import type { Lease, LeaseStage, Reading } from '../../src/model/reading.ts'
import { next, type Decision, type Observed } from '../../src/rollout/next.ts'
import type { FleetMachine } from '../../src/rollout/standing.ts'

export const at = '2026-01-02T03:04:05Z'

export const machine = (name: string, ...roles: string[]): FleetMachine => ({
  name,
  cluster: 'demo.lab',
  roles,
})

export const built = (system: string) => ({
  path: `${system}-profile`,
  drv: `${system}.drv`,
  system,
  fingerprint: `of ${system}`,
})

export const intentOf = (system: string, rest: Partial<Intent> = {}): Intent => ({
  ...{ n: 2, kind: 'forward', path: `${system}-profile`, drv: `${system}.drv`, system, seq: 2 },
  ...rest,
})

/** A machine that was given A; `rest` says what is different. */
export const record = (name: string, rest: Partial<MachineRecord> = {}): MachineRecord => ({
  ...{ name, cluster: 'demo.lab', attempt: rest.intent?.n ?? 1, held: {}, history: [] },
  given: { path: 'A-profile', system: 'A', seq: 1, at },
  ...rest,
})

/** An adopted ledger whose rollout 2 wants system B of commit c2 on these machines. */
export function ledgerOf(machines: readonly MachineRecord[], rest: Partial<Ledger> = {}): Ledger {
  const commit = { source: 'c2', generated: 'g2' }
  const systems = Object.fromEntries(machines.map(({ name }) => [name, built('B')]))
  return {
    id: 'L',
    published: commit,
    adopted: { by: 'ada', seq: 1 },
    wanted: { seq: 2, ...commit, systems },
    rollouts: [
      { seq: 1, source: 'c1', generated: 'g1', state: 'done' },
      { seq: 2, ...commit, state: 'running' },
    ],
    machines: Object.fromEntries(machines.map((each) => [each.name, each])),
    ...rest,
  }
}

/** One tick over the ledger's own machines, two at a time. */
export function tick(ledger: Ledger, observed: Partial<Observed> = {}): Decision {
  return next(ledger, {
    tip: ledger.published?.source,
    descends: true,
    removes: 0,
    meant: {},
    now: at,
    fleet: Object.keys(ledger.machines).map((name) => machine(name)),
    limits: { parallel: 2 },
    roleLimits: {},
    ...observed,
  })
}

export const lease = (stage: LeaseStage, rest: Partial<Lease> = {}): Lease => ({
  ...{ ledger: 'L', n: 2, run: 'r1', owner: 'host', path: 'B-profile', bootId: 'boot1' },
  ...{ uptime: 100, before: 'A', stage },
  ...rest,
})

/** A seated machine that runs `system`. */
export const reading = (system: string, rest: Partial<Reading> = {}): Reading => ({
  ...{ locked: false, switching: false, profile: `${system}-profile`, profileSystem: system },
  ...{ running: system, booted: system, generation: 3, newest: 3, activatable: true },
  ...{ bootId: 'boot1', uptime: 110, failedUnits: [] },
  ...rest,
})
