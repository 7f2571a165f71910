import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLab, type Lab } from '../../lab/machines.ts'
import { buildSystems, type TestSystem } from '../fakes/systems.ts'
import { createSite, type Site } from './machine-site.ts'

let lab: Lab
let web: Site
let data: Site
let systems: Record<
  | 'first'
  | 'second'
  | 'third'
  | 'broken'
  | 'fourth'
  | 'slow'
  | 'slower'
  | 'slowest'
  | 'hanging'
  | 'stuck',
  TestSystem
>

const taking = (seconds: string): string => `{ systemd.services.slow = {
  wantedBy = [ "multi-user.target" ];
  serviceConfig = { Type = "oneshot"; RemainAfterExit = true; ExecStart = "/bin/sleep ${seconds}"; };
}; }`

beforeAll(async () => {
  lab = await startLab({ machines: ['web.example.com', 'data.example.com'] })
  web = createSite(lab, 'web.example.com')
  data = createSite(lab, 'data.example.com', { activationTimeout: 5 })
  systems = await buildSystems({
    first: '{ environment.etc.fleet.text = "first"; }',
    second: '{ environment.etc.fleet.text = "second"; }',
    fourth: '{ environment.etc.fleet.text = "fourth"; }',
    third: '{ environment.etc.fleet.text = "third"; }',
    broken: `{ systemd.services.broken = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = { Type = "oneshot"; ExecStart = "/bin/false"; };
    }; }`,
    slow: taking('3'),
    slower: taking('3.1'),
    slowest: taking('3.2'),
    stuck: '{ system.activationScripts.stuck = "sleep infinity"; }',
    hanging: taking('infinity'),
  })
  await Promise.all([web.deploy(systems.first), data.deploy(systems.first)])
})
afterAll(() => lab.stop())

const last = (site: Site) => site.events.at(-1)

test('the worker dies, its deploy-rs lives on and confirms: the next run adopts what is there', async () => {
  web.intend(systems.slow)
  const activation = await web.activate()
  activation.kill('worker')
  expect(await web.run()).toEqual({ kind: 'done' })
  expect(web.events.map(({ event }) => event).slice(-2)).toEqual(['waiting', 'confirmed'])
  expect(web.record()).toMatchObject({ given: { system: systems.slow.system }, held: {} })
  expect((await web.state()).generations).toEqual(['system-1-link', 'system-2-link'])
})

test('the worker dies with its deploy-rs and ssh: activate rolls back by itself, and it counts as a try (R14)', async () => {
  web.intend(systems.slower)
  const activation = await web.activate()
  activation.kill('all')
  expect(await web.run()).toEqual({ kind: 'done' })
  expect(last(web)?.text).toBe('rolled back, not confirmed; runs what it ran before')
  expect(web.record()).toMatchObject({
    given: { system: systems.slow.system },
    tries: { system: systems.slower.system, count: 1 },
    held: {},
  })
  const { running, generations } = await web.state()
  expect({ running, generations }).toEqual({
    running: systems.slow.system,
    generations: ['system-1-link', 'system-2-link'],
  })
})

test('activate itself is killed: what runs is seated again once its switch has ended, and it counts as a try (R13, R17, R20)', async () => {
  data.intend(systems.stuck)
  const activation = await data.activate()
  await data.machine.run(`
    activate() { for process in /proc/[0-9]*; do
      case $(readlink $process/exe) in */bin/activate) echo \${process#/proc/} ;; esac
    done; }
    until pid=$(activate) && test "$pid"; do sleep 0.1; done
    kill -KILL $pid`)
  activation.kill('all')
  expect(await data.run()).toEqual({ kind: 'done' })
  expect(data.events.map(({ event }) => event).slice(-2)).toEqual(['waiting', 'rolled-back'])
  expect(data.record().tries).toEqual({ system: systems.stuck.system, count: 1 })
  const { profile, running } = await data.state()
  expect({ profile, running }).toEqual({
    running: systems.first.system,
    profile: systems.first.path,
  })
})

test('the power fails in mid-activation: what was booted is what the ledger says (R9)', async () => {
  const before = await web.state()
  const n = web.intend(systems.slowest)
  const activation = await web.activate()
  await web.machine.kill()
  activation.kill('all')
  await web.machine.boot()
  expect(await web.run()).toEqual({ kind: 'done' })
  const { running } = await web.state()
  expect([before.running, systems.slowest.system]).toContain(running)
  expect(web.record()).toMatchObject({ attempt: n, given: { system: running } })
  expect(web.record().intent).toBeUndefined()
  expect(web.record().held).toEqual({})
})

test('a run that was taken over can start nothing: the gate knows its nonce (R12)', async () => {
  const n = web.intend(systems.third)
  const { path } = systems.third
  const { lease } = (await web.remote.look(web.target)).reading
  const claim = { ledger: 'ledger-1', n, run: 'dead-run', owner: 'dead', path }
  await web.remote.take(web.target, claim, lease)
  expect(await web.run()).toEqual({ kind: 'done' })
  expect(web.events.map(({ event }) => event).slice(-4)).toEqual([
    'waiting',
    'copying',
    'activating',
    'confirmed',
  ])
  const before = await web.state()
  const gate = (run: string): string =>
    `/nix/var/nixcluster/gate ${run} nixcluster ${path}/activate-rs activate ${path}`
  const { exitCode, stderr } = await web.machine.run(gate('dead-run'))
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 75, stderr: /gate refuses/ })
  expect(await web.state()).toEqual(before)
})

test('the gate starts only what its lease is for, once, and on a machine that is seated', async () => {
  const n = data.intend(systems.third)
  const { path } = systems.third
  const claim = { ledger: 'ledger-1', n, run: 'r1', owner: 'the test', path }
  await data.remote.take(data.target, claim, undefined)
  const refusal = async (command: string): Promise<string> =>
    (await data.machine.run(`/nix/var/nixcluster/gate r1 nixcluster ${command}`)).stderr
  expect(await refusal('reboot now')).toContain('not what the lease is for: reboot now')
  expect(await refusal(`${systems.first.path}/activate-rs activate x`)).toContain(
    'not what the lease',
  )
  await data.machine.run('ln -sfn system-9-link /nix/var/nix/profiles/system')
  expect(await refusal(`${path}/activate-rs activate ${path}`)).toContain(
    'not the newest generation',
  )
  await data.machine.run('ln -sfn system-1-link /nix/var/nix/profiles/system')
  await data.remote.read(data.target, 'r1')
  expect(await refusal(`${path}/activate-rs activate ${path}`)).toContain('the lease is closed')
  expect((await data.state()).running).toBe(systems.first.system)
})

test('a switch that hangs is ended on the machine, and rolled back by activate (R13)', async () => {
  await data.run()
  await data.deploy(systems.hanging)
  expect(last(data)?.text).toBe('rolled back, not confirmed; runs what it ran before')
  expect(last(data)?.lines?.join('\n')).toContain('did not end in time')
  expect((await data.state()).running).toBe(systems.first.system)
})

test('a profile that cannot be set is no fault of the system (R20)', async () => {
  // Only the profiles themselves: Nix writes below per-user whenever it starts.
  await data.machine.run(`cd /nix/var/nix/profiles; mount --bind . .; cd /nix/var/nix/profiles
    mount --bind per-user per-user; mount -o remount,bind,ro .`)
  await data.deploy(systems.third)
  await data.machine.run('umount -R /nix/var/nix/profiles')
  expect(last(data)?.text).toBe('the profile could not be set; runs what it ran before')
  expect(last(data)?.lines?.join('\n')).toContain('Read-only file system')
  expect(data.record()).toMatchObject({ tries: { system: systems.third.system, count: 1 } })
  expect((await data.state()).running).toBe(systems.first.system)
})

test('after a rollback by hand a failed deployment lands on what ran, not on what was fled from (R17, S6)', async () => {
  await data.deploy(systems.second)
  await data.machine.run(`nix-env -p /nix/var/nix/profiles/system --rollback
    PROFILE=/nix/var/nix/profiles/system /nix/var/nix/profiles/system/deploy-rs-activate`)
  expect((await data.state()).running).toBe(systems.first.system)
  await data.deploy(systems.broken)
  expect(last(data)?.event).toBe('rolled-back')
  const { running, profile } = await data.state()
  expect({ running, profile }).toEqual({
    running: systems.first.system,
    profile: systems.first.path,
  })
})

test('a system that deploy-rs never wrapped is wrapped before it is left, and can be come back to (R17)', async () => {
  const lift = { ...data.record(), held: {} }
  data.ledger.change((ledger) => ({ ...ledger, machines: { [lift.name]: lift } }))
  const { path, system } = systems.fourth
  await data.deployer.copy(data.target, path)
  await data.machine.run(`nix-env -p /nix/var/nix/profiles/system --set ${system}
    /nix/var/nix/profiles/system/bin/switch-to-configuration switch`)
  await data.deploy(systems.broken)
  expect(last(data)?.event).toBe('rolled-back')
  const { running, profile } = await data.state()
  expect(running).toBe(system)
  expect(profile).toMatch(/-activatable-nixos-system-/)
  expect(profile).not.toBe(path)
})
