import { describe, expect, test } from 'vitest'
import { approve, release } from '../../src/rollout/approve.ts'
import { found, lost, reached } from '../../src/rollout/contact.ts'
import { setPublished, setSystems } from '../../src/rollout/wanted.ts'
import { pause, resume } from '../../src/rollout/pause.ts'
import { emptyLedger } from '../../src/rollout/ledger-files.ts'
import { at, built, intentOf, ledgerOf, machine, reading, record, tick } from './ledgers.ts'

const away = { since: at, begun: false }
const cutOff = { since: at, begun: true }
const newer = { source: 'c3', generated: 'g3' }

describe('R2: a tick', () => {
  test('leaves a ledger in which nothing is to do as it is', () => {
    const given = { path: 'B-profile', system: 'B', seq: 2, at }
    const settled = tick(ledgerOf([record('vm0', { given })])).ledger
    const decision = tick(settled)
    expect(decision.ledger).toBe(settled)
    expect(decision).toMatchObject({ message: '', machines: [], contact: [], evaluate: false })
  })

  test('has a job for every open intent, also of machines that are gone from the fleet', () => {
    const ledger = ledgerOf([
      record('vm0', { intent: intentOf('B') }),
      record('vm1', { intent: intentOf('A', { seq: 1, withdrawn: true, lost: away }) }),
    ])
    expect(tick(ledger, { fleet: [machine('vm0')] }).machines).toEqual(['vm0', 'vm1'])
  })

  test('asks for publishing when the tip is another commit', () => {
    expect(tick(ledgerOf([record('vm0')]), { tip: 'c3' }).publish).toBe(true)
    expect(tick(ledgerOf([record('vm0')])).publish).toBe(false)
  })
})

describe('R3: what is wanted', () => {
  test('moves to a descendant, as a new rollout that has no systems yet', () => {
    const decision = tick({ ...ledgerOf([record('vm0')]), published: newer })
    expect(decision.ledger.wanted).toEqual({ seq: 3, ...newer })
    expect(decision.ledger.rollouts.map(({ state }) => state)).toEqual([
      'done',
      'superseded',
      'running',
    ])
    expect(decision).toMatchObject({ evaluate: true, machines: [], message: 'rollout 3: want c3' })
  })

  test('does not move to another tip: it is written down, withdraws, starts nothing', () => {
    const ledger = ledgerOf([record('vm0', { intent: intentOf('B') }), record('vm1')])
    const decision = tick({ ...ledger, published: newer }, { descends: false })
    expect(decision.ledger.wanted?.source).toBe('c2')
    expect(decision.ledger.rewound).toEqual({ tip: 'c3' })
    expect(decision.ledger.machines['vm0']?.intent?.withdrawn).toBe(true)
    expect(decision).toMatchObject({ waits: 'rewound', machines: ['vm0'], evaluate: false })
    expect(tick(decision.ledger, { descends: false }).ledger).toBe(decision.ledger)
  })

  test('moves there when a person accepts it, and to nothing else', () => {
    const rewound = { ...ledgerOf([record('vm0')]), published: newer, rewound: { tip: 'c3' } }
    expect(approve(rewound, 'ada').ledger.wanted).toEqual({ seq: 3, ...newer, approvedBy: 'ada' })
    expect(approve(rewound, 'ada').ledger.rewound).toBeUndefined()
    const moved = { ...rewound, published: { source: 'c4', generated: 'g4' } }
    expect(approve(moved, 'ada').ledger).toBe(moved)
  })

  test('waits no longer when the branch is back where it was', () => {
    const decision = tick({ ...ledgerOf([record('vm0')]), rewound: { tip: 'c0' } })
    expect(decision.ledger.rewound).toBeUndefined()
    expect(decision.machines).toEqual(['vm0'])
  })
})

describe('R26: what removes more than a change may', () => {
  const pushed = { ...ledgerOf([record('vm0', { intent: intentOf('B') })]), published: newer }
  const waiting = tick(pushed, { removes: 4 })

  test('is not wanted: it is written down, withdraws, starts nothing', () => {
    expect(waiting.ledger.wanted?.source).toBe('c2')
    expect(waiting.ledger.removal).toEqual({ source: 'c3', count: 4 })
    expect(waiting.ledger.machines['vm0']?.intent?.withdrawn).toBe(true)
    expect(waiting).toMatchObject({ waits: 'removal', evaluate: false })
    expect(waiting.message).toBe('rollout 2: c3 removes 4: waits')
    expect(tick(waiting.ledger, { removes: 4 }).ledger).toBe(waiting.ledger)
  })

  test('is wanted once a person says so, or allowed it', () => {
    const { ledger, message } = approve(waiting.ledger, 'ada')
    expect(message).toBe('ada accepts 4 removals')
    expect(ledger.wanted).toEqual({ seq: 3, ...newer, approvedBy: 'ada' })
    expect(ledger).not.toHaveProperty('removal')
    const allowed = tick(waiting.ledger, { removes: 0 }).ledger
    expect(allowed.wanted).toEqual({ seq: 3, ...newer })
    expect(allowed).not.toHaveProperty('removal')
  })

  test('is accepted for that commit only', () => {
    const moved = { ...waiting.ledger, published: { source: 'c4', generated: 'g4' } }
    expect(approve(moved, 'ada').ledger).toBe(moved)
  })

  test('waits no longer when the branch is back, or was rewound', () => {
    const back = { ...waiting.ledger, published: pushed.wanted! }
    expect(tick(back).ledger).not.toHaveProperty('removal')
    const { ledger } = tick(waiting.ledger, { descends: false })
    expect(ledger).toMatchObject({ rewound: { tip: 'c3' } })
    expect(ledger).not.toHaveProperty('removal')
  })
})

describe('R25: a pause', () => {
  const ada = { by: 'ada', at }
  const meant = { vm0: ['vm0'], 'vm*': ['vm0', 'vm1'], gone: [] }
  const two = ledgerOf([record('vm0'), record('vm1')])
  const later = '2026-01-02T05:00:00Z'
  const given = { path: 'B-profile', system: 'B', seq: 2, at }

  test('starts nothing on its machines, and says who paused them until when', () => {
    const { ledger, message } = pause(two, { selector: 'vm0', until: later }, ada)
    expect(message).toBe(`ada pauses vm0 until ${later}`)
    const decision = tick(ledger, { meant })
    expect(decision.machines).toEqual(['vm1'])
    expect(decision.standing['vm0']).toEqual({
      ...{ state: 'paused', note: `paused until ${later} by ada` },
    })
  })

  test('lets an open attempt end', () => {
    const open = ledgerOf([record('vm0', { intent: intentOf('B') })])
    const { ledger } = pause(open, { selector: 'vm0' }, ada)
    expect(tick(ledger, { meant }).machines).toEqual(['vm0'])
    expect(tick(ledger, { meant }).standing['vm0']).toEqual({ state: 'deploying' })
  })

  test('keeps its rollout waiting, and leaves the others their room and their role', () => {
    const { ledger } = pause(
      ledgerOf([record('vm0'), record('vm1', { given })]),
      { selector: 'vm0' },
      ada,
    )
    const decision = tick(ledger, { meant })
    expect(decision.ledger.rollouts.at(-1)?.state).toBe('running')
    const fleet = [machine('vm0', 'api'), machine('vm1', 'api')]
    const { machines } = tick(pause(two, { selector: 'vm0' }, ada).ledger, {
      ...{ meant, fleet, roleLimits: { api: 1 }, limits: { parallel: 1 } },
    })
    expect(machines).toEqual(['vm1'])
  })

  test('ends with its time, in the next commit; the machines get the newest commit', () => {
    const { ledger } = pause(two, { selector: 'vm*', until: later }, ada)
    expect(tick(ledger, { meant }).ledger).toBe(ledger)
    const over = tick(ledger, { meant, now: later })
    expect(over.ledger).not.toHaveProperty('pauses')
    expect(over.message).toBe('rollout 2: the pause of vm* is over; start vm0, vm1')
  })

  test('ends when a person resumes', () => {
    const { ledger } = pause(two, { selector: 'vm*' }, ada)
    const resumed = resume(ledger, ledger.pauses!, ada)
    expect(resumed.message).toBe('ada resumes vm*')
    expect(resumed.ledger).toEqual(two)
    expect(resume(two, [], ada).ledger).toBe(two)
  })

  test('written again changes its end, and the same one again nothing', () => {
    const first = pause(two, { selector: 'vm0' }, ada).ledger
    expect(pause(first, { selector: 'vm0' }, { by: 'bob', at: later }).ledger).toBe(first)
    const second = pause(first, { selector: 'vm0', until: later }, { by: 'bob', at }).ledger
    expect(second.pauses).toEqual([{ selector: 'vm0', by: 'bob', since: at, until: later }])
  })

  test('of several the longest counts', () => {
    const one = pause(two, { selector: 'vm0', until: later }, ada).ledger
    const both = pause(one, { selector: 'vm*' }, { by: 'bob', at }).ledger
    expect(tick(both, { meant }).standing['vm0']?.note).toBe(`paused since ${at} by bob`)
    expect(tick(both, { meant, now: later }).ledger.pauses).toHaveLength(1)
  })

  test('that means no machine any more is kept, and pauses nobody', () => {
    const { ledger } = pause(ledgerOf([record('vm0', { given })]), { selector: 'gone' }, ada)
    const decision = tick(ledger, { meant })
    expect(decision.ledger.pauses).toEqual(ledger.pauses)
    expect(decision.standing['vm0']).toEqual({ state: 'current' })
  })

  test('of a machine that runs what is wanted is only told', () => {
    const { ledger } = pause(ledgerOf([record('vm0', { given })]), { selector: 'vm0' }, ada)
    const decision = tick(ledger, { meant })
    expect(decision.standing['vm0']).toEqual({
      state: 'current',
      note: `paused since ${at} by ada`,
    })
    expect(decision.ledger.rollouts.at(-1)?.state).toBe('done')
  })
})

describe('R4: an open intent', () => {
  test('is withdrawn by a newer commit and stays open', () => {
    const ledger = ledgerOf([record('vm0', { intent: intentOf('B') })])
    const decision = tick({ ...ledger, published: newer })
    expect(decision.ledger.machines['vm0']?.intent).toEqual(intentOf('B', { withdrawn: true }))
    const { ledger: evaluated } = setSystems(decision.ledger, 3, { vm0: built('C') })
    expect(tick(evaluated).ledger).toBe(evaluated)
  })

  test('keeps its machine from a second one', () => {
    const ledger = ledgerOf([record('vm0', { intent: intentOf('A', { seq: 1 }) })])
    expect(tick(ledger).ledger).toBe(ledger)
  })
})

describe('R5: a hold', () => {
  const hold = { reason: 'activation failed', attempt: 1, at }

  test('skips its system on its machine, and the rollout ends without it', () => {
    const { ledger, standing } = tick(
      ledgerOf([record('vm0', { held: { B: hold } }), record('vm1', { held: { C: hold } })]),
    )
    expect(ledger.machines['vm0']?.intent).toBeUndefined()
    expect(ledger.machines['vm1']?.intent?.system).toBe('B')
    expect(standing['vm0']).toEqual({ state: 'held', note: 'activation failed' })
    const alone = tick(ledgerOf([record('vm0', { held: { B: hold } })])).ledger
    expect(alone.rollouts.at(-1)).toMatchObject({ state: 'done', reason: 'without vm0' })
  })

  test('is lifted by a person: the machine is unknown again and its rollout goes on', () => {
    const stopped = ledgerOf([record('vm0', { held: { B: hold } })], {
      rollouts: [{ seq: 2, ...newer, state: 'stopped', reason: 'vm0: activation failed' }],
    })
    const { ledger } = release(stopped, 'vm0')
    expect(ledger.machines['vm0']).toMatchObject({ held: {} })
    expect(ledger.machines['vm0']).not.toHaveProperty('given')
    expect(tick(ledger).machines).toEqual(['vm0'])
  })

  test('cannot be lifted while an attempt is open', () => {
    const ledger = ledgerOf([record('vm0', { held: { B: hold }, intent: intentOf('A') })])
    expect(release(ledger, 'vm0').ledger).toBe(ledger)
  })
})

describe('R6', () => {
  test('a stopped rollout starts nothing', () => {
    const ledger = ledgerOf([record('vm0')], {
      rollouts: [{ seq: 2, source: 'c2', generated: 'g2', state: 'stopped', reason: 'vm1: …' }],
    })
    expect(tick(ledger).ledger).toBe(ledger)
  })

  test('a machine that never answered stops nobody else', () => {
    const ledger = ledgerOf([
      record('vm0', { intent: intentOf('B', { lost: away }) }),
      ...['vm1', 'vm2', 'vm3'].map((name) => record(name)),
    ])
    expect(tick(ledger).machines).toEqual(['vm0', 'vm1', 'vm2'])
  })

  test('a machine that was lost in mid-deployment stops its own rollout', () => {
    const ledger = ledgerOf([
      record('vm0', { intent: intentOf('B', { lost: cutOff }) }),
      record('vm1'),
    ])
    expect(tick(ledger).ledger).toBe(ledger)
  })

  test('and not the next rollout, but for what its role allows', () => {
    const ledger = ledgerOf([
      record('vm0', { intent: intentOf('X', { seq: 1, lost: cutOff, withdrawn: true }) }),
      record('vm1'),
      record('vm2'),
    ])
    const fleet = [machine('vm0', 'api'), machine('vm1', 'api'), machine('vm2')]
    expect(tick(ledger, { fleet }).machines).toEqual(['vm0', 'vm1', 'vm2'])
    expect(tick(ledger, { fleet, roleLimits: { api: 1 } }).machines).toEqual(['vm0', 'vm2'])
  })

  test('a machine is lost once begun until it answers', () => {
    const open = ledgerOf([record('vm0', { intent: intentOf('B') })])
    const never = lost(open, 'vm0', 2, away).ledger
    const later = { since: '2026-01-03T00:00:00Z', begun: true }
    const begun = lost(never, 'vm0', 2, later).ledger
    expect(never.machines['vm0']?.intent?.lost).toEqual(away)
    expect(begun.machines['vm0']?.intent?.lost).toEqual(cutOff)
    expect(lost(begun, 'vm0', 2, away).ledger).toBe(begun)
    expect(lost(begun, 'vm0', 1, away).ledger).toBe(begun)
    expect(reached(begun, 'vm0', 2).ledger).toEqual(open)
  })
})

describe('starting', () => {
  const five = ['vm0', 'vm1', 'vm2', 'vm3', 'vm4'].map((name) => record(name))

  test('goes in the order of the fleet, at most so many at a time', () => {
    const { ledger, machines, message } = tick(ledgerOf(five))
    expect(machines).toEqual(['vm0', 'vm1'])
    expect(ledger.machines['vm0']).toMatchObject({ attempt: 2, intent: intentOf('B') })
    expect(message).toBe('rollout 2: start vm0, vm1')
    expect(tick(ledger).ledger).toBe(ledger)
  })

  test('S9: takes no more of a role than may be unavailable', () => {
    const fleet = ['vm0', 'vm1', 'vm2'].map((name) => machine(name, 'api'))
    const observed = { fleet: [...fleet, machine('vm3')], roleLimits: { api: 1 } }
    expect(tick(ledgerOf(five), observed).machines).toEqual(['vm0', 'vm3'])
  })

  test('compares systems: another profile around the same system is no reason', () => {
    const given = { path: 'another-profile', system: 'B', seq: 1, at }
    const { ledger, standing } = tick(ledgerOf([record('vm0', { given })]))
    expect(standing['vm0']).toEqual({ state: 'current' })
    expect(ledger.rollouts.at(-1)?.state).toBe('done')
  })

  test('skips a machine whose evaluation failed, and says so', () => {
    const ledger = ledgerOf([record('vm0'), record('vm1')])
    const systems = { vm0: { failed: 'error: no such option' }, vm1: built('B') }
    const decision = tick({ ...ledger, wanted: { ...ledger.wanted!, systems } })
    expect(decision.machines).toEqual(['vm1'])
    expect(decision.standing['vm0']).toEqual({
      state: 'failed-evaluation',
      note: 'error: no such option',
    })
  })

  test('never touches a machine that was removed', () => {
    const ledger = ledgerOf([record('vm0'), record('vm1')])
    expect(tick(ledger, { fleet: [machine('vm1')] }).machines).toEqual(['vm1'])
  })

  test('takes a new machine of an adopted ledger at once', () => {
    const ledger = ledgerOf([record('vm0')])
    const systems = { ...ledger.wanted!.systems, vm9: built('B') }
    const decision = tick(
      { ...ledger, wanted: { ...ledger.wanted!, systems } },
      { fleet: [machine('vm9')] },
    )
    expect(decision.machines).toEqual(['vm9'])
    expect(decision.ledger.machines['vm9']).toMatchObject({
      attempt: 1,
      history: [{ fingerprint: 'of B', source: 'c2' }],
    })
  })
})

test('an empty ledger is filled by contact, planned, and deployed when a person says so', () => {
  const fleet = [machine('vm0'), machine('vm1')]
  let { ledger } = setPublished(emptyLedger('L'), { source: 'c1', generated: 'g1' })
  const first = tick(ledger, { fleet })
  expect(first).toMatchObject({ waits: 'adoption', contact: ['vm0', 'vm1'], evaluate: true })

  ledger = setSystems(first.ledger, 1, { vm0: built('B'), vm1: built('A') }).ledger
  ledger = found(ledger, fleet[0]!, { reading: reading('A'), at, hostKey: 'ssh-ed25519 K' }).ledger
  ledger = found(ledger, fleet[1]!, { reading: reading('A'), at }).ledger
  expect(ledger.machines['vm0']).toMatchObject({
    hostKey: 'ssh-ed25519 K',
    given: { system: 'A', seq: 0 },
    history: [{ fingerprint: 'of B' }],
  })
  const waiting = tick(ledger, { fleet })
  expect(waiting).toMatchObject({ waits: 'adoption', contact: [], machines: [] })
  expect(waiting.standing).toEqual({ vm0: { state: 'pending' }, vm1: { state: 'current' } })

  const adopted = approve(waiting.ledger, 'ada')
  expect(adopted.ledger.adopted).toEqual({ by: 'ada', seq: 1 })
  expect(tick(adopted.ledger, { fleet }).machines).toEqual(['vm0'])
})
