import { expect, test } from 'vitest'
import { doCommand } from '../../src/jobs/command.ts'
import type { LineCommand } from '../../src/model/command.ts'
import { intentOf } from '../rollout/ledgers.ts'
import { commandedFleet, full, six } from './commanded-fleet.ts'

const unread = { method: 'POST', path: '/', body: '', timestamp: '0', signature: '' }

async function commanded() {
  const fleet = await commandedFleet()
  const { repository, ports, answers } = fleet
  return {
    ...fleet,
    /** Somebody with the secret says it; the answer. */
    say: async (command: LineCommand) => {
      const job = { kind: 'command', repository: 'fleet', id: 'r1', signed: unread } as const
      const readCommand = () => ({ by: 'ada', command })
      expect(await doCommand(repository, job, { ...ports, readCommand })).toEqual({ kind: 'done' })
      return answers.at(-1)
    },
  }
}

test('a pause is written down and answered with its machines and its end', async () => {
  const { say, ledger } = await commanded()
  const until = '2026-01-05T12:00:00Z'
  expect(await say({ kind: 'pause', selector: 'vm*', until })).toEqual({
    kind: 'done',
    text: `vm0, vm1, vm2, vm3, vm4 and vm5 get nothing new until ${until}`,
  })
  expect(ledger.current.pauses).toEqual([
    { selector: 'vm*', by: 'ada', since: '2026-01-05T10:00:00Z', until },
  ])
})

test('a selector that means nothing is refused to whoever wrote it, with what was meant', async () => {
  const { say, ledger } = await commanded()
  const before = ledger.current
  for (const kind of ['retry', 'pause'] as const) {
    expect(await say({ kind, selector: 'vm00' })).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining("'vm00'"),
    })
  }
  expect(ledger.current).toBe(before)
})

test('how a pause ends is told as it is typed there', async () => {
  const { say } = await commanded()
  expect((await say({ kind: 'pause', selector: 'vm0' }))?.text).toBe(
    'vm0 gets nothing new until `nixcluster resume vm0`',
  )
  expect((await say({ kind: 'resume' }))?.text).toBe('vm0 is not paused any more')
})

test('deploy accepts a removal that waits, and says when nothing does', async () => {
  const fleet = await commanded()
  const pushed = await fleet.push(six.slice(0, 2))
  expect((await fleet.publish()).decision.waits).toBe('removal')
  expect(await fleet.say({ kind: 'deploy' })).toEqual({ kind: 'done' })
  expect(fleet.ledger.current.wanted).toMatchObject({ source: pushed, approvedBy: 'ada' })
  expect(fleet.nothingWaited()).toBe(0)
  expect(await fleet.say({ kind: 'deploy' })).toMatchObject({ kind: 'refused' })
  expect(fleet.nothingWaited()).toBe(1)
})

test('an open attempt keeps a hold from being lifted, and that is said', async () => {
  const { say, ledger, build } = await commanded()
  const hold = { reason: 'activation failed', attempt: 1, at: '2026-01-05T09:30:00Z' }
  const intent = intentOf('C', { seq: 1 })
  ledger.change((before) => ({
    ...before,
    machines: {
      ...before.machines,
      [full('vm0')]: { ...before.machines[full('vm0')]!, held: { A: hold }, intent },
    },
  }))
  await build('A')
  expect(await say({ kind: 'retry', selector: 'vm0' })).toEqual({
    kind: 'refused',
    text: 'an attempt is open on vm0; wait for its end',
  })
})
