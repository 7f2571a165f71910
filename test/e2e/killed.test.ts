import { Redis } from 'ioredis'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from 'vitest'
import { eventually, startDeployedSite, type Site } from './site.ts'

let site: Site

beforeAll(async () => {
  site = await startDeployedSite()
  await site.fleet.edit(
    'clusters/demo.yaml',
    '    machines:\n',
    '    modules: [/modules/slow.nix]\n    machines:\n',
  )
}, 300_000)
afterAll(() => site?.stop(), 60_000)
beforeEach(() => onTestFailed(async () => console.error(await site.story())))

/** A change for every machine whose activation takes some seconds. */
async function pushSlowChange(text: string, seconds = 3): Promise<void> {
  await writeFile(
    join(site.fleet.clone, 'modules/slow.nix'),
    `{ environment.etc."slow".text = "${text}";
       systemd.services.slow = {
         wantedBy = [ "multi-user.target" ];
         serviceConfig = { Type = "oneshot"; RemainAfterExit = true; ExecStart = "/bin/sleep ${seconds}"; };
         restartTriggers = [ "${text}" ];
       }; }\n`,
  )
  await site.fleet.git('add', '--all')
  await site.fleet.git('commit', '--quiet', '-m', text)
  await site.fleet.git('push', '--quiet', 'origin', 'HEAD:main')
}

const isActivating = async (): Promise<boolean> => {
  const { exitCode } = await site.lab.machines['web1']!.run(
    'systemctl is-active slow | grep -q activating',
  )
  return exitCode === 0
}

/** How many deployments each machine has had is one more than before, and all of them are written down. */
async function expectOnceMore(before: Record<string, number>, text: string): Promise<void> {
  const wanted = Object.fromEntries(
    Object.entries(before).map(([name, generation]) => [name, generation + 1]),
  )
  const isWanted = (seen: Record<string, number>): boolean =>
    JSON.stringify(seen) === JSON.stringify(wanted)
  await eventually(site.generations, isWanted, 120_000)
  for (const machine of Object.values(site.lab.machines)) {
    expect((await machine.run('cat /etc/slow')).stdout).toBe(text)
  }
  const names = Object.keys(site.lab.machines)
  await eventually(
    () => Promise.all(names.map(site.record)),
    (records) => records.every(({ intent }) => intent === undefined),
  )
  expect(await site.generations()).toEqual(wanted)
  for (const name of names) {
    expect((await site.record(name)).given?.system).toBe((await site.see(name)).running)
  }
}

describe('a controller that is told to end in mid-rollout', { timeout: 240_000 }, () => {
  test('lets the activation end and writes its outcome down, then ends with 0', async () => {
    const before = await site.generations()
    const pushed = pushSlowChange('SIGTERM once')
    await eventually(isActivating, (active) => active)
    expect(await site.fleet.end('SIGTERM')).toBe(0)
    await pushed
    expect(await isActivating()).toBe(false)
    expect((await site.generations())['web1']).toBe(before['web1']! + 1)
    const { intent, given } = await site.record('web1')
    expect(intent).toBeUndefined()
    expect(given?.system).toBe((await site.see('web1')).running)
    await site.fleet.serve()
    await expectOnceMore(before, 'SIGTERM once')
  })

  test('twice says what is unfinished and ends at once; the next start finds it done, once', async () => {
    const before = await site.generations()
    const said = (await site.fleet.log()).length
    const log = async (): Promise<string> => (await site.fleet.log()).slice(said)
    const pushed = pushSlowChange('SIGTERM twice', 8)
    await eventually(isActivating, (active) => active)
    site.fleet.signal('SIGTERM')
    await eventually(log, (text) => text.includes('"text":"ending"'))
    expect(await site.fleet.end('SIGTERM')).toBe(143)
    await pushed
    const { attempt, intent } = await site.record('web1')
    expect(intent).toBeDefined()
    const unfinished = (await log()).split('\n').filter((line) => line.includes('unfinished: '))
    expect(unfinished.join('\n')).toMatch(
      new RegExp(
        `unfinished: web1\\.demo\\.lab, attempt ${attempt}, activating since \\S+Z: it goes on by itself on its machine; the next start reads it back"`,
      ),
    )
    await site.fleet.serve()
    await expectOnceMore(before, 'SIGTERM twice')
  })
})

describe('a controller that is killed in mid-rollout', { timeout: 240_000 }, () => {
  test.each([
    ['after which Redis is emptied', true],
    ['with Redis as it was', false],
  ])('%s: every machine ends on what the branch says, activated once', async (how, empty) => {
    const before = await site.generations()
    const pushed = pushSlowChange(how)
    await eventually(isActivating, (active) => active)
    await site.fleet.end('SIGKILL')
    await pushed
    if (empty) {
      const redis = new Redis({ path: join(site.fleet.stateDir, 'redis/redis.sock') })
      await redis.flushall()
      redis.disconnect()
    }
    await site.fleet.serve()

    await expectOnceMore(before, how)
  })
})
