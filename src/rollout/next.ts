import type { Intent, Ledger, MachineRecord, Pause } from '../model/ledger.ts'
import type { Standing } from '../model/standing.ts'
import { dropOver, pausesOf, type Meant } from './pause.ts'
import { currentRollout, recordOf, withRolloutState } from './record.ts'
import { standings, type FleetMachine } from './standing.ts'
import { want, withdraw } from './wanted.ts'

/** What a tick knows beside the ledger: all of it was read after the ledger (R2). */
export interface Observed {
  /** The source branch's tip; undefined when the branch is gone. */
  readonly tip: string | undefined
  /** `published.source` is `wanted.source` or descends from it; true while nothing is wanted. */
  readonly descends: boolean
  /** How much more than it may `published.source` removes of what is wanted, and nobody allowed. */
  readonly removes: number
  /** ISO 8601 */
  readonly now: string
  /** Machines of the commit that `wantedSource` names, in the order of starting; undefined: not known yet. */
  readonly fleet: readonly FleetMachine[] | undefined
  /** The machines of each pause. */
  readonly meant: Meant
  readonly limits: { readonly parallel: number }
  /** Role -> maxUnavailable, for the roles that give one. */
  readonly roleLimits: Readonly<Record<string, number>>
}

export interface Decision {
  /** The same object when nothing changes: then nothing is pushed. */
  readonly ledger: Ledger
  /** Commit message, one line. */
  readonly message: string
  /** The tip is not what was published: a `publish` job is due. */
  readonly publish: boolean
  /** Every machine with an open intent: a `machine` job each. */
  readonly machines: readonly string[]
  /** Machines that were never read: a `contact` job each. */
  readonly contact: readonly string[]
  /** What is wanted has no systems yet: an `evaluate` job is due. */
  readonly evaluate: boolean
  readonly waits?: 'adoption' | 'rewound' | 'removal'
  readonly standing: Readonly<Record<string, Standing>>
}

/** Decides one tick: what is wanted, which machines start, which jobs are due (R2). */
export function next(ledger: Ledger, observed: Observed): Decision {
  const fleet = observed.fleet ?? []
  const followed = follow(dropOver(ledger, observed.now), observed)
  const paused = pausesOf(followed, observed.meant, observed.now)
  const started = mayStart(followed) ? start(followed, fleet, observed, paused) : followed
  const settled = mayStart(started) && observed.fleet ? settle(started, fleet, paused) : started
  const waits = waitsFor(settled)
  return {
    ledger: settled,
    message: message(ledger, settled),
    publish: observed.tip !== undefined && observed.tip !== settled.published?.source,
    machines: openIntents(settled),
    contact: settled.adopted
      ? []
      : fleet.map(({ name }) => name).filter((name) => isUnread(settled, name)),
    evaluate: settled.wanted !== undefined && !settled.wanted.systems && !isHeldBack(settled),
    ...(waits === undefined || settled.wanted === undefined ? {} : { waits }),
    standing: standings(settled, fleet, paused),
  }
}

function waitsFor({ rewound, removal, adopted }: Ledger): Decision['waits'] {
  if (rewound) return 'rewound'
  if (removal) return 'removal'
  return adopted ? undefined : 'adoption'
}

/** What is published waits for a person. */
const isHeldBack = ({ rewound, removal }: Ledger): boolean =>
  rewound !== undefined || removal !== undefined

/**
 * What is wanted follows what is published, but never to a commit that does not descend from it (R3),
 * nor to one that removes more than a change may (R26).
 */
function follow(ledger: Ledger, { descends, removes }: Observed): Ledger {
  const { published, wanted, rewound, removal, ...rest } = ledger
  if (published === undefined) return ledger
  if (published.source === wanted?.source) {
    return isHeldBack(ledger) ? { ...rest, published, wanted } : ledger
  }
  const { source } = published
  const held = { ...rest, published, ...(wanted === undefined ? {} : { wanted }) }
  if (!descends) {
    return rewound?.tip === source ? ledger : withdraw({ ...held, rewound: { tip: source } })
  }
  if (removes === 0) return want(ledger)
  const isKnown = removal?.source === source && removal.count === removes && !rewound
  return isKnown ? ledger : withdraw({ ...held, removal: { source, count: removes } })
}

const mayStart = (ledger: Ledger): boolean =>
  ledger.adopted !== undefined && ledger.wanted?.systems !== undefined && !isHeldBack(ledger)

/** Writes the intents that may start now, in the fleet's order. */
function start(
  ledger: Ledger,
  fleet: readonly FleetMachine[],
  { limits, roleLimits }: Observed,
  paused: Readonly<Record<string, Pause>>,
): Ledger {
  const state = currentRollout(ledger)?.state
  if (state !== 'running' && state !== 'done') return ledger // (R6)
  if (isBlocked(ledger)) return ledger
  const standing = standings(ledger, fleet, paused)
  const unavailable = unavailableByRole(ledger, fleet)
  const isSpare = ({ roles }: FleetMachine): boolean =>
    roles.every((role) => (unavailable.get(role) ?? 0) < (roleLimits[role] ?? Infinity))
  let room = limits.parallel - openIntents(ledger).filter((name) => !lostOf(ledger, name)).length
  const begun: Record<string, MachineRecord> = {}
  for (const machine of fleet) {
    if (room <= 0) break
    if (standing[machine.name]?.state !== 'pending') continue
    if (!isSpare(machine)) continue
    begun[machine.name] = withIntent(ledger, machine)
    count(unavailable, machine)
    room -= 1
  }
  if (Object.keys(begun).length === 0) return ledger
  return { ...ledger, machines: { ...ledger.machines, ...begun } }
}

const lostOf = (ledger: Ledger, name: string): Intent['lost'] => ledger.machines[name]?.intent?.lost

/** (R6) A machine of this rollout lost contact after its attempt had begun: the system may have cut it off. */
const isBlocked = (ledger: Ledger): boolean =>
  Object.values(ledger.machines).some(
    ({ intent }) => intent?.lost?.begun && intent.seq === ledger.wanted?.seq,
  )

/** (R4) How many machines of each role have an open intent, lost ones included. */
function unavailableByRole(ledger: Ledger, fleet: readonly FleetMachine[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const machine of fleet) if (ledger.machines[machine.name]?.intent) count(counts, machine)
  return counts
}

function count(counts: Map<string, number>, { roles }: FleetMachine): void {
  for (const role of roles) counts.set(role, (counts.get(role) ?? 0) + 1)
}

/** (R8) The attempt's number grows by one for each intent. */
function withIntent(ledger: Ledger, machine: FleetMachine): MachineRecord {
  const record = recordOf(ledger, machine)
  const wanted = ledger.wanted?.systems?.[machine.name]
  if (wanted === undefined || 'failed' in wanted) return record
  const { path, drv, system } = wanted
  const n = record.attempt + 1
  const seq = ledger.wanted?.seq ?? 0
  return { ...record, attempt: n, intent: { n, kind: 'forward', path, drv, system, seq } }
}

/**
 * A rollout is done when none of its machines is open or affected; one that has work again runs again.
 * It waits for paused machines (R25).
 */
function settle(
  ledger: Ledger,
  fleet: readonly FleetMachine[],
  paused: Readonly<Record<string, Pause>>,
): Ledger {
  const rollout = currentRollout(ledger)
  if (rollout?.state !== 'running' && rollout?.state !== 'done') return ledger
  const all = Object.entries(standings(ledger, fleet, paused))
  const names = (...states: readonly Standing['state'][]): string[] =>
    all.filter(([, { state }]) => states.includes(state)).map(([name]) => name)
  if (names('pending', 'paused', 'deploying', 'lost').length > 0) {
    return withRolloutState(ledger, rollout.seq, 'running')
  }
  const skipped = names('held', 'failed-evaluation', 'unknown')
  const reason = skipped.length > 0 ? `without ${skipped.join(', ')}` : undefined
  return withRolloutState(ledger, rollout.seq, 'done', reason)
}

const openIntents = (ledger: Ledger): string[] =>
  Object.values(ledger.machines)
    .filter(({ intent }) => intent !== undefined)
    .map(({ name }) => name)
    .sort()

function isUnread(ledger: Ledger, name: string): boolean {
  const record = ledger.machines[name]
  return record === undefined || (!record.given && !record.intent && record.attempt === 0)
}

function message(before: Ledger, after: Ledger): string {
  if (before === after) return ''
  const { wanted, rewound, removal } = after
  const over = (before.pauses ?? []).filter((each) => !after.pauses?.includes(each))
  const started = openIntents(after).filter(
    (name) => after.machines[name]?.attempt !== before.machines[name]?.attempt,
  )
  const [was, is] = [currentRollout(before), currentRollout(after)]
  const parts = [
    wanted && wanted.seq !== before.wanted?.seq ? `want ${wanted.source.slice(0, 12)}` : '',
    rewound && rewound.tip !== before.rewound?.tip
      ? `branch was rewound to ${rewound.tip.slice(0, 12)}: waits`
      : '',
    before.rewound && !rewound ? 'branch is not rewound any more' : '',
    removal && removal.source !== before.removal?.source
      ? `${removal.source.slice(0, 12)} removes ${removal.count}: waits`
      : '',
    ...over.map(({ selector }) => `the pause of ${selector} is over`),
    started.length > 0 ? `start ${started.join(', ')}` : '',
    is && is.state !== was?.state && is.state !== 'running' ? is.state : '',
  ].filter((part) => part !== '')
  return `rollout ${wanted?.seq ?? 0}: ${parts.join('; ') || (is?.state ?? 'tidy')}`
}
