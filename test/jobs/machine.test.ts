import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLab, type Lab } from '../../lab/machines.ts'
import { CommandError } from '../../src/model/errors.ts'
import { buildSystems, type TestSystem } from '../fakes/systems.ts'
import { createSite, type Site } from './machine-site.ts'

let lab: Lab
let web: Site
let data: Site
let systems: Record<'first' | 'second' | 'broken' | 'wrongAddress' | 'plain' | 'other', TestSystem>

const address = (of: string): string =>
  `networking.interfaces.eth0.ipv4.addresses = [ { address = "${of}"; prefixLength = 24; } ];`

beforeAll(async () => {
  lab = await startLab({ machines: ['web.example.com', 'data.example.com'] })
  web = createSite(lab, 'web.example.com')
  data = createSite(lab, 'data.example.com')
  const right = address(web.machine.address)
  systems = await buildSystems({
    first: `{ environment.etc.fleet.text = "first"; ${right} }`,
    second: `{ environment.etc.fleet.text = "second"; ${right} }`,
    broken: `{ ${right} systemd.services.broken = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = { Type = "oneshot"; ExecStart = "/bin/sh -c 'echo no such port; exit 3'"; };
    }; }`,
    plain: '{ environment.etc.fleet.text = "plain"; }',
    other: '{ environment.etc.fleet.text = "other"; }',
    wrongAddress: `{ ${address('10.231.255.9')} }`,
  })
})
afterAll(() => lab.stop())

const neverStarted = { exitCode: 1, log: '/runs/1/deploy.log', lines: ['no deriver'] }
const last = (site: Site) => site.events.at(-1)

test('the first system of a machine is generation 1, and the ledger says what was read back', async () => {
  expect(await web.deploy(systems.first)).toEqual({ kind: 'done' })
  expect(web.events.map(({ event }) => event)).toEqual(['copying', 'activating', 'confirmed'])
  expect(await web.state()).toEqual({
    running: systems.first.system,
    profile: systems.first.path,
    generations: ['system-1-link'],
  })
  const { intent, given, held } = web.record()
  expect({ intent, held }).toEqual({ intent: undefined, held: {} })
  expect(given).toMatchObject({ path: systems.first.path, system: systems.first.system, seq: 1 })
  expect(web.jobs).toEqual([{ kind: 'rollout', repository: 'fleet' }])
})

test('the next system is generation 2, and the lease is gone afterwards', async () => {
  await web.deploy(systems.second)
  expect(await web.state()).toEqual({
    running: systems.second.system,
    profile: systems.second.path,
    generations: ['system-1-link', 'system-2-link'],
  })
  expect(web.record().given?.previous).toBe(systems.first.path)
  const { reading } = await web.remote.look(web.target)
  expect(reading.lease).toBeUndefined()
})

test('what runs already is not activated again (S2)', async () => {
  const before = await web.state()
  expect(await web.deploy(systems.second)).toEqual({ kind: 'done' })
  expect(last(web)?.event).toBe('confirmed')
  expect(web.events.filter(({ event }) => event === 'activating')).toHaveLength(2)
  expect(await web.state()).toEqual(before)
})

test('a job without an open intent does nothing', async () => {
  const { length } = web.events
  expect(await web.run()).toEqual({ kind: 'done' })
  expect(web.events).toHaveLength(length)
})

test('a unit that fails rolls the machine back and holds the system (S6)', async () => {
  await web.deploy(systems.broken)
  expect(last(web)).toMatchObject({ event: 'rolled-back', text: expect.stringContaining('failed') })
  expect(last(web)?.lines?.join('\n')).toContain('the following units failed: broken.service')
  expect(last(web)?.lines?.join('\n')).toContain('no such port')
  expect(await web.state()).toEqual({
    running: systems.second.system,
    profile: systems.second.path,
    generations: ['system-1-link', 'system-2-link'],
  })
  expect(web.record().given?.system).toBe(systems.second.system)
  expect(Object.keys(web.record().held)).toEqual([systems.broken.system])
  expect(web.ledger.current.rollouts[0]?.state).toBe('stopped')
})

test('a system that cuts the machine off does not stay, and is tried once more before it is held (S7, S11)', async () => {
  await web.deploy(systems.wrongAddress)
  expect(last(web)).toMatchObject({
    event: 'rolled-back',
    text: 'rolled back, not confirmed; runs what it ran before',
  })
  expect(await web.state()).toEqual({
    running: systems.second.system,
    profile: systems.second.path,
    generations: ['system-1-link', 'system-2-link'],
  })
  expect(web.record().tries).toEqual({ system: systems.wrongAddress.system, count: 1 })
  expect(Object.keys(web.record().held)).not.toContain(systems.wrongAddress.system)
})

test('two runs of one intent activate once: the second waits for the first (S1, R7)', async () => {
  data.intend(systems.plain)
  const outcomes = await Promise.all([data.run(), data.run()])
  expect(outcomes).toContainEqual({ kind: 'done' })
  expect(data.events.filter(({ event }) => event === 'activating')).toHaveLength(1)
  expect(data.record().given?.system).toBe(systems.plain.system)
  expect((await data.state()).generations).toEqual(['system-1-link'])
})

test('an intent that is withdrawn after the lease was taken starts nothing (R10)', async () => {
  data.intend(systems.other)
  const { remote } = data
  await data.run({
    remote: {
      ...remote,
      take: async (...args) => {
        const look = await remote.take(...args)
        data.ledger.change((ledger) => {
          const record = data.record()
          const withdrawn = { ...record, intent: { ...record.intent!, withdrawn: true } }
          return { ...ledger, machines: { [record.name]: withdrawn } }
        })
        return look
      },
    },
  })
  expect(last(data)?.event).toBe('not-started')
  expect(data.record().intent).toBeUndefined()
  expect((await data.state()).running).toBe(systems.plain.system)
})

test('a machine that cannot be reached is lost, its intent stays open, and the next run goes on', async () => {
  data.intend(systems.other)
  await data.machine.cut()
  const outcome = await data.run()
  expect(outcome.kind).toBe('retry')
  expect(last(data)).toMatchObject({ event: 'lost' })
  expect(data.record().intent?.lost).toMatchObject({ begun: false })
  await data.machine.mend()
  expect(await data.run()).toEqual({ kind: 'done' })
  expect(data.record().intent).toBeUndefined()
  expect((await data.state()).running).toBe(systems.other.system)
})

test('a closure that cannot be copied is told, and nothing is taken on the machine (R11)', async () => {
  data.intend(systems.plain)
  const full = new CommandError('copying to data.example.com: no space left', { command: 'nix' })
  const broken = { ...data.deployer, copy: () => Promise.reject(full) }
  expect(await data.run({ deployer: broken })).toMatchObject({ kind: 'retry' })
  expect(last(data)).toMatchObject({ event: 'failed', text: full.message })
  expect((await data.remote.look(data.target)).reading.lease).toBeUndefined()
})

test('a machine without a known key is trusted once: its key is in the ledger before anything is done', async () => {
  const { hostKey, ...stranger } = data.target
  await data.run({
    targetOf: () => Promise.resolve(stranger),
    remote: {
      ...data.remote,
      take: (...args) => {
        expect(hostKey).toContain(data.record().hostKey)
        return data.remote.take(...args)
      },
    },
  })
  expect(data.record().given?.system).toBe(systems.plain.system)
})

test('a deploy-rs that cannot start leaves the intent open, and the next run takes over', async () => {
  data.intend(systems.other)
  const broken = { ...data.deployer, deploy: () => Promise.resolve(neverStarted) }
  expect(await data.run({ deployer: broken })).toMatchObject({ kind: 'retry' })
  expect(last(data)).toMatchObject({
    event: 'failed',
    text: 'deploy-rs could not start: no deriver',
  })
  expect(data.record().intent).toBeDefined()
  expect(await data.run()).toEqual({ kind: 'done' })
  expect(data.record().given?.system).toBe(systems.other.system)
})

test('the lease of another ledger is refused by name (R24)', async () => {
  const claim = { ledger: 'ledger-2', n: 1, run: 'theirs', owner: 'another', path: '/nix/store/x' }
  await data.remote.take(data.target, claim, undefined)
  data.intend(systems.plain)
  expect(await data.run()).toMatchObject({
    kind: 'stop',
    reason: expect.stringContaining('ledger-2'),
  })
  expect((await data.state()).running).toBe(systems.other.system)
})
