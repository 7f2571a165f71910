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
async function pushSlowChange(text: string): Promise<void> {
  await writeFile(
    join(site.fleet.clone, 'modules/slow.nix'),
    `{ environment.etc."slow".text = "${text}";
       systemd.services.slow = {
         wantedBy = [ "multi-user.target" ];
         serviceConfig = { Type = "oneshot"; RemainAfterExit = true; ExecStart = "/bin/sleep 3"; };
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

    const wanted = Object.fromEntries(
      Object.entries(before).map(([name, generation]) => [name, generation + 1]),
    )
    await eventually(
      site.generations,
      (seen) => JSON.stringify(seen) === JSON.stringify(wanted),
      120_000,
    )
    for (const machine of Object.values(site.lab.machines)) {
      expect((await machine.run('cat /etc/slow')).stdout).toBe(how)
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
  })
})
