import { describe, expect, test } from 'vitest'
import { doComments, dropStaleSayings } from '../../src/jobs/comments.ts'
import { look } from '../../src/jobs/look.ts'
import { createPlannedProposals } from '../../src/jobs/planned-proposals.ts'
import { tidy } from '../../src/jobs/tidy.ts'
import type { Report } from '../../src/model/forge.ts'
import { allowedRemovals, isApproved } from '../../src/rollout/consent.ts'
import { silent } from '../redis/redis-of-the-test.ts'
import { commandedFleet, full, six } from './commanded-fleet.ts'

const plan: Report = { markdown: 'the plan', text: 'the plan' }

/** A pull request of a stranger with our plan of its head, and what is said on it. */
async function proposed({ trusted = false, labels = six } = {}) {
  const fleet = await commandedFleet()
  const { forge, repository, ports } = fleet
  const head = await fleet.push(labels, { branch: 'more', comment: 'more' })
  const proposal = forge.open({ id: '12', head, branch: 'more', trusted, author: 'eve' })
  await forge.ensureComment(proposal, plan)
  return {
    ...fleet,
    head,
    proposal,
    /** Somebody comments, and what that is answered. */
    say: async (author: string, body: string) => {
      const { id } = forge.write('12', author, body)
      await doComments(repository, '12', ports)
      return forge.answers.find(({ comment }) => comment === id)
    },
    handle: () => doComments(repository, '12', ports),
  }
}

const planJob = { kind: 'plan', repository: 'fleet', proposal: '12' }

describe('approve', () => {
  test('lets the planned head of a stranger be evaluated, and plans it again', async () => {
    const { say, ledger, proposal, jobs } = await proposed()
    expect(await say('ada', '/nixcluster approve')).toMatchObject({ kind: 'done' })
    expect(isApproved(ledger.current, proposal)).toBe(true)
    expect(jobs).toContainEqual(planJob)
    expect(ledger.messages.at(-1)).toBe(`ada approves ${proposal.head.slice(0, 12)} of 12`)
  })

  test('takes permission to push, as it is at that moment', async () => {
    const { say, ledger, forge, jobs } = await proposed()
    forge.takePush('ada')
    const before = ledger.current
    for (const author of ['ada', 'eve']) {
      expect(await say(author, '/nixcluster approve')).toMatchObject({
        ...{ kind: 'refused', text: 'Nothing was done: that takes permission to push.' },
      })
    }
    expect(ledger.current).toBe(before)
    expect(jobs).toEqual([])
  })

  test('is refused where the head has moved since our comment, and names the newest', async () => {
    const { say, ledger, forge, head, push } = await proposed()
    const moved = await push(six, { branch: 'more', comment: 'and more' })
    forge.push('12', moved)
    const answer = await say('ada', '/nixcluster approve')
    expect(answer?.kind).toBe('refused')
    expect(answer?.text).toContain(`${head.slice(0, 7)} is not the newest commit any more`)
    expect(answer?.text).toContain(`/nixcluster approve ${moved.slice(0, 12)}`)
    expect(await say('ada', `/nixcluster approve ${head.slice(0, 7)}`)).toMatchObject({
      kind: 'refused',
    })
    expect(ledger.current.approvals).toBeUndefined()
    // Somebody may have made another commit that begins so, and have looked at none of them.
    expect((await say('ada', `/nixcluster approve ${moved.slice(0, 11)}`))?.text).toContain(
      'cannot be told for sure',
    )
    expect(ledger.current.approvals).toBeUndefined()
    expect(await say('ada', `/nixcluster approve ${moved.slice(0, 12)}`)).toMatchObject({
      kind: 'done',
    })
    expect(isApproved(ledger.current, { id: '12', head: moved })).toBe(true)
  })

  test('may name the planned head by its beginning', async () => {
    const { say, head, ledger } = await proposed()
    expect(await say('ada', `/nixcluster approve ${head.slice(0, 7)}`)).toMatchObject({
      kind: 'done',
    })
    expect(ledger.current.approvals).toMatchObject([{ commit: head }])
  })

  test('is refused where nobody can tell which commit is meant', async () => {
    const { forge, repository, ports, ledger, proposal } = await proposed()
    forge.open({ ...proposal, id: '13' })
    forge.write('13', 'ada', '/nixcluster approve')
    await doComments(repository, '13', ports)
    expect(forge.answers[0]?.text).toContain(`/nixcluster approve ${proposal.head.slice(0, 12)}`)
    expect(ledger.current.approvals).toBeUndefined()
  })

  test('is not needed where the author may push', async () => {
    const { say } = await proposed({ trusted: true })
    expect(await say('ada', '/nixcluster approve')).toMatchObject({
      kind: 'refused',
      text: 'Nothing was done: its author may push, so it is evaluated without an approval.',
    })
  })

  test('is dropped by a push, and kept while the head stays', async () => {
    const { say, ledger, forge, repository, ports, push, wait, jobs } = await proposed()
    await say('ada', '/nixcluster approve')
    wait(1)
    const planned = createPlannedProposals({
      ...{ hash: String, nixVersion: '2.30', version: '1.2.3' },
      memory: { read: async () => undefined, write: async () => {} },
    })
    const poll = async () => {
      await look(repository, undefined, planned, ports)
      await tidy(repository, { ...ports, log: silent, metrics: { deliveriesMissed() {} } })
    }
    await poll()
    expect(jobs).toContainEqual({ kind: 'comments', repository: 'fleet', proposal: '12' })
    expect(ledger.current.approvals).toHaveLength(1)
    forge.push('12', await push(six, { branch: 'more', comment: 'and more' }))
    await poll()
    expect(ledger.current.approvals).toBeUndefined()
  })
})

describe('a comment', () => {
  test('that was acted on before we died is answered, and changes nothing more', async () => {
    const { say, forge, handle, ledger, wait, repository, ports } = await proposed()
    await say('ada', '/nixcluster pause vm5')
    const dying = { ...repository.forge, answer: () => Promise.reject(new Error('died')) }
    forge.write('12', 'ada', '/nixcluster pause vm0 until 2h\n/nixcluster retry')
    await expect(doComments({ ...repository, forge: dying }, '12', ports)).rejects.toThrow('died')
    // Also where its author has left since.
    forge.takePush('ada')
    const { pauses } = ledger.current
    const commits = ledger.messages.length
    wait(1)
    await handle()
    expect(ledger.current.pauses).toEqual(pauses)
    expect(ledger.messages).toHaveLength(commits)
    expect(forge.answers.at(-1)).toMatchObject({
      kind: 'refused',
      text: 'vm0 gets nothing new until `2026-01-05T12:00:00Z`.\n\nNothing was done: nothing holds any machine.',
    })
  })

  test('is answered once, and its answer is forgotten when the forge shows it', async () => {
    const { say, handle, ledger, forge } = await proposed()
    await say('ada', '/nixcluster pause vm0')
    await handle()
    expect(forge.answers).toHaveLength(1)
    await say('ada', '/nixcluster resume')
    expect(ledger.current.answers).toMatchObject([{ comment: '2' }])
  })

  test('of several lines is one commit and one answer', async () => {
    const { say, ledger } = await proposed()
    const before = ledger.messages.length
    const answer = await say('ada', '/nixcluster pause vm0\n/nixcluster approve\nthanks')
    expect(answer).toMatchObject({ kind: 'done' })
    expect(ledger.messages.slice(before)).toEqual([
      expect.stringMatching(/^ada pauses vm0; ada approves \w{12} of 12$/),
    ])
  })

  test('with unknown words is answered with help, once', async () => {
    const { say, ledger, handle, forge } = await proposed()
    const before = ledger.current
    const answer = await say('eve', '/nixcluster aprove\n/nixcluster please')
    expect(answer?.kind).toBe('unknown')
    expect(answer?.text).toContain('`aprove` is no command')
    expect(answer?.text?.match(/is no command/g)).toHaveLength(1)
    expect(answer?.text?.match(/allow removal N/g)).toHaveLength(1)
    await handle()
    expect(forge.answers).toHaveLength(1)
    expect(ledger.current).toBe(before)
  })

  test('may ask for help whoever writes it', async () => {
    const { say } = await proposed()
    expect(await say('eve', '/nixcluster help')).toMatchObject({
      kind: 'done',
      text: expect.stringContaining('/nixcluster pause SELECTOR'),
    })
  })

  test('has a plan made for its author and for who may push, for nobody else', async () => {
    const { say, jobs } = await proposed()
    expect(await say('bob', '/nixcluster plan')).toMatchObject({ kind: 'refused' })
    expect(jobs).toEqual([])
    expect(await say('eve', '/nixcluster plan')).toMatchObject({ kind: 'done' })
    expect(await say('ada', '/nixcluster plan')).toMatchObject({ kind: 'done' })
    expect(jobs).toEqual([planJob, planJob])
  })

  test('with a mistake is told what is taken, and the rest of it is done', async () => {
    const { say, ledger } = await proposed()
    const answer = await say('ada', '/nixcluster allow removal many\n/nixcluster pause vm0')
    expect(answer).toMatchObject({ kind: 'refused' })
    expect(answer?.text).toContain('takes how many may go')
    expect(ledger.current.pauses).toHaveLength(1)
  })

  test('of a closed pull request is left alone, of the one merged last is done', async () => {
    const { say, forge, ledger, push, publish } = await proposed()
    forge.close('12')
    expect(await say('ada', '/nixcluster pause vm0')).toBeUndefined()
    expect(ledger.current.pauses).toBeUndefined()
    forge.merge('12', await push(six, { comment: 'merged' }))
    await publish()
    expect(await say('ada', '/nixcluster pause vm1')).toMatchObject({ kind: 'done' })
    expect(ledger.current.pauses).toMatchObject([{ selector: 'vm0' }, { selector: 'vm1' }])
    expect(await say('ada', '/nixcluster approve')).toMatchObject({ kind: 'refused' })
    expect(await say('ada', '/nixcluster plan')).toMatchObject({ kind: 'refused' })
  })
})

describe('what removes more than a change may', () => {
  const two = six.slice(0, 2)

  test('waits when it is pushed, and is deployed when a person says so', async () => {
    const { say, push, publish, ledger, first } = await proposed()
    const pushed = await push(two)
    const { decision } = await publish()
    expect(decision.waits).toBe('removal')
    expect(ledger.current).toMatchObject({
      ...{ wanted: { source: first }, removal: { source: pushed, count: 4 } },
    })
    expect(await say('ada', '/nixcluster deploy')).toMatchObject({ kind: 'done' })
    expect(ledger.current.wanted).toMatchObject({ source: pushed, approvedBy: 'ada' })
    expect(await say('ada', '/nixcluster deploy')).toMatchObject({
      ...{ kind: 'refused', text: 'Nothing was done: nothing waits for a person.' },
    })
  })

  test('may be allowed for a head, is planned so, and its merge does not wait', async () => {
    const { say, push, publish, ledger, head, proposal, forge } = await proposed({ labels: two })
    const answer = await say('ada', '/nixcluster allow removal 4')
    expect(answer).toMatchObject({
      ...{ kind: 'done', text: expect.stringContaining('may remove 4 machines') },
    })
    expect(allowedRemovals(ledger.current, proposal)).toBe(4)
    const merge = await push(two, { merge: head })
    forge.merge('12', merge)
    await publish()
    expect(ledger.current.wanted?.source).toBe(merge)
  })

  test('waits where less was allowed, until more is', async () => {
    const { say, push, publish, ledger, head, forge } = await proposed({ labels: two })
    await say('ada', '/nixcluster allow removal 3')
    const merge = await push(two, { merge: head })
    forge.merge('12', merge)
    expect((await publish()).decision.waits).toBe('removal')
    expect(await say('ada', '/nixcluster allow removal 4')).toMatchObject({ kind: 'done' })
    expect(ledger.current.wanted?.source).toBe(merge)
    expect(ledger.current).not.toHaveProperty('removal')
  })

  test('is known by its pull request where it was squashed, also after the forge was away', async () => {
    const { say, push, publish, tick, ledger, forge, repository, ports, wait } = await proposed({
      labels: two,
    })
    await say('ada', '/nixcluster allow removal 4')
    const squashed = await push(two)
    forge.merge('12', squashed)
    forge.away = true
    expect((await publish()).decision.waits).toBe('removal')
    forge.away = false
    wait(1)
    // The poll lists no open pull request; what waits keeps what was said of it.
    await dropStaleSayings(repository, [], ports.clock.now(), ports)
    await tick()
    expect(ledger.current.wanted?.source).toBe(squashed)
    await dropStaleSayings(repository, [], ports.clock.now(), ports)
    expect(ledger.current.allowances).toBeUndefined()
  })

  test('is not what another head was allowed', async () => {
    const { say, push, publish, forge } = await proposed({ labels: two })
    await say('ada', '/nixcluster allow removal 4')
    const other = await push(two, { branch: 'more', comment: 'another head' })
    forge.push('12', other)
    forge.merge('12', await push(two))
    expect((await publish()).decision.waits).toBe('removal')
  })

  test('does not wait where it brings back what was deployed before', async () => {
    const { push, publish, ledger } = await proposed()
    const grown = [...six, ...['vm6', 'vm7', 'vm8', 'vm9', 'vm10', 'vm11']]
    await push(grown)
    await publish()
    const back = await push(six)
    await publish()
    expect(ledger.current.wanted?.source).toBe(back)
  })
})

describe('machines', () => {
  test('that are paused get nothing until their time is over, which the poll sees', async () => {
    const { say, push, publish, build, tick, ledger, wait } = await proposed()
    const answer = await say('ada', '/nixcluster pause `vm[01]`\n/nixcluster pause vm0 until 2h')
    expect(answer?.kind).toBe('refused')
    await push(six, { comment: 'B' })
    await publish()
    const { decision } = await build('B')
    expect(decision.standing[full('vm0')]?.state).toBe('paused')
    expect(decision.machines).toEqual([full('vm1'), full('vm2')])
    wait(3)
    expect((await tick()).decision.standing[full('vm0')]?.state).toBe('pending')
    expect(ledger.current.pauses).toBeUndefined()
  })

  test('that nobody knows cannot be paused, and the answer has what was meant', async () => {
    const { say, ledger } = await proposed()
    const answer = await say('ada', '/nixcluster pause wm0')
    expect(answer?.kind).toBe('refused')
    expect(answer?.text).toContain("did you mean 'vm0'?")
    expect(ledger.current.pauses).toBeUndefined()
  })

  test('that were removed leave their pause behind, which is kept', async () => {
    const { say, push, publish, ledger } = await proposed()
    await say('ada', '/nixcluster pause vm5')
    await push(six.slice(0, 5))
    const { decision } = await publish()
    expect(decision.ledger.wanted?.seq).toBe(2)
    expect(ledger.current.pauses).toHaveLength(1)
  })

  test('are resumed by what was written, by what they are in, and not with others', async () => {
    const { say, ledger } = await proposed()
    await say('ada', '/nixcluster pause vm0\n/nixcluster pause vm1\n/nixcluster pause `vm*`')
    expect((await say('ada', '/nixcluster resume vm0'))?.text).toBe(
      '`vm0` is not paused any more; the pause of `vm*` goes on.',
    )
    expect((await say('ada', '/nixcluster resume vm2'))?.text).toContain(
      'vm2 is paused with others',
    )
    expect((await say('ada', '/nixcluster resume `vm*`'))?.text).toBe(
      '`vm1` and `vm*` are not paused any more.',
    )
    await say('ada', '/nixcluster pause vm3')
    expect((await say('ada', '/nixcluster resume example.com'))?.kind).toBe('done')
    expect(ledger.current.pauses).toBeUndefined()
    expect((await say('ada', '/nixcluster resume'))?.text).toContain('nothing is paused')
  })

  test('that are held are tried again, each by its name', async () => {
    const { say, ledger, push, publish, build, jobs } = await proposed()
    const hold = { reason: 'activation failed', attempt: 2, at: '2026-01-05T09:30:00Z' }
    await push(six, { comment: 'B' })
    await publish()
    ledger.change((before) => ({
      ...before,
      machines: {
        ...before.machines,
        ...Object.fromEntries(
          ['vm0', 'vm1']
            .map(full)
            .map((name) => [name, { ...before.machines[name]!, held: { B: hold } }]),
        ),
      },
    }))
    await build('B')
    expect((await say('ada', '/nixcluster retry vm3'))?.text).toContain('nothing holds vm3')
    jobs.length = 0
    expect((await say('ada', '/nixcluster retry vm1'))?.text).toBe('vm1 will be tried again.')
    expect(ledger.current.machines[full('vm0')]?.held).toEqual({ B: hold })
    expect(ledger.current.machines[full('vm1')]?.held).toEqual({})
    expect((await say('ada', '/nixcluster retry'))?.text).toBe('vm0 will be tried again.')
  })

  test('that could not be evaluated are evaluated again', async () => {
    const { say, ledger, jobs, push, publish } = await proposed()
    await push(six, { comment: 'B' })
    await publish()
    ledger.change(({ wanted, ...rest }) => ({
      ...rest,
      wanted: { ...wanted!, systems: { [full('vm0')]: { failed: 'no network' } } },
    }))
    jobs.length = 0
    expect((await say('ada', '/nixcluster retry vm0'))?.text).toBe('vm0 will be evaluated again.')
    expect(jobs).toContainEqual({ kind: 'evaluate', repository: 'fleet' })
  })
})
