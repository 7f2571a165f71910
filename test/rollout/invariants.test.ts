import { expect, test } from 'vitest'
import type { Ledger, MachineRecord } from '../../src/model/ledger.ts'
import type { LeaseStage } from '../../src/model/reading.ts'
import { conclude, type Evidence } from '../../src/rollout/conclude.ts'
import { decideRun, type RunObserved } from '../../src/rollout/decide-run.ts'
import { next } from '../../src/rollout/next.ts'
import { protocol, walk, type Rules, type Scenario } from './simulation.ts'

/** S1 to S11 and L1 of `docs/protocol.md`, on random walks with the real decisions. */
const machine = (name: string, ...roles: string[]) => ({ name, cluster: 'demo.lab', roles })
const one = [machine('vm0')]
const two = [machine('vm0', 'api'), machine('vm1', 'api')]
const three = [machine('vm0', 'api'), machine('vm1', 'api'), machine('vm2')]

const revert: Scenario = {
  name: 'A, B, and A again, a revert',
  machines: one,
  commits: ['A', 'B', 'A'],
  faults: 3,
}
const good: Scenario = {
  name: 'A, B, C, all good',
  machines: one,
  commits: ['A', 'B', 'C'],
  faults: 3,
}
const fails: Scenario = {
  name: 'B fails while it is switched to',
  machines: one,
  commits: ['A', 'B', 'B', 'C'],
  bad: (_, system) => (system === 'B' ? 'fails' : undefined),
  faults: 3,
}
const unhealthy: Scenario = {
  ...fails,
  name: 'B is confirmed, its checks fail, a person retries',
  bad: (_, system) => (system === 'B' ? 'unhealthy' : undefined),
  releases: 1,
}
const cuts: Scenario = {
  ...revert,
  name: 'B cuts the machine off',
  bad: (_, system) => (system === 'B' ? 'cuts' : undefined),
}
const rewind: Scenario = { ...good, name: 'force push back, a person accepts', rewinds: 1 }
const role: Scenario = {
  name: 'two machines of a role that allows one to be away',
  machines: three,
  commits: ['A', 'B', 'C'],
  roleLimits: { api: 1 },
  faults: 3,
}
const firstFails: Scenario = {
  ...role,
  name: 'B fails on the first of three machines',
  bad: (name, system) => (name === 'vm0' && system === 'B' ? 'fails' : undefined),
  faults: 2,
  parallel: 1,
}
const firstCut: Scenario = {
  ...role,
  name: 'B cuts the first machine off',
  bad: (name, system) => (name === 'vm0' && system === 'B' ? 'cuts' : undefined),
}
const away: Scenario = {
  name: 'one machine is away for good',
  machines: [machine('vm0'), machine('vm1'), machine('vm2')],
  commits: ['A', 'B', 'C'],
  away: 'vm0',
  faults: 2,
}
const empty: Scenario = {
  name: 'an empty ledger, found and adopted',
  machines: two,
  commits: ['B', 'C'],
  empty: true,
  faults: 2,
}
const paused: Scenario = {
  ...role,
  name: 'people pause machines, for some hours or until they resume',
  pauses: 3,
  faults: 2,
}
const removes: Scenario = {
  name: 'B removes much, which people accept, allow, or overtake',
  machines: two,
  commits: ['A', 'B', 'C'],
  removing: [1],
  allowances: 1,
  faults: 2,
}
const slowTwice: Scenario = { ...good, name: '', faultKinds: ['job twice', 'too slow'], faults: 3 }
const scenarios = [
  ...[revert, good, fails, unhealthy, cuts, rewind],
  ...[role, firstFails, firstCut, away, empty, paused, removes],
]

test.each(scenarios)('no invariant breaks: $name', { timeout: 60_000 }, (scenario) => {
  for (let seed = 1; seed <= 800; seed++) {
    const { violation, trace } = walk(scenario, protocol, seed)
    if (violation) expect.fail(`seed ${seed}: ${violation}\n${trace.join('\n')}`)
  }
})

test('one machine that is away does not keep the others from the newest system', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const { machines, wanted } = walk({ ...away, faults: 0 }, protocol, seed).final
    const system = ['A', 'B', 'C'][Number(wanted!.source.slice(1))]
    expect(machines['vm1']?.given?.system).toBe(system)
    expect(machines['vm2']?.given?.system).toBe(system)
  }
})

/** What each rule prevents: the rule off, and what the walks then find. */
const variants: readonly (readonly [string, Partial<Rules>, Scenario, RegExp])[] = [
  ['R2, the ledger is read before the tip', { ledgerFirst: false }, { ...good, faults: 0 }, /^S3/],
  ['R3, a rewound tip waits', { next: takesAnyTip() }, rewind, /^S3/],
  ['R4, an intent stays open until read back', { next: closesWithdrawn() }, revert, /^(S3|S4|L1)/],
  ['R5, what is held is not planned', { next: forgetsHolds() }, fails, /^S5|^L1/],
  ['R6, a failure stops its rollout', { next: forgetsStops() }, firstFails, /^S10/],
  ['R10, the ledger is read after the take', { decideRun: remembersLedger() }, slowTwice, /^S3/],
  ['R12, activate starts through the gate', { gate: false }, good, /^S/],
  ['R13, the lock is held while activate lives', { lock: false }, good, /^S/],
  ['R13, a temporary path in use is left alone', { lock: false }, good, /^S8/],
  ['R14, activate outlives its connection', { detached: false }, cuts, /^(S|L1)/],
  [
    'R16, nothing is activated twice',
    { decideRun: alwaysDeploys(), gate: false },
    unhealthy,
    /^S2/,
  ],
  ['R17, the machine is seated first', { seats: false, decideRun: neverSeats() }, good, /^(S|L1)/],
  ['R25, a paused machine gets nothing', { next: forgetsPauses() }, paused, /^S12/],
  ['R25, a pause ends with its time', { next: neverEndsPauses() }, paused, /^L1/],
  ['R25, a rollout waits for paused machines', { next: leavesPausedOut() }, paused, /^L1/],
  ['R26, a removal waits', { next: removesAnything() }, removes, /^S13/],
  ['R20, only proven failures hold at once', { conclude: blamesTheSystem() }, good, /^S7/],
]

test.each(variants)(
  'without %s, a walk finds it',
  { timeout: 60_000 },
  (_, off, scenario, found) => {
    const violations: string[] = []
    for (let seed = 1; seed <= 5000 && violations.length === 0; seed++) {
      const { violation } = walk(scenario, { ...protocol, ...off }, seed)
      if (violation && found.test(violation)) violations.push(violation)
    }
    expect(violations[0]).toMatch(found)
  },
)

function withMachines(ledger: Ledger, change: (record: MachineRecord) => MachineRecord): Ledger {
  const machines = Object.values(ledger.machines).map((each) => [each.name, change(each)])
  return { ...ledger, machines: Object.fromEntries(machines) }
}

function takesAnyTip(): typeof next {
  return (ledger, observed) => next(ledger, { ...observed, descends: true })
}

function forgetsPauses(): typeof next {
  return (ledger, observed) => next(ledger, { ...observed, meant: {} })
}

function neverEndsPauses(): typeof next {
  return (ledger, observed) => next(ledger, { ...observed, now: '2026-01-01T00:00:00Z' })
}

function leavesPausedOut(): typeof next {
  return (ledger, observed) => {
    const decision = next(ledger, observed)
    const states = new Set(Object.values(decision.standing).map(({ state }) => state))
    if (!states.has('paused') || states.has('pending') || states.has('deploying')) return decision
    const rollouts = decision.ledger.rollouts.map((rollout) =>
      rollout.state === 'running' ? { ...rollout, state: 'done' as const } : rollout,
    )
    const after = { ...decision.ledger, rollouts }
    const isSame = JSON.stringify(after) === JSON.stringify(ledger)
    return { ...decision, ledger: isSame ? ledger : after }
  }
}

function removesAnything(): typeof next {
  return (ledger, observed) => next(ledger, { ...observed, removes: 0 })
}

function closesWithdrawn(): typeof next {
  return (ledger, observed) => {
    const decision = next(ledger, observed)
    if (decision.ledger === ledger) return decision
    const close = ({ intent, ...record }: MachineRecord): MachineRecord =>
      intent && !intent.withdrawn ? { ...record, intent } : record
    return { ...decision, ledger: withMachines(decision.ledger, close) }
  }
}

function forgetsHolds(): typeof next {
  return (ledger, observed) => {
    const decision = next(
      withMachines(ledger, (record) => ({ ...record, held: {} })),
      observed,
    )
    const held = ({ name, ...record }: MachineRecord): MachineRecord => ({
      ...record,
      name,
      held: ledger.machines[name]?.held ?? {},
    })
    const after = withMachines(decision.ledger, held)
    return {
      ...decision,
      ledger: JSON.stringify(after) === JSON.stringify(ledger) ? ledger : after,
    }
  }
}

function forgetsStops(): typeof next {
  return (ledger, observed) => {
    const rollouts = ledger.rollouts.map((rollout) =>
      rollout.state === 'stopped' ? { ...rollout, state: 'running' as const } : rollout,
    )
    return next(
      ledger.rollouts.some(({ state }) => state === 'stopped') ? { ...ledger, rollouts } : ledger,
      observed,
    )
  }
}

/** Each run goes by the ledger that it saw first. */
function remembersLedger(): typeof decideRun {
  const seen = new Map<string, Ledger>()
  return (observed) => {
    const first = seen.get(observed.run) ?? observed.ledger
    seen.set(observed.run, first)
    return decideRun({ ...observed, ledger: first })
  }
}

function alwaysDeploys(): typeof decideRun {
  return (observed) => {
    const step = decideRun(observed)
    const isTaken = observed.reading.lease?.stage === 'taken'
    return step.kind === 'read' && isTaken ? { kind: 'deploy' } : step
  }
}

function neverSeats(): typeof decideRun {
  return (observed: RunObserved) => {
    const step = decideRun(observed)
    return step.kind === 'seat' ? { kind: 'deploy' } : step
  }
}

function blamesTheSystem(): typeof conclude {
  return (ledger, name, n, evidence) => {
    const stage = evidence.reading.lease?.stage ?? 'taken'
    const ended = ['started', 'unconfirmed', 'unset'].includes(stage)
    return conclude(ledger, name, n, ended ? withStage(evidence, 'failed') : evidence)
  }
}

function withStage(evidence: Evidence, stage: LeaseStage): Evidence {
  const { lease, ...reading } = evidence.reading
  if (lease === undefined) return evidence
  return { ...evidence, reading: { ...reading, lease: { ...lease, stage } } }
}
