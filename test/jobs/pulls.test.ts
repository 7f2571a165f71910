import { expect, onTestFinished, test } from 'vitest'
import { createDeployedSite, type Fleet } from './pulls-site.ts'

const fleet = { alpha: 'one', beta: 'one', gamma: 'one' }

async function startSite(options: Parameters<typeof createDeployedSite>[1] = {}) {
  const site = await createDeployedSite(fleet, options)
  onTestFinished(site.close)
  const statusOf = (commit: string, context = 'nixcluster/plan') =>
    site.forge.statuses.get(commit)?.get(context)
  /** A pull request with this fleet. */
  const open = async (id: string, change: Partial<Fleet>, trusted = true): Promise<string> => {
    const head = await site.pushFleet(`pr-${id}`, { ...fleet, ...change } as Fleet)
    site.forge.open({ id, head, branch: `pr-${id}`, trusted })
    return head
  }
  const push = async (id: string, change: Partial<Fleet>): Promise<string> => {
    const head = await site.pushFleet(`pr-${id}`, { ...fleet, ...change } as Fleet)
    site.forge.push(id, head)
    return head
  }
  const commentOn = (id: string): string => site.forge.commentOn(id)?.markdown ?? ''
  return { ...site, statusOf, open, push, commentOn }
}

test('what is known without Nix is told while Nix is at work, then the whole plan', async () => {
  const site = await startSite()
  const head = await site.open('1', { alpha: 'two' })
  const release = site.nix.hold()
  const planned = site.plan('1')
  await expect.poll(() => site.statusOf(head)?.state).toBe('pending')
  expect(site.commentOn('1')).toContain('is being evaluated')
  expect(site.commentOn('1')).toContain('1 of 3 machines may change')
  release()
  await planned
  expect(site.commentOn('1')).toContain('1 of 3 machines changes')
  expect(site.commentOn('1')).toContain('/etc/motd')
  expect(site.statusOf(head)?.state).toBe('success')
  expect(site.forge.checks.get(head)?.get('nixcluster')?.state).toBe('success')
})

test('a plan of which every system is remembered is told at once, and again without a write', async () => {
  const site = await startSite()
  await site.open('1', { alpha: 'two' })
  await site.plan('1')
  const { writes } = site.forge
  await site.plan('1')
  expect(site.forge.writes).toBe(writes)
  expect(site.nix.evaluated.at(-1)).toEqual(['alpha.demo.alpha.lab'])
})

test('a push while a plan is made: nothing is told of the old head, and the new one gets a plan', async () => {
  const site = await startSite()
  const old = await site.open('1', { alpha: 'two' })
  const release = site.nix.hold()
  const planned = site.plan('1')
  await expect.poll(() => site.statusOf(old)?.state).toBe('pending')
  const head = await site.push('1', { alpha: 'three' })
  release()
  await planned
  expect(site.statusOf(old)?.state).toBe('pending')
  await site.settle()
  expect(site.commentOn('1')).toContain(head.slice(0, 7))
  expect(site.statusOf(head)?.state).toBe('success')
})

test('a plan whose base moves says so until it is made again', async () => {
  const site = await startSite()
  const head = await site.open('1', { alpha: 'two' })
  await site.plan('1')
  await site.pushFleet('main', { ...fleet, beta: 'two' })
  const release = site.nix.hold()
  const planned = site.plan('1')
  await expect.poll(() => site.statusOf(head)?.state).toBe('pending')
  expect(site.commentOn('1')).toContain('**Out of date**: `main` moved')
  expect(site.commentOn('1')).toContain('/etc/motd')
  release()
  await planned
  expect(site.commentOn('1')).not.toContain('Out of date')
  expect(site.statusOf(head)?.state).toBe('success')
})

test('of a stranger nothing is evaluated before the very head is approved, and a push drops that', async () => {
  const site = await startSite()
  const head = await site.open('1', { alpha: 'two' }, false)
  const before = site.nix.evaluated.length
  await site.plan('1')
  expect(site.nix.evaluated).toHaveLength(before)
  expect(site.statusOf(head)?.state).toBe('pending')
  expect(site.commentOn('1')).toContain('/nixcluster approve')

  const { ledger, commit } = await site.repository.ledger.read()
  const approval = { proposal: '1', commit: head, by: 'ann', at: '2026-01-02T03:04:05Z' }
  await site.repository.ledger.write({ ...ledger, approvals: [approval] }, commit, 'ann approves')
  await site.poll()
  expect(site.statusOf(head)?.state).toBe('success')
  expect(site.commentOn('1')).toContain('`ann` approved')

  const next = await site.push('1', { alpha: 'three' })
  const evaluated = site.nix.evaluated.length
  await site.poll()
  expect(site.statusOf(next)?.state).toBe('pending')
  expect(site.nix.evaluated).toHaveLength(evaluated)
})

test('mistakes are annotations of a check that failed', async () => {
  const site = await startSite()
  const head = await site.open('1', { alpha: 'two"\n        oops: "' })
  await site.plan('1')
  const check = site.forge.checks.get(head)?.get('nixcluster')
  expect(check?.state).toBe('failure')
  expect(check?.annotations[0]).toMatchObject({ file: 'clusters/alpha.yaml', severity: 'error' })
  expect(site.statusOf(head)?.state).toBe('failure')
})

test('a head of a merge queue gets statuses and a check that has the plan, and no comment', async () => {
  const site = await startSite()
  const head = await site.pushFleet('gh-readonly-queue/main/pr-1', { ...fleet, alpha: 'two' })
  site.forge.open({ id: 'q', kind: 'queue', head, branch: 'gh-readonly-queue/main/pr-1' })
  await site.plan('q')
  expect(site.commentOn('q')).toBe('')
  expect(site.statusOf(head)?.state).toBe('success')
  expect(site.forge.checks.get(head)?.get('nixcluster')?.summary).toContain('/etc/motd')
})

test('what is in files is shown where strangers cannot read it', async () => {
  for (const isPrivate of [true, false]) {
    const site = await startSite({ private: isPrivate })
    await site.open('1', { alpha: 'two' })
    await site.plan('1')
    expect(site.commentOn('1').includes('+two')).toBe(isPrivate)
  }
})

test('what main changes and no machine has yet is marked in a plan', async () => {
  const site = await startSite()
  await site.open('1', { alpha: 'two' })
  site.machines.cutOff('beta.demo.beta.lab')
  await site.pushFleet('main', { ...fleet, beta: 'two' })
  await site.poll()
  expect(site.commentOn('1')).toMatch(/pending|already/i)
})

test('after the merge the comment tells the rollout to its end, also by another controller', async () => {
  const site = await startSite()
  const head = await site.open('1', { alpha: 'two' })
  await site.poll()
  const merge = (await site.merge(head))!
  site.forge.merge('1', merge)
  site.machines.cutOff('alpha.demo.alpha.lab')
  await site.poll()
  await site.poll()
  expect(site.commentOn('1')).toContain('offline')
  expect(site.forge.deployments.get(`${merge} demo.alpha.lab`)?.state).toBe('in_progress')

  site.restart()
  site.machines.cutOff()
  await site.poll()
  expect(site.commentOn('1')).toContain('Deployed to 1 machine')
  expect(site.statusOf(merge, 'nixcluster/deploy')?.state).toBe('success')
  expect(site.forge.deployments.get(`${merge} demo.alpha.lab`)).toMatchObject({
    state: 'success',
    description: '1 of 1 machine',
  })
  expect([...site.forge.deployments.keys()].filter((key) => key.startsWith(merge))).toHaveLength(1)
})

test('what another process has planned is not planned again, but for what it could not evaluate', async () => {
  const site = await startSite({ sharesPlans: true })
  await site.open('1', { alpha: 'two' })
  await site.open('2', { alpha: 'throw' })
  await site.poll()
  expect(site.commentOn('2')).toContain('1 cannot be evaluated')
  const before = site.nix.evaluated.length
  site.restart()
  await site.poll()
  const [again, ...more] = site.nix.evaluated.slice(before)
  expect([again, more]).toEqual([['alpha.demo.alpha.lab'], []])
  expect(site.commentOn('2')).toContain('1 cannot be evaluated')
})

test('a machine that failed is linked to its log, where strangers cannot read that', async () => {
  for (const isPrivate of [true, false]) {
    const site = await startSite({ private: isPrivate })
    const head = await site.open('1', { alpha: 'bad' })
    site.machines.spoil('-bad')
    await site.poll()
    site.forge.merge('1', (await site.merge(head))!)
    await site.poll()
    expect(site.commentOn('1')).toContain('Stopped')
    const link = /\[log\]\(https:\/\/example\.com\/alpha\.demo\.alpha\.lab\/2\)/
    expect(link.test(site.commentOn('1'))).toBe(isPrivate)
  }
})

test('two merges that come at once are told both', async () => {
  const site = await startSite()
  const heads = [await site.open('1', { alpha: 'two' }), await site.open('2', { beta: 'two' })]
  await site.poll()
  for (const [at, head] of heads.entries()) {
    site.forge.merge(String(at + 1), (await site.merge(head))!)
  }
  await site.poll()
  expect(site.commentOn('1')).toContain('Deployed to 2 machines')
  expect(site.commentOn('2')).toContain('Deployed to 2 machines')
})

test('a forge that is away when a rollout ends hears of it later', async () => {
  const site = await startSite()
  const head = await site.open('1', { alpha: 'two' })
  await site.poll()
  site.forge.merge('1', (await site.merge(head))!)
  site.forge.away = true
  await site.poll()
  expect(Object.values(site.machines.running()).join()).toContain('two')
  site.forge.away = false
  await site.poll()
  expect(site.commentOn('1')).toContain('Deployed to 1 machine')
})

test('the rendering of a proposal is on a branch of its own while it is open', async () => {
  const site = await startSite({ proposalBranches: true })
  const head = await site.open('12', { alpha: 'two' })
  await site.open('13', { beta: 'two' }, false)
  await site.poll()
  const branches = async (): Promise<readonly string[]> => {
    await site.git.fetch()
    return [...(await site.git.branches()).keys()].filter((one) => one.startsWith('nixcluster/pr/'))
  }
  expect(await branches()).toEqual(['nixcluster/pr/12'])
  const tip = await site.tip('nixcluster/pr/12')
  expect((await site.git.readCommit(tip)).trailers['Source-Commit']).toBe(head)
  await site.plan('12')
  expect(await site.tip('nixcluster/pr/12')).toBe(tip)

  site.forge.close('12')
  await site.poll()
  expect(await branches()).toEqual([])
})

test('webhooks that had not arrived are counted', async () => {
  const site = await startSite()
  site.forge.miss(2)
  await site.poll()
  await site.poll()
  expect(site.missed).toEqual([2])
})
