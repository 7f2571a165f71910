import { describe, expect, onTestFinished, test } from 'vitest'
import type { Check, CommitStatus, Forge, Proposal, Report } from '../../src/model/forge.ts'

/** What a forge may have; what it lacks, its adapter does in silence. */
export type Feature =
  /** Proposals are pull requests; else they are branches. */
  | 'pull requests'
  /** Pull requests come from other people's copies of the repository. */
  | 'forks'
  /** A merged pull request is found by its commit. */
  | 'merged by'
  | 'merge queue'
  /** With comments there are commands. */
  | 'comments'
  /** The plan is kept with its commit, and is what `comments` gives. */
  | 'notes'
  | 'statuses'
  | 'checks'
  | 'deployments'
  /** Logins with permissions. */
  | 'permissions'
  /** Repositories may be private or public. */
  | 'visibility'
  /** Tells what it could not deliver. */
  | 'redelivery'

/**
 * A forge with one repository whose deployed branch is `main`, made for one test. Each step is later than
 * the one before, as the forge tells time.
 */
export interface ForgeSite {
  readonly forge: Forge
  /** What a controller has that starts anew: nothing remembered. */
  restarted(): Forge
  /** Opens a proposal of one commit; `fork`: from a copy of the author's. */
  open(pull: {
    readonly branch: string
    readonly author?: string
    readonly fork?: boolean
  }): Promise<{ readonly id: string; readonly head: string }>
  /** Adds a commit to its branch and gives it. */
  push(id: string): Promise<string>
  close(id: string): Promise<void>
  /** Gives the commit that is then the tip of `main`. */
  merge(id: string): Promise<string>
  /** Puts it into the merge queue, and gives the head that the queue made for it. */
  enqueue(id: string): Promise<string>
  /** Somebody writes a comment; gives its id. */
  comment(id: string, login: string, body: string): Promise<string>
  /** Every comment, the oldest first. */
  comments(id: string): Promise<readonly { readonly ours: boolean; readonly body: string }[]>
  /** Our reactions to a comment, in the forge's words. */
  reactions(id: string, comment: string): Promise<readonly string[]>
  permit(login: string, permission: 'admin' | 'write' | 'read'): Promise<void>
  setPrivate(isPrivate: boolean): Promise<void>
  /** Each that was set, the oldest first. */
  statuses(commit: string): Promise<readonly CommitStatus[]>
  /** As people see them: one of each name. */
  checks(commit: string): Promise<readonly Check[]>
  /** Records of an environment with the states that each was in, the oldest first. */
  deployments(
    environment: string,
  ): Promise<readonly { readonly commit: string; readonly states: readonly string[] }[]>
  /** The forge could not deliver a webhook. */
  loseDelivery(): Promise<void>
  /** How many requests of ours changed something. */
  writes(): Promise<number>
  stop(): Promise<void>
}

export interface ForgeFixture {
  readonly name: string
  readonly has: readonly Feature[]
  start(): Promise<ForgeSite>
}

const report = (markdown: string): Report => ({ markdown, text: markdown })

const pending: CommitStatus = {
  context: 'nixcluster/plan',
  state: 'pending',
  description: 'planning',
}

const check: Check = {
  name: 'nixcluster',
  state: 'failure',
  title: '1 mistake',
  summary: 'There is **1** mistake.',
  annotations: [
    {
      ...{ file: 'nixcluster.yaml', line: 3, endLine: 4, severity: 'error' },
      ...{ title: 'schema/unknown-key', message: "unknown key 'sytem'" },
    },
  ],
}

/** Declares the tests that every forge behind the port has to pass. */
export function testForge({ name, has, start }: ForgeFixture): void {
  const with_ = (...features: readonly Feature[]) =>
    test.runIf(features.every((feature) => has.includes(feature)))
  const without = (feature: Feature) => test.runIf(!has.includes(feature))

  /** A site, and one proposal at it. */
  async function open(): Promise<{ site: ForgeSite; forge: Forge; proposal: Proposal }> {
    const site = await begin()
    const { id } = await site.open({ branch: 'more' })
    return { site, forge: site.forge, proposal: await found(site.forge, id) }
  }

  async function begin(): Promise<ForgeSite> {
    const site = await start()
    onTestFinished(() => site.stop())
    return site
  }

  async function found(forge: Forge, id: string): Promise<Proposal> {
    const proposal = await forge.proposal(id)
    if (proposal === undefined) throw new Error(`there is no proposal ${id}`)
    return proposal
  }

  /** Does the same again, by this controller and by one that starts anew: nothing more is written. */
  async function again(site: ForgeSite, act: (forge: Forge) => Promise<unknown>): Promise<void> {
    const before = await site.writes()
    await act(site.forge)
    await act(site.restarted())
    expect(await site.writes()).toBe(before)
  }

  describe(name, () => {
    test('nothing is proposed at first', async () => {
      const { forge } = await begin()
      expect(await forge.proposals()).toEqual([])
    })

    test('what is open is given by the list and by its id', async () => {
      const { forge, ...site } = await begin()
      const { id, head } = await site.open({ branch: 'feature/more' })
      const proposal = {
        id,
        kind: has.includes('pull requests') ? 'pull-request' : 'branch',
        branch: 'feature/more',
        ...{ head, base: 'main', trusted: true },
      }
      expect(await forge.proposals()).toMatchObject([proposal])
      expect(await forge.proposal(id)).toMatchObject(proposal)
    })

    test('its head is the newest commit', async () => {
      const { forge, ...site } = await begin()
      const { id, head } = await site.open({ branch: 'more' })
      const next = await site.push(id)
      expect(next).not.toBe(head)
      expect(await forge.proposal(id)).toMatchObject({ head: next })
      expect(await forge.proposals()).toMatchObject([{ head: next }])
    })

    test('what is closed, or never was, is no proposal', async () => {
      const { forge, ...site } = await begin()
      const { id } = await site.open({ branch: 'more' })
      await site.close(id)
      expect(await forge.proposals()).toEqual([])
      expect(await forge.proposal(id)).toBeUndefined()
      expect(await forge.proposal('4711')).toBeUndefined()
    })

    with_('merged by')('a merge is found by its commit, with the head it brought', async () => {
      const { forge, ...site } = await begin()
      const { id, head } = await site.open({ branch: 'more' })
      const commit = await site.merge(id)
      expect(await forge.proposal(id)).toBeUndefined()
      expect(await forge.mergedBy(commit)).toMatchObject({ id, branch: 'more', head, base: 'main' })
    })

    with_('merged by')('an open one has merged nothing', async () => {
      const { forge, proposal } = await open()
      expect(await forge.mergedBy(proposal.head)).toBeUndefined()
      expect(await forge.mergedBy('0'.repeat(40))).toBeUndefined()
    })

    without('merged by')('no commit tells who merged it', async () => {
      const { forge, proposal } = await open()
      expect(await forge.mergedBy(proposal.head)).toBeUndefined()
    })

    with_('forks', 'permissions')(
      'a stranger is not trusted, until it may push, and not after that',
      async () => {
        const { forge, ...site } = await begin()
        const { id } = await site.open({ branch: 'more', author: 'mallory', fork: true })
        const trusted = async (): Promise<boolean[]> => [
          (await found(forge, id)).trusted,
          ...(await forge.proposals()).map((proposal) => proposal.trusted),
        ]
        expect(await found(forge, id)).toMatchObject({ author: 'mallory' })
        expect(await trusted()).toEqual([false, false])
        await site.permit('mallory', 'write')
        expect(await trusted()).toEqual([true, true])
        await site.permit('mallory', 'read')
        expect(await trusted()).toEqual([false, false])
      },
    )

    with_('permissions')('a login may push as the forge says now', async () => {
      const { forge, ...site } = await begin()
      await site.permit('alice', 'admin')
      await site.permit('bob', 'write')
      await site.permit('carol', 'read')
      const asked = ['alice', 'bob', 'carol', 'mallory', 'nobody']
      const may = await Promise.all(asked.map((login) => forge.mayPush(login)))
      expect(may).toEqual([true, true, false, false, false])
      await site.permit('bob', 'read')
      expect(await forge.mayPush('bob')).toBe(false)
    })

    without('permissions')('where there are no logins, none may push', async () => {
      const { forge } = await begin()
      expect(await forge.mayPush('alice')).toBe(false)
    })

    with_('visibility')('private is what strangers cannot read', async () => {
      const { forge, ...site } = await begin()
      await site.setPrivate(true)
      expect(await forge.isPrivate()).toBe(true)
      await site.setPrivate(false)
      expect(await forge.isPrivate()).toBe(false)
    })

    with_('comments')('there is one comment, edited in place', async () => {
      const { site, forge, proposal } = await open()
      await site.comment(proposal.id, 'mallory', '<!-- nixcluster:plan -->\nall is well')
      await forge.ensureComment(proposal, report('**1 machine** changes'))
      await forge.ensureComment(proposal, report('nothing changes\n\n- `a`\n- `b`'))
      await site.restarted().ensureComment(proposal, report('nothing changes'))
      const comments = await site.comments(proposal.id)
      expect(comments.map(({ ours }) => ours)).toEqual([false, true])
      expect(comments[0]?.body).toContain('all is well')
      expect(comments[1]?.body.split('\n').slice(1)).toEqual(['nothing changes'])
    })

    with_('comments')('a comment that says the same is left alone', async () => {
      const { site, forge, proposal } = await open()
      const said = report('| machine | is |\n| --- | --- |\n| `web1` | ⟳ new |\n')
      await forge.ensureComment(proposal, said)
      await again(site, (one) => one.ensureComment(proposal, said))
    })

    with_('comments')('a comment that is too long is cut, and still the same', async () => {
      const { site, forge, proposal } = await open()
      const said = report('a line of ⟳ signs\n'.repeat(100_000))
      await forge.ensureComment(proposal, said)
      await again(site, (one) => one.ensureComment(proposal, said))
      const [comment] = await site.comments(proposal.id)
      expect(comment?.body).toMatch(/too long/)
    })

    with_('comments')('people tell us something in the first line of a comment', async () => {
      const { site, forge, proposal } = await open()
      await forge.ensureComment(proposal, report('the plan'))
      const say = (body: string) => site.comment(proposal.id, 'alice', body)
      const first = await say('/nixcluster plan\n\nplease')
      await say('What does\n/nixcluster plan\ndo?')
      await say('/nixclusters are fine')
      const second = await say('  /NixCluster Approve')
      expect(await forge.commands(proposal)).toEqual([
        expect.objectContaining({ id: first, author: 'alice', body: '/nixcluster plan\n\nplease' }),
        expect.objectContaining({ id: second, author: 'alice', body: '  /NixCluster Approve' }),
      ])
    })

    with_('comments')('a command is about the head that our comment named then', async () => {
      const { site, forge, proposal } = await open()
      const planned = async (): Promise<(string | undefined)[]> =>
        (await forge.commands(proposal)).map((command) => command.planned)
      await site.comment(proposal.id, 'alice', '/nixcluster approve (nothing was planned)')
      await forge.ensureComment(proposal, report('the plan'))
      await site.comment(proposal.id, 'alice', '/nixcluster approve')
      expect(await planned()).toEqual([undefined, proposal.head])

      const head = await site.push(proposal.id)
      await forge.ensureComment({ ...proposal, head }, report('the plan'))
      await site.comment(proposal.id, 'alice', '/nixcluster approve now')
      // What the comment said before it was edited is not known any more.
      expect(await planned()).toEqual([undefined, undefined, head])
    })

    with_('comments')('an answered command is not given again', async () => {
      const { site, forge, proposal } = await open()
      await site.comment(proposal.id, 'alice', '/nixcluster plan')
      await site.comment(proposal.id, 'alice', '/nixcluster deploy')
      await site.comment(proposal.id, 'alice', '/nixcluster dance')
      const [plan, deploy, dance] = await forge.commands(proposal)
      await forge.answer(proposal, plan!, { kind: 'done' })
      await forge.answer(proposal, deploy!, { kind: 'refused', text: 'You may not do that.' })
      await forge.answer(proposal, dance!, {
        kind: 'unknown',
        text: 'There is `/nixcluster help`.',
      })
      expect(await forge.commands(proposal)).toEqual([])
      expect(await site.restarted().commands(proposal)).toEqual([])
      const marks = await Promise.all(
        [plan!, deploy!, dance!].map(({ id }) => site.reactions(proposal.id, id)),
      )
      expect(marks.map((mark) => mark.length)).toEqual([1, 1, 1])
      expect(new Set(marks.flat()).size).toBe(3)
      const replies = (await site.comments(proposal.id)).filter(({ ours }) => ours)
      expect(replies.map(({ body }) => body)).toEqual([
        expect.stringContaining('You may not do that.'),
        expect.stringContaining('There is `/nixcluster help`.'),
      ])
      // Whoever asked is told already, and need not be called.
      expect(replies.map(({ body }) => body).join()).not.toContain('@alice')
    })

    with_('comments')('an answer twice is one answer', async () => {
      const { site, forge, proposal } = await open()
      await site.comment(proposal.id, 'alice', '/nixcluster deploy')
      const [command] = await forge.commands(proposal)
      const answer = { kind: 'refused', text: 'You may not do that.' } as const
      await forge.answer(proposal, command!, answer)
      await forge.answer(proposal, command!, answer)
      await site.restarted().answer(proposal, command!, answer)
      expect(await site.comments(proposal.id)).toHaveLength(2)
      expect(await site.reactions(proposal.id, command!.id)).toHaveLength(1)
    })

    with_('comments')('our comment of the plan and our answers are told apart', async () => {
      const { site, forge, proposal } = await open()
      await site.comment(proposal.id, 'alice', '/nixcluster dance')
      const [command] = await forge.commands(proposal)
      await forge.answer(proposal, command!, { kind: 'unknown', text: 'No.' })
      await forge.ensureComment(proposal, report('the plan'))
      await forge.ensureComment(proposal, report('another plan'))
      const bodies = (await site.comments(proposal.id)).map(({ body }) => body)
      expect(bodies).toEqual([
        '/nixcluster dance',
        expect.stringContaining('No.'),
        expect.stringContaining('another plan'),
      ])
    })

    with_('notes')('the newest plan of a head is kept with it, as text', async () => {
      const { site, forge, proposal } = await open()
      await forge.ensureComment(proposal, { markdown: '**no**', text: 'the plan' })
      await forge.ensureComment(proposal, { markdown: '**no**', text: 'another plan\n' })
      expect(await site.comments(proposal.id)).toEqual([{ ours: true, body: 'another plan' }])
      const head = await site.push(proposal.id)
      expect(await site.comments(proposal.id)).toEqual([])
      const pushed = await found(forge, proposal.id)
      expect(pushed.head).toBe(head)
      await forge.ensureComment(pushed, { markdown: '**no**', text: 'a third plan' })
      expect(await site.comments(proposal.id)).toEqual([{ ours: true, body: 'a third plan' }])
    })

    without('comments')('where nobody comments, there are no commands', async () => {
      const { site, forge, proposal } = await open()
      await forge.ensureComment(proposal, report('the plan'))
      await again(site, (one) => one.ensureComment(proposal, report('the plan')))
      const comment = { id: '1', author: 'alice', body: '/nixcluster plan' }
      await again(site, (one) => one.answer(proposal, comment, { kind: 'done', text: 'Done.' }))
      expect(await forge.commands(proposal)).toEqual([])
    })

    with_('statuses')('a status is set where it says something new', async () => {
      const { site, forge, proposal } = await open()
      const { head } = proposal
      const done: CommitStatus = {
        ...{ ...pending, state: 'success', description: '1 machine changes' },
        url: 'https://nixcluster.example.com/runs/1',
      }
      await forge.ensureStatus(head, pending)
      await forge.ensureStatus(head, { ...pending, context: 'nixcluster/deploy' })
      await again(site, (one) => one.ensureStatus(head, pending))
      await forge.ensureStatus(head, done)
      await again(site, (one) => one.ensureStatus(head, done))
      expect(await site.statuses(head)).toEqual([
        expect.objectContaining(pending),
        expect.objectContaining({ ...pending, context: 'nixcluster/deploy' }),
        expect.objectContaining(done),
      ])
    })

    with_('statuses')('a description that is too long is cut, and still the same', async () => {
      const { site, forge, proposal } = await open()
      const long = { ...pending, description: 'ä'.repeat(5000) }
      await forge.ensureStatus(proposal.head, long)
      await again(site, (one) => one.ensureStatus(proposal.head, long))
      const [status] = await site.statuses(proposal.head)
      expect(status?.description).toMatch(/^ä+…$/)
    })

    without('statuses')('where there are no statuses, none is set', async () => {
      const { site, proposal } = await open()
      await again(site, (one) => one.ensureStatus(proposal.head, pending))
    })

    with_('checks')('a check has its annotations once, however often it is told', async () => {
      const { site, forge, proposal } = await open()
      await forge.ensureCheck(proposal.head, check)
      await again(site, (one) => one.ensureCheck(proposal.head, check))
      expect(await site.checks(proposal.head)).toEqual([check])
    })

    with_('checks')('a check has more annotations than fit into one request', async () => {
      const { site, forge, proposal } = await open()
      const many: Check = {
        ...check,
        annotations: Array.from({ length: 130 }, (_, index) => ({
          ...check.annotations[0]!,
          ...{ line: index + 1, endLine: index + 1 },
        })),
      }
      await forge.ensureCheck(proposal.head, many)
      await again(site, (one) => one.ensureCheck(proposal.head, many))
      expect(await site.checks(proposal.head)).toEqual([many])
    })

    with_('checks')('a check that comes to something else shows nothing of the old', async () => {
      const { site, forge, proposal } = await open()
      const mended: Check = { ...check, state: 'success', title: 'No mistake', annotations: [] }
      const worse: Check = {
        ...check,
        annotations: [{ ...check.annotations[0]!, severity: 'warning', line: 1, endLine: 1 }],
      }
      for (const next of [check, mended, worse, { ...worse, state: 'neutral' } as const, mended]) {
        await forge.ensureCheck(proposal.head, next)
        expect(await site.checks(proposal.head)).toEqual([next])
      }
    })

    without('checks')('where there are no checks, none is made', async () => {
      const { site, proposal } = await open()
      await again(site, (one) => one.ensureCheck(proposal.head, check))
    })

    with_('deployments')('an environment has one record of each commit', async () => {
      const { site, forge, proposal } = await open()
      const { head } = proposal
      const rollout = {
        ...{ commit: head, environment: 'prod.acme.example', description: '1 of 3' },
        url: 'https://nixcluster.example.com/runs/1',
      }
      for (const state of ['pending', 'in_progress', 'success'] as const) {
        await forge.ensureDeployment({ ...rollout, state })
        await again(site, (one) => one.ensureDeployment({ ...rollout, state }))
      }
      await forge.ensureDeployment({ ...rollout, environment: 'lab', state: 'failure' })
      expect(await site.deployments('prod.acme.example')).toEqual([
        { commit: head, states: ['pending', 'in_progress', 'success'] },
      ])
      expect(await site.deployments('lab')).toEqual([{ commit: head, states: ['failure'] }])
    })

    with_('deployments')('what a newer rollout has replaced is not told again', async () => {
      const { site, forge, proposal } = await open()
      const next = await site.push(proposal.id)
      const old = { commit: proposal.head, environment: 'lab', description: '' } as const
      await forge.ensureDeployment({ ...old, state: 'success' })
      await forge.ensureDeployment({ ...old, commit: next, state: 'success' })
      await again(site, (one) => one.ensureDeployment({ ...old, state: 'success' }))
    })

    without('deployments')('where no deployments are kept, none is made', async () => {
      const { site, proposal } = await open()
      const rollout = { commit: proposal.head, environment: 'lab', description: '' }
      await again(site, (one) => one.ensureDeployment({ ...rollout, state: 'success' }))
    })

    with_('merge queue')('a head of the merge queue is proposed, and gets no comment', async () => {
      const { site, forge, proposal } = await open()
      const head = await site.enqueue(proposal.id)
      const [, queued] = await forge.proposals()
      expect(queued).toMatchObject({ kind: 'queue', head, base: 'main', trusted: true })
      expect(await forge.proposal(queued!.id)).toEqual(queued)
      await again(site, (one) => one.ensureComment(queued!, report('the plan')))
      expect(await forge.commands(queued!)).toEqual([])
      await forge.ensureStatus(head, pending)
      expect(await site.statuses(head)).toHaveLength(1)
    })

    with_('redelivery')('what did not arrive is sent again once', async () => {
      const { forge, ...site } = await begin()
      expect(await forge.redeliver()).toBe(0)
      await site.loseDelivery()
      await site.loseDelivery()
      expect(await forge.redeliver()).toBe(2)
      expect(await forge.redeliver()).toBe(0)
    })

    without('redelivery')('where nothing is told of deliveries, none is sent again', async () => {
      const { forge } = await begin()
      expect(await forge.redeliver()).toBe(0)
    })
  })
}
