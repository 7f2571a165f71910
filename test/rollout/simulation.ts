import type { Ledger } from '../../src/model/ledger.ts'
import type { Lease, LeaseStage, Reading } from '../../src/model/reading.ts'
import { approve, release } from '../../src/rollout/approve.ts'
import { allowedRemovals, allowRemovals } from '../../src/rollout/consent.ts'
import { pause, pausesOf, resume } from '../../src/rollout/pause.ts'
import type { Change } from '../../src/rollout/record.ts'
import { conclude, type Evidence } from '../../src/rollout/conclude.ts'
import { found, lost, reached } from '../../src/rollout/contact.ts'
import { decideRun } from '../../src/rollout/decide-run.ts'
import { next, type Observed } from '../../src/rollout/next.ts'
import type { FleetMachine } from '../../src/rollout/standing.ts'
import { setSystems } from '../../src/rollout/wanted.ts'

/**
 * A small world around the real decisions: a source branch, a ledger that moves by compare and swap, a
 * queue that may be emptied, workers that may die, machines with lock, lease, gate and deploy-rs'
 * behaviour. Every process is a generator that stops wherever something else may come between; a walk
 * steps them in an order drawn from a seed. No clock: a timeout is an event.
 */
export interface Scenario {
  readonly name: string
  readonly machines: readonly FleetMachine[]
  /** The systems that each commit wants, the same on every machine. */
  readonly commits: readonly string[]
  /** What is wrong with a system on a machine. */
  readonly bad?: (machine: string, system: string) => Flaw | undefined
  readonly faults: number
  readonly faultKinds?: readonly FaultKind[]
  readonly roleLimits?: Readonly<Record<string, number>>
  readonly parallel?: number
  readonly rewinds?: number
  readonly releases?: number
  /** How often people pause a machine or all of them, for some hours or until they resume. */
  readonly pauses?: number
  /** Commits that remove more than a change may. */
  readonly removing?: readonly number[]
  /** How often people allow that. */
  readonly allowances?: number
  /** The ledger begins empty. */
  readonly empty?: boolean
  /** Does not answer, ever. */
  readonly away?: string
}

type Flaw = 'fails' | 'unhealthy' | 'cuts'

export type FaultKind = (typeof allFaults)[number]
const allFaults = [
  'kill worker',
  'kill worker, not its deploy-rs',
  'reboot',
  'cut',
  'kill activate',
  'too slow',
  'job twice',
  'empty the queue',
  'disk full',
] as const

/** The rules under test; a variant switches one of them off. */
export interface Rules {
  readonly next: typeof next
  readonly conclude: typeof conclude
  readonly decideRun: typeof decideRun
  /** (R2) The tick reads the state branch before the source branch. */
  readonly ledgerFirst: boolean
  /** (R12) activate starts through the gate. */
  readonly gate: boolean
  /** (R13) A lock is held while activate lives. */
  readonly lock: boolean
  /** (R14) activate does not die with its connection. */
  readonly detached: boolean
  /** (R17) The read-back and the run seat the machine. */
  readonly seats: boolean
}

export const protocol: Rules = {
  next,
  conclude,
  decideRun,
  ledgerFirst: true,
  gate: true,
  lock: true,
  detached: true,
  seats: true,
}

export interface Walk {
  readonly violation: string | undefined
  readonly trace: readonly string[]
  readonly final: Ledger
}

/** Runnable while its condition holds. */
type Steps = Generator<() => boolean, void, void>

interface Process {
  readonly label: string
  readonly kind: 'worker' | 'deploy-rs' | 'activate'
  readonly machine: string | undefined
  readonly steps: Steps
  /** How often it is chosen: some are far slower than others, as real ones are. */
  readonly pace: number
  ready: () => boolean
}

interface Activation {
  readonly run: string
  readonly system: string
  stage: 'setting' | 'switching' | 'waiting' | 'rolling back'
  late: boolean
  full: boolean
}

interface Machine extends FleetMachine {
  generations: string[]
  current: number
  running: string
  boot: string
  net: boolean
  boots: number
  lease: Lease | undefined
  activations: Activation[]
  /** Runs whose canary lies in their temporary path. */
  canaries: Set<string>
  lastSuccess: string
  newestSeq: number
  failedHere: Set<string>
  impatient: boolean
}

const at = '2026-01-01T00:00:00Z'
const always = (): boolean => true

class Violation extends Error {}

/** One walk: `steps` steps with faults, then without until everything is at rest. */
export function walk(scenario: Scenario, rules: Rules, seed: number): Walk {
  const random = randomOf(seed)
  const trace: string[] = []
  const world = createWorld(scenario, rules, random, trace)
  try {
    const stormy = 20 + Math.floor(random() * 200)
    for (let i = 0; i < stormy; i++) world.step(true)
    let calm = 0
    while (!world.isAtRest()) {
      if (++calm > 5000) throw new Violation('L1 goes round for ever')
      world.step(false)
    }
    world.checkAtRest()
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return { violation: error.message, trace, final: world.ledger() }
  }
  return { violation: undefined, trace, final: world.ledger() }
}

function createWorld(scenario: Scenario, rules: Rules, random: () => number, trace: string[]) {
  const { commits, roleLimits = {}, parallel = 2 } = scenario
  const faultKinds = scenario.faultKinds ?? allFaults
  const queue = new Set<string>(['tick'])
  const processes = new Set<Process>()
  const failedRollouts = new Set<number>()
  let tip = 0
  let faults = scenario.faults
  let rewinds = scenario.rewinds ?? 0
  let releases = scenario.releases ?? 0
  let pauses = scenario.pauses ?? 0
  let allowances = scenario.allowances ?? 0
  let hours = 0
  let killedOrRebooted = false
  let nonces = 0

  const machines = new Map<string, Machine>(
    scenario.machines.map((machine) => [machine.name, newMachine(machine)]),
  )
  const built = (system: string) => ({
    path: `${system}-profile`,
    drv: `${system}.drv`,
    system,
    fingerprint: system,
  })
  const commit = (index: number) => ({ source: `c${index}`, generated: `g${index}` })
  const indexOf = (source: string): number => Number(source.slice(1))
  const time = (hour: number): string => new Date(Date.parse(at) + hour * 3_600_000).toISOString()
  const pausedNow = (of: Ledger) => pausesOf(of, meant, time(hours))
  const meant = {
    all: scenario.machines.map(({ name }) => name),
    ...Object.fromEntries(scenario.machines.map(({ name }) => [name, [name]])),
  }
  /** Commits after one and up to another that remove too much, and that nobody allowed. */
  const removed = (of: Ledger, from: number, to: number): number =>
    (scenario.removing ?? []).filter(
      (index) =>
        index > from &&
        index <= to &&
        allowedRemovals(of, { id: `c${index}`, head: `c${index}` }) === 0,
    ).length
  const wantedSystem = (): string => commits[indexOf(ledger.wanted?.source ?? 'c0')] ?? ''

  let ledger: Ledger = scenario.empty
    ? { id: 'L', machines: {}, rollouts: [] }
    : {
        id: 'L',
        published: commit(0),
        adopted: { by: 'ada', seq: 1 },
        wanted: {
          seq: 1,
          ...commit(0),
          systems: Object.fromEntries([...machines.keys()].map((name) => [name, built('A')])),
        },
        rollouts: [{ seq: 1, ...commit(0), state: 'done' }],
        machines: Object.fromEntries(
          scenario.machines.map(({ name, cluster }) => [
            name,
            {
              name,
              cluster,
              attempt: 1,
              given: { path: 'A-profile', system: 'A', seq: 1, at },
              held: {},
              history: [],
            },
          ]),
        ),
      }

  // ---- machines
  const reachable = (m: Machine): boolean =>
    m.net && m.name !== scenario.away && flaw(m, m.running) !== 'cuts'
  const flaw = (m: Machine, system: string): Flaw | undefined => scenario.bad?.(m.name, system)
  const profile = (m: Machine): string => m.generations[m.current] ?? ''
  const locked = (m: Machine): boolean => rules.lock && m.activations.length > 0
  const isSeated = (m: Machine): boolean =>
    m.current === m.generations.length - 1 && profile(m) === m.running

  function nixSet(m: Machine, system: string): void {
    if (m.generations.at(-1) !== system) m.generations.push(system)
    m.current = m.generations.length - 1
  }

  function seat(m: Machine): void {
    if (!rules.seats || isSeated(m)) return
    nixSet(m, m.running)
    m.boot = m.running
  }

  function look(m: Machine): Reading {
    return {
      locked: locked(m),
      switching: false,
      profile: `${profile(m)}-profile`,
      profileSystem: profile(m),
      running: m.running,
      booted: m.boot,
      generation: m.current + 1,
      newest: m.generations.length,
      activatable: true,
      bootId: `boot${m.boots}`,
      uptime: 0,
      failedUnits: [],
      ...(m.lease ? { lease: m.lease } : {}),
    }
  }

  function stage(m: Machine, run: string, stage: LeaseStage): void {
    if (m.lease?.run === run) m.lease = { ...m.lease, stage }
  }

  function checkStart(m: Machine, system: string, seq: number): void {
    if (m.activations.length > 0) throw new Violation('S1 two activations at once')
    if (profile(m) === system && m.running === system) {
      throw new Violation('S2 activation of the system that is already there')
    }
    if (seq < m.newestSeq) throw new Violation('S3 an older wanted commit after a newer intent')
    if (ledger.machines[m.name]?.held[system]) throw new Violation('S5 a held system is activated')
    if (m.failedHere.has(system)) {
      throw new Violation('S5 a system that failed here by itself is activated again')
    }
  }

  /** activate of deploy-rs, on the machine; what it leaves in the lease is the gate's doing (R12, R20). */
  function* activate(m: Machine, own: Activation): Steps {
    const { run, system } = own
    const before = m.running
    yield always
    let end: LeaseStage = own.full ? 'unset' : 'failed'
    if (!own.full) {
      nixSet(m, system)
      if (m.lastSuccess !== system) m.lastSuccess = ''
      own.stage = 'switching'
      yield always
      m.boot = system
      yield always
      m.running = system
    }
    if (own.full) {
      // deploy-rs rolls back all the same, from the good generation.
    } else if (flaw(m, system) === 'fails') {
      m.failedHere.add(system)
    } else {
      m.canaries.add(run)
      own.stage = 'waiting'
      const confirmers = (): boolean =>
        reachable(m) && [...processes].some((p) => p.kind === 'deploy-rs' && p.label.endsWith(run))
      yield () => !m.canaries.has(run) || own.late || !confirmers()
      if (!m.canaries.has(run)) {
        if (m.lastSuccess === system) {
          throw new Violation('S2 second successful activation of the same system')
        }
        m.lastSuccess = m.running === system && profile(m) === system ? system : ''
        return finish(m, own, 'ok')
      }
      end = 'unconfirmed'
    }
    own.stage = 'rolling back'
    m.lastSuccess = ''
    yield always
    if (m.current === 0) return finish(m, own, end)
    m.current -= 1
    yield always
    if (m.current === m.generations.length - 1) return finish(m, own, end)
    m.generations = m.generations.slice(0, -1)
    yield always
    m.running = m.boot = profile(m)
    if (m.running !== before && !own.full) {
      throw new Violation('S6 the rollback landed on something else than what ran before')
    }
    finish(m, own, end)
  }

  function finish(m: Machine, own: Activation, end: LeaseStage): void {
    stage(m, own.run, end)
    m.activations = m.activations.filter((each) => each !== own)
  }

  /** The gate on the machine: the three remote commands of deploy-rs go through it (R12, R13, R17). */
  function gateRefuses(m: Machine, run: string, system: string): boolean {
    if (locked(m)) return true
    if (!rules.gate) return false
    const mine = m.lease?.run === run && m.lease.stage === 'taken'
    return !mine || (rules.seats && !isSeated(m)) || profile(m) === system
  }

  /** deploy-rs on the controller: ssh 1 activates, ssh 2 waits for the canary, ssh 3 removes it. */
  function* deployRs(m: Machine, run: string, system: string, seq: number): Steps {
    yield always
    if (!reachable(m) || gateRefuses(m, run, system)) return
    checkStart(m, system, seq)
    const own: Activation = { run, system, stage: 'setting', late: false, full: false }
    m.activations.push(own)
    stage(m, run, 'started')
    spawn('activate', m.name, `${m.name}: activate ${system} ${run}`, activate(m, own))
    const boots = m.boots
    yield () =>
      !reachable(m) || m.boots !== boots || m.canaries.has(run) || !m.activations.includes(own)
    if (!reachable(m) || m.boots !== boots || !m.canaries.has(run)) return
    yield always
    if (reachable(m)) m.canaries.delete(run)
  }

  // ---- workers
  function write(change: Change): void {
    if (change.ledger === ledger) return
    checkLedger(ledger, change.ledger)
    ledger = change.ledger
    trace.push(`    ledger: ${change.message}`)
  }

  function checkLedger(before: Ledger, after: Ledger): void {
    const [was, is] = [before.wanted, after.wanted]
    if (was && is && was.seq !== is.seq && !is.approvedBy) {
      if (indexOf(is.source) < indexOf(was.source)) {
        throw new Violation('S3 wanted moved back without a person')
      }
    }
    if (
      was &&
      is &&
      !is.approvedBy &&
      removed(before, indexOf(was.source), indexOf(is.source)) > 0
    ) {
      throw new Violation('S13 what removes too much is wanted without a person')
    }
    if (after.rewound && !before.rewound && scenario.rewinds === undefined) {
      throw new Violation('S3 an ordinary push is taken for a rewound branch')
    }
    for (const { name, intent } of Object.values(after.machines)) {
      if (!intent || intent.n === before.machines[name]?.intent?.n) continue
      if (pausedNow(before)[name]) throw new Violation('S12 an attempt begins on a paused machine')
      if (failedRollouts.has(intent.seq)) {
        throw new Violation('S10 a rollout goes on after its first failure')
      }
      machines.get(name)!.newestSeq = intent.seq
    }
  }

  function* tick(): Steps {
    const tipBefore = tip
    const before = ledger
    yield always
    const source = commit(rules.ledgerFirst ? tip : tipBefore)
    const base = rules.ledgerFirst ? before : ledger
    yield always
    const published =
      base.published?.source === source.source ? base : { ...base, published: source }
    const decision = rules.next(published, observe(published))
    if (decision.ledger !== base) {
      // Compare and swap (R1).
      if (ledger !== base) return void queue.add('tick')
      write({ ledger: decision.ledger, message: decision.message })
    }
    for (const name of decision.machines) queue.add(`machine ${name}`)
    for (const name of decision.contact) queue.add(`contact ${name}`)
    if (decision.evaluate) queue.add('evaluate')
  }

  function observe(of: Ledger): Observed {
    const { published, wanted } = of
    return {
      tip: published?.source,
      descends: !wanted || indexOf(published!.source) >= indexOf(wanted.source),
      removes: wanted ? removed(of, indexOf(wanted.source), indexOf(published!.source)) : 0,
      now: time(hours),
      fleet: scenario.machines,
      meant,
      limits: { parallel },
      roleLimits,
    }
  }

  function* evaluate(): Steps {
    const { wanted } = ledger
    yield always
    if (!wanted) return
    const system = built(commits[indexOf(wanted.source)]!)
    const systems = Object.fromEntries(scenario.machines.map(({ name }) => [name, system]))
    write(setSystems(ledger, wanted.seq, systems))
    queue.add('tick')
  }

  function* contact(m: Machine): Steps {
    yield always
    if (!reachable(m)) return
    const reading = look(m)
    yield always
    write(found(ledger, m, { reading, at }))
    queue.add('tick')
  }

  /** The steps of a `machine` job, as protocol section 4 has them. */
  function* machineJob(m: Machine): Steps {
    const intent = ledger.machines[m.name]?.intent
    if (!intent) return
    const { n, system, seq } = intent
    const run = `r${++nonces}`
    let begun = false
    const gone = (): void => write(lost(ledger, m.name, n, { since: at, begun }))
    for (;;) {
      yield always
      if (!reachable(m)) return gone()
      const reading = look(m)
      yield always
      const patience = hasLivingRun(m) && !m.impatient ? Infinity : 0
      const step = rules.decideRun({ machine: m.name, n, run, reading, ledger, patience })
      yield always
      if (step.kind === 'end' || step.kind === 'refuse') return void queue.add('tick')
      if (!reachable(m)) return gone()
      switch (step.kind) {
        case 'wait':
          return void queue.add(`machine ${m.name}`)
        case 'take':
          if (locked(m) || m.lease?.run !== step.over?.run || m.lease?.stage !== step.over?.stage) {
            break
          }
          m.impatient = false
          if (m.lease) clean(m, m.lease.run)
          m.lease = {
            ...{ ledger: 'L', n, run, owner: 'w', path: `${system}-profile`, stage: 'taken' },
            ...{ before: m.running, bootId: `boot${m.boots}`, uptime: 0 },
          }
          begun = true
          write(reached(ledger, m.name, n))
          break
        case 'seat':
          if (!locked(m) && m.lease?.run === run) seat(m)
          break
        case 'deploy': {
          const label = `${m.name}: deploy-rs ${system} ${run}`
          const child = spawn('deploy-rs', m.name, label, deployRs(m, run, system, seq))
          yield () => !processes.has(child)
          break
        }
        case 'read': {
          if (locked(m) || m.lease?.run !== step.run) break
          if (m.lease.stage === 'taken') stage(m, step.run, 'closed')
          seat(m)
          const health = flaw(m, m.running) ? 'unit failed' : 'ok'
          const evidence = { reading: look(m), health, at }
          yield always
          if (outcome(m, n, evidence)) {
            yield always
            drop(m, step.run)
            return void queue.add('tick')
          }
          break
        }
        case 'drop':
          drop(m, step.run)
          return void queue.add('tick')
      }
    }
  }

  const hasLivingRun = (m: Machine): boolean =>
    [...processes].some((p) => p.kind === 'worker' && p.machine === m.name && p !== stepping)

  function outcome(m: Machine, n: number, evidence: Evidence): boolean {
    const { system, seq } = ledger.machines[m.name]?.intent ?? { system: '', seq: 0 }
    const change = rules.conclude(ledger, m.name, n, evidence)
    const holds = change.verdict.kind === 'failed' || change.verdict.kind === 'unhealthy'
    if (holds && !flaw(m, system) && scenario.faults - faults < 2) {
      throw new Violation('S7 a good system is held after fewer than two faults')
    }
    if (holds && ledger.wanted && (seq === ledger.wanted.seq || system === wantedSystem())) {
      if (ledger.wanted.systems) failedRollouts.add(ledger.wanted.seq)
    }
    write(change)
    return !['wait', 'take', 'open'].includes(change.verdict.kind)
  }

  function drop(m: Machine, run: string): void {
    if (!reachable(m) || locked(m) || m.lease?.run !== run) return
    clean(m, run)
    m.lease = undefined
  }

  /** Removes a run's temporary path; whoever waits for its canary takes that for the confirmation (R15). */
  function clean(m: Machine, run: string): void {
    if (m.activations.some((each) => each.run === run && each.stage === 'waiting')) {
      throw new Violation('S8 an activation was confirmed by a clean-up')
    }
    m.canaries.delete(run)
  }

  // ---- scheduling
  let stepping: Process | undefined

  function spawn(kind: Process['kind'], machine: string | undefined, label: string, steps: Steps) {
    const pace = [10, 10, 1, 0.1][Math.floor(random() * 4)]!
    const process: Process = { kind, machine, label, steps, pace, ready: always }
    processes.add(process)
    return process
  }

  function stepProcess(process: Process): void {
    stepping = process
    const { value, done } = process.steps.next()
    if (done) processes.delete(process)
    else process.ready = value
    stepping = undefined
  }

  const workers = (): Process[] => [...processes].filter(({ kind }) => kind === 'worker')

  function startJob(job: string): void {
    const [kind, name] = job.split(' ')
    const m = machines.get(name ?? '')
    queue.delete(job)
    const steps =
      kind === 'tick'
        ? tick()
        : kind === 'evaluate'
          ? evaluate()
          : kind === 'contact'
            ? contact(m!)
            : machineJob(m!)
    spawn('worker', m?.name, job, steps)
  }

  /** The queue keeps equal jobs apart, but for ticks: another controller has its own. */
  const isBusy = (job: string): boolean =>
    job !== 'tick' && workers().some(({ label }) => label === job)

  /** What may happen next: label, and how often it is chosen beside the others. */
  type Event = readonly [label: string, weight: number, run: () => void]

  function events(): Event[] {
    const list: Event[] = []
    for (const process of processes) {
      if (process.ready()) list.push([process.label, process.pace, () => stepProcess(process)])
    }
    if (workers().length < 3) {
      for (const job of queue) if (!isBusy(job)) list.push([`take ${job}`, 5, () => startJob(job)])
    }
    if (!queue.has('tick')) list.push(['poll', 0.5, () => void queue.add('tick')])
    for (const m of machines.values()) {
      if (!m.net) list.push([`${m.name}: network is back`, 1, () => void (m.net = true)])
    }
    if (ledger.pauses?.some(({ until }) => until !== undefined)) {
      list.push(['an hour passes', 0.5, () => void (hours += 1)])
    }
    if (ledger.wanted?.systems && !ledger.adopted) {
      list.push(['a person adopts', 1, () => write(approve(ledger, 'ada'))])
    }
    return list
  }

  /** What people do to the source branch, to holds and to pauses. */
  function people(): Event[] {
    const list: Event[] = []
    if (tip < commits.length - 1) {
      list.push([`push c${tip + 1}`, 0.7, () => void (tip += 1)])
    }
    if (rewinds > 0 && tip > 0) {
      list.push(['force push back', 0.7, () => void ((rewinds -= 1), (tip -= 1))])
    }
    if (ledger.rewound || ledger.removal) {
      list.push(['a person accepts', 0.7, () => write(approve(ledger, 'ada'))])
    }
    const ada = { by: 'ada', at: time(hours) }
    if (allowances > 0) {
      for (const index of scenario.removing ?? []) {
        const head = { id: `c${index}`, head: `c${index}` }
        list.push([
          `c${index} may remove`,
          0.7,
          () => {
            allowances -= 1
            write(allowRemovals(ledger, head, 1, ada))
          },
        ])
      }
    }
    if (pauses > 0) {
      for (const selector of Object.keys(meant)) {
        const until = random() < 0.5 ? {} : { until: time(hours + 1 + Math.floor(random() * 3)) }
        list.push([
          `pause ${selector} until ${until.until}`,
          0.7,
          () => {
            pauses -= 1
            write(pause(ledger, { selector, ...until }, ada))
          },
        ])
      }
    }
    if (ledger.pauses) list.push(['resume', 0.7, () => write(resume(ledger, ledger.pauses!, ada))])
    if (releases > 0) {
      for (const m of machines.values()) {
        const record = ledger.machines[m.name]
        if (!record || record.intent || Object.keys(record.held).length === 0) continue
        list.push([
          `${m.name}: release`,
          1,
          () => {
            releases -= 1
            m.failedHere.clear()
            failedRollouts.delete(ledger.wanted!.seq)
            write(release(ledger, m.name))
          },
        ])
      }
    }
    return list
  }

  function faultEvents(): Event[] {
    if (faults === 0) return []
    const list: Event[] = []
    const fault = (kind: FaultKind, what: string, run: () => void): void => {
      if (!faultKinds.includes(kind)) return
      list.push([
        `! ${what}${kind}`,
        0.5,
        () => {
          faults -= 1
          run()
        },
      ])
    }
    for (const worker of workers()) {
      const children = [...processes].filter(
        ({ kind, machine }) => kind === 'deploy-rs' && machine === worker.machine,
      )
      fault('kill worker', `${worker.label}: `, () => {
        for (const each of [worker, ...children]) processes.delete(each)
        if (!rules.detached) for (const each of children) breakPipe(each)
      })
      if (children.length > 0) {
        fault('kill worker, not its deploy-rs', `${worker.label}: `, () => {
          processes.delete(worker)
        })
      }
      if (worker.label.startsWith('machine') && workers().length < 3) {
        fault('job twice', `${worker.label}: `, () => startJob(worker.label))
      }
    }
    for (const m of machines.values()) {
      fault('reboot', `${m.name}: `, () => reboot(m))
      if (m.net) fault('cut', `${m.name}: `, () => void (m.net = false))
      for (const own of m.activations) {
        fault('kill activate', `${m.name}: `, () => {
          killedOrRebooted = true
          killActivations(m)
        })
        if (own.stage === 'setting') fault('disk full', `${m.name}: `, () => void (own.full = true))
        if (own.stage === 'waiting') fault('too slow', `${m.name}: `, () => void (own.late = true))
      }
      if (m.lease?.stage === 'taken') {
        fault('too slow', `${m.name} taken: `, () => void (m.impatient = true))
      }
    }
    fault('empty the queue', '', () => queue.clear())
    return list
  }

  function breakPipe({ machine }: Process): void {
    killActivations(machines.get(machine!)!)
  }

  function killActivations(m: Machine): void {
    m.activations = []
    m.lastSuccess = ''
    for (const each of processes) {
      if (each.kind === 'activate' && each.machine === m.name) processes.delete(each)
    }
  }

  function reboot(m: Machine): void {
    killedOrRebooted = true
    if (m.running !== m.boot) m.lastSuccess = ''
    const kept = m.lastSuccess
    killActivations(m)
    m.lastSuccess = kept
    m.running = m.boot
    m.canaries.clear()
    m.boots += 1
  }

  /** Faults and pushes are rare, and rarer while nothing goes on that they could disturb. */
  function choose(stormy: boolean): Event {
    const working = workers().some(({ label }) => label.startsWith('machine'))
    const faulty = stormy && random() < (working ? 0.05 : 0.01) ? faultEvents() : []
    const pushed = stormy && (random() < 0.02 || isAtRest()) ? people() : []
    const [list] = [faulty, pushed, events()].filter((each) => each.length > 0)
    let pick = random() * list!.reduce((sum, [, weight]) => sum + weight, 0)
    return list!.find(([, weight]) => (pick -= weight) < 0) ?? list![0]!
  }

  function step(stormy: boolean): void {
    const event = choose(stormy)
    trace.push(event[0])
    event[2]()
    for (const [role, limit] of Object.entries(roleLimits)) {
      const active = [...machines.values()].filter(
        (m) => m.roles.includes(role) && m.activations.length > 0,
      )
      if (active.length > limit) throw new Violation('S9 more machines at once than maxUnavailable')
    }
  }

  function isAtRest(): boolean {
    if (processes.size > 0 || [...machines.values()].some((m) => !m.net)) return false
    if (ledger.published?.source !== commit(tip).source) return false
    if (ledger.pauses?.some(({ until }) => until !== undefined)) return false
    const decision = rules.next(ledger, observe(ledger))
    const mayAnswer = decision.machines.some((name) => reachable(machines.get(name)!))
    const mayFind = decision.contact.some((name) => reachable(machines.get(name)!))
    if (decision.waits === 'adoption' && ledger.wanted?.systems) return false
    return decision.ledger === ledger && !mayAnswer && !mayFind && !decision.evaluate
  }

  /** S4, S11 and L1: once faults stop, everything is as wanted, or something says why not. */
  function checkAtRest(): void {
    const { wanted, rewound, removal } = ledger
    const paused = pausedNow(ledger)
    const rollout = ledger.rollouts.find(({ seq }) => seq === wanted?.seq)
    if (wanted?.source !== commit(tip).source && !rewound && !removal) {
      throw new Violation('L1 the newest commit was not taken up')
    }
    for (const m of machines.values()) {
      if (m.name === scenario.away) continue
      if (!reachable(m)) {
        if (!killedOrRebooted) throw new Violation('S11 cut off for good without reboot or kill')
        continue
      }
      const record = ledger.machines[m.name]!
      const given = record.given?.system
      if (profile(m) !== m.running || given !== m.running) {
        throw new Violation('S4 the ledger claims what the machine does not run')
      }
      const cutOff = Object.values(ledger.machines).some(
        ({ name, intent }) =>
          intent?.lost &&
          ((intent.lost.begun && intent.seq === wanted?.seq) ||
            sharesLimit(m, machines.get(name)!)),
      )
      const excused =
        [record.held[wantedSystem()], rewound, removal, cutOff, paused[m.name]].some(Boolean) ||
        rollout?.state === 'stopped'
      if (m.running !== wantedSystem() && paused[m.name] && rollout?.state === 'done') {
        throw new Violation('L1 a rollout is done without its paused machines')
      }
      if (m.running !== wantedSystem() && !excused) {
        throw new Violation('L1 the machine is not on the wanted system and nothing says why')
      }
    }
  }

  const sharesLimit = (a: Machine, b: Machine): boolean =>
    a.roles.some((role) => role in roleLimits && b.roles.includes(role))

  return { step, isAtRest, checkAtRest, ledger: () => ledger }
}

function newMachine(machine: FleetMachine): Machine {
  return {
    ...machine,
    generations: ['O', 'A'],
    current: 1,
    running: 'A',
    boot: 'A',
    net: true,
    boots: 1,
    lease: undefined,
    activations: [],
    canaries: new Set(),
    lastSuccess: 'A',
    newestSeq: 1,
    failedHere: new Set(),
    impatient: false,
  }
}

/** mulberry32: the same walk for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
