import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from 'vitest'
import { eventually, startSite, type Site } from './site.ts'

// What people do besides the main job, on real machines; one story, its tests build on each other.

const demo = 'clusters/demo.yaml'
let site: Site
let db1: string

beforeAll(async () => {
  site = await startSite()
  // The third machine joins later.
  const file = join(site.fleet.clone, demo)
  const text = await readFile(file, 'utf8')
  const at = text.indexOf('      db1:')
  db1 = text.slice(at)
  await writeFile(file, text.slice(0, at))
  await site.push('A fleet of two')
  await site.fleet.nixcluster('deploy')
}, 300_000)
afterAll(() => site?.stop(), 60_000)
beforeEach(() => onTestFailed(async () => console.error(await site.story())))

const git = (...args: string[]): Promise<string> => site.fleet.git(...args)
const pushMain = (...args: string[]): Promise<string> =>
  git('push', '--quiet', ...args, 'origin', 'main')
const greet = (text: string): Promise<void> =>
  site.fleet.edit(demo, /motd\.text: ".*"/, `motd.text: "${text}"`)
const motd = async (): Promise<string> =>
  (await site.lab.machines['web1']!.run('cat /etc/motd')).stdout.trim()

/** What the pusher reads, without git's decoration. */
const linesOf = (output: string): string[] =>
  output
    .split('\n')
    .map((line) => line.replace(/^remote: ?/, '').trimEnd())
    .filter((line) => line !== '')

/** Commits on a branch of its own that begins at main, pushes it, and goes back to main. */
async function propose(branch: string, message: string, change: () => Promise<void>) {
  await git('switch', '--quiet', '--create', branch, 'main')
  await change()
  const output = await site.push(message)
  await git('switch', '--quiet', 'main')
  return linesOf(output)
}

async function commit(message: string, change: () => Promise<void>): Promise<void> {
  await change()
  await git('add', '--all')
  await git('commit', '--quiet', '-m', message)
}

describe('pushes that change nothing', { timeout: 30_000 }, () => {
  test('a branch at the tip of main, a tag and a deleted branch end at once', async () => {
    await git('branch', 'same')
    expect(linesOf(await git('push', '--quiet', 'origin', 'same'))).toEqual([
      'same has nothing that is not in main: no plan',
    ])
    await git('tag', 'v1')
    expect(await git('push', '--quiet', 'origin', 'v1')).toBe('')
    expect(await git('push', '--quiet', 'origin', ':same')).toBe('')
  })

  test('an empty commit and a comment change no machine', async () => {
    const before = await site.generations()
    expect(linesOf(await site.push('Nothing'))).toEqual([
      expect.stringMatching(/^\w{7} changes no machine\.$/),
    ])
    const comment = await propose('comment', 'Say why', () =>
      site.fleet.edit(demo, 'clusters:', '# why\nclusters:'),
    )
    expect(comment).toContain('  No machine changes.')
    await git('merge', '--quiet', 'comment')
    expect(linesOf(await pushMain())).toEqual([expect.stringMatching(/ changes no machine\.$/)])
    expect(await site.generations()).toEqual(before)
  })

  test('deploy says that nothing waits, and where things stand', async () => {
    const { output, exitCode } = await site.fleet.nixcluster('deploy')
    expect(output).toMatch(/^Nothing waits for a person\.\n\w{7} changes no machine\.$/)
    expect(exitCode).toBe(0)
  })

  test('names and subjects may hold what a shell would run', async () => {
    const subject = '; $(touch /tmp/ran) `id` "ä" \'q\' [skip ci]'
    const plan = await propose('feat/ö-;$(id)"q\'&x', subject, () => greet('Grüße $(id)'))
    expect(plan[0]).toMatch(/^plan of feat\/ö-;\$\(id\)"q'&x \(/)
    expect(plan).toContain('  1 of 2 machines changes. Nothing reboots, nothing is removed.')
    await git('merge', '--quiet', '--no-ff', '-m', subject, 'feat/ö-;$(id)"q\'&x')
    expect(await pushMain()).toMatch(/Deployed \w{7} to 1 machine in/)
    expect(await motd()).toBe('Grüße $(id)')
  })
})

describe('pushes in quick succession', { timeout: 60_000 }, () => {
  test('a newer push supersedes one that is being activated, or was not looked at yet', async () => {
    const pushed: Promise<string>[] = []
    for (const [text, pauseMs] of [
      ['First', 1_200],
      ['Second', 100],
      ['Third', 0],
    ] as const) {
      await commit(text, () => greet(text))
      pushed.push(pushMain())
      await sleep(pauseMs)
    }
    const [first, second, third] = await Promise.all(pushed)
    for (const output of [first, second]) {
      expect(linesOf(output!).at(-1)).toMatch(/^Superseded by a newer (push|commit)\.$/)
    }
    expect(linesOf(third!).at(-1)).toMatch(/^Deployed \w{7} to 1 machine in/)
    expect(await motd()).toBe('Third')
  })

  test('the revert of a bad merge does not wait for the merge', async () => {
    await propose('bad', 'Bad', () => greet('Bad'))
    await git('merge', '--quiet', '--no-ff', '-m', 'Merge bad', 'bad')
    const merge = pushMain()
    await eventually(
      () => site.record('web1'),
      ({ intent }) => intent !== undefined,
      10_000,
    )
    await git('revert', '--no-edit', '-m', '1', 'HEAD')
    const revert = linesOf(await pushMain())
    expect(linesOf(await merge).at(-1)).toBe('Superseded by a newer commit.')
    expect(revert[0]).toMatch(/^deploying \w{7} to 1 of 2 machines: web1$/)
    expect(await motd()).toBe('Third')
  })
})

describe('main goes other ways', { timeout: 60_000 }, () => {
  test('a rewound main waits for a person, who deploys it', async () => {
    await commit('Too far', () => greet('Too far'))
    await pushMain()
    const before = await site.generations()
    await git('reset', '--quiet', '--hard', 'HEAD~1')
    // A hook that comes late is still shown what was said in the last seconds.
    await sleep(5_000)
    const text = 'The branch was rewound; nothing is deployed before: nixcluster deploy'
    expect(linesOf(await pushMain('--force'))).toEqual([text])
    expect(await site.generations()).toEqual(before)
    const { output: status } = await site.fleet.nixcluster('status')
    expect(status).toMatch(/The branch was rewound to \w{7}; waits for: nixcluster deploy/)
    const { output } = await site.fleet.nixcluster('deploy')
    expect(output).toMatch(/Deployed \w{7} to 1 machine in \d\.\d s/)
    expect(await motd()).toBe('Third')
  })

  test('a proposal that conflicts with main is told so', async () => {
    await git('switch', '--quiet', '--create', 'conflict', 'HEAD~3')
    await greet('Conflict')
    const output = linesOf(await site.push('Conflict'))
    await git('switch', '--quiet', 'main')
    expect(output).toEqual([`cannot be merged into main: conflict in ${demo}`])
  })

  test('a main that removes half of the machines waits for a person, its revert does not', async () => {
    const before = await site.generations()
    const file = join(site.fleet.clone, demo)
    const text = await readFile(file, 'utf8')
    const without = text.slice(0, text.indexOf('      web2:')).replaceAll('[web1, web2]', '[web1]')
    await commit('web2 leaves', () => writeFile(file, without))
    expect(linesOf(await pushMain())).toEqual([
      expect.stringMatching(
        /^\w{7} removes 1 at once; nothing is deployed before: nixcluster deploy$/,
      ),
    ])
    const { output: status } = await site.fleet.nixcluster('status')
    expect(status).toMatch(/\w{7} removes 1 at once; waits for: nixcluster deploy/)
    expect(await site.generations()).toEqual(before)
    const { output } = await site.fleet.nixcluster('deploy')
    expect(output).toMatch(/Deployed \w{7} to 1 machine in/)
    await git('revert', '--no-edit', 'HEAD')
    expect(await pushMain()).toMatch(/Deployed \w{7} to 1 machine in/)
    expect((await site.generations())['web2']).toBe(before['web2'])
  })

  test('without flake.lock nothing is deployed, and status says that main is ahead', async () => {
    await commit('No lock', () => rm(join(site.fleet.clone, 'flake.lock')))
    const output = await pushMain()
    expect(output).toContain('there is no flake.lock')
    expect(output).toContain('run nixcluster update, and commit flake.lock')
    expect(output).toContain('nothing is deployed')
    const { output: status } = await site.fleet.nixcluster('status')
    expect(status).toMatch(/main is at \w{7}, which has 1 mistake: nothing of it is deployed/)
    await git('revert', '--no-edit', 'HEAD')
    expect(linesOf(await pushMain())).toEqual([expect.stringMatching(/ changes no machine\.$/)])
  })
})

describe('machines come and go', { timeout: 180_000 }, () => {
  test('one without host key joins, and its key is remembered', async () => {
    const file = join(site.fleet.clone, demo)
    const plan = await propose('join', 'db1 joins', async () =>
      writeFile(file, (await readFile(file, 'utf8')) + db1.replace(/.*hostKey.*\n/, '')),
    )
    expect(plan.join('\n')).toMatch(/db1 +\+ gets its first system/)
    await git('merge', '--quiet', '--no-ff', '-m', 'Merge join', 'join')
    expect(await pushMain()).toMatch(/Deployed \w{7} to 3 machines/)
    expect((await site.record('db1')).hostKey).toMatch(/^ssh-ed25519 /)
  })

  test('under another host key nothing is done there', async () => {
    const { generations, lab } = site
    const before = await generations()
    // A connection that was made under the old key is shared for five seconds more.
    await sleep(6_000)
    // It comes back by itself: nobody who knows the key reaches the machine meanwhile.
    await lab.machines['db1']!.run(`
      cp -a /etc/ssh /root/known
      rm /etc/ssh/ssh_host_ed25519_key*
      ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
      systemd-run --quiet --on-active=30 sh -c 'cp -a /root/known/ssh_host* /etc/ssh/'`)
    await site.fleet.edit(
      demo,
      '    users:',
      '    config: { environment.etc.rack.text: "7" }\n    users:',
    )
    const output = linesOf(await site.push('Everybody learns the rack'))
    expect(output).toContain(
      '  … db1      its host key is not the known one: nothing is done there',
    )
    expect(output.filter((line) => line.includes('… db1'))).toHaveLength(1)
    expect(output.join('\n')).toMatch(/Deployed \w{7} to 2 machines/)
    await eventually(generations, (seen) => seen['db1'] === before['db1']! + 1, 90_000)
  })

  test('one that leaves the configuration is left alone, and comes back as it is', async () => {
    const before = await site.generations()
    const plan = await propose('leave', 'db1 leaves', async () => {
      const file = join(site.fleet.clone, demo)
      const text = await readFile(file, 'utf8')
      await writeFile(file, text.slice(0, text.indexOf('      db1:')))
    })
    expect(plan.join('\n')).toContain('the configuration loses db1')
    await git('merge', '--quiet', '--no-ff', '-m', 'Merge leave', 'leave')
    expect(await pushMain()).toMatch(/deploying \w{7} to 2 of 2 machines: web1 and web2/)
    await git('revert', '--no-edit', '-m', '1', 'HEAD')
    expect(await pushMain()).toMatch(/deploying \w{7} to 2 of 3 machines: web1 and web2/)
    expect((await site.generations())['db1']).toBe(before['db1'])
  })

  test('the first of three that fails stops the rollout, and the revert heals', async () => {
    const before = await site.see('web2')
    await writeFile(
      join(site.fleet.clone, 'modules/broken.nix'),
      `{ systemd.services.broken = {
          wantedBy = [ "multi-user.target" ];
          serviceConfig = { Type = "oneshot"; ExecStart = "/bin/false"; };
        }; }\n`,
    )
    await site.fleet.edit(demo, '    users:', '    modules: [/modules/broken.nix]\n    users:')
    await site.fleet.edit('nixcluster.yaml', 'inputs:', 'rollout: { parallel: 1 }\ninputs:')
    const output = await site.push('Break all')
    expect(output).toContain('✗ db1')
    expect(output).toContain('Stopped. web1 and web2 not begun.')
    await git('revert', '--no-edit', 'HEAD')
    const revert = linesOf(await pushMain())
    expect(revert).toEqual([expect.stringMatching(/ changes no machine\.$/)])
    expect((await site.see('web2')).generation).toBe(before.generation)
    const { output: status } = await site.fleet.nixcluster('status')
    expect(status).toContain('3 machines   3 current')
  })
})

describe('a controller that is away', { timeout: 60_000 }, () => {
  test('a push succeeds with one line, and is picked up by the next start, without its state', async () => {
    const { fleet } = site
    await fleet.end()
    await rm(fleet.stateDir, { recursive: true })
    await commit('While it was away', () => greet('While it was away'))
    expect(linesOf(await pushMain())).toEqual([
      expect.stringMatching(/^nixcluster: controller does not answer/),
    ])
    const { output, exitCode } = await fleet.nixcluster('deploy')
    expect(output).toMatch(/^nixcluster: no controller answers at .*; is nixcluster serve running/)
    expect(exitCode).toBe(2)
    await fleet.serve()
    await eventually(motd, (text) => text === 'While it was away', 30_000)
  })

  test('what it recalled after a start, the next start can read', async () => {
    await git('revert', '--no-edit', 'HEAD')
    expect(await pushMain()).toContain('every system is known: no evaluation, no build')
    await site.fleet.end()
    await site.fleet.serve()
    const { output, exitCode } = await site.fleet.nixcluster('status')
    expect(output).toContain('3 machines   3 current')
    expect(exitCode).toBe(0)
  })

  test('without the hook the poll finds the push', async () => {
    await rm(join(site.fleet.remote, 'hooks/post-receive'))
    await commit('Silently', () => greet('Silently'))
    expect(await pushMain()).toBe('')
    await eventually(motd, (text) => text === 'Silently', 30_000)
  })
})
