import { expect, test } from 'vitest'
import { createAway } from '../../src/jobs/away.ts'
import { ForgeError, GitError } from '../../src/model/errors.ts'
import type { Job, Outcome } from '../../src/model/ports.ts'

const plan = (repository: string, proposal = '1'): Job => ({ kind: 'plan', repository, proposal })
const rollout: Job = { kind: 'rollout', repository: 'fleet' }
const done: Outcome = { kind: 'done' }

/** A time that stands still until `later`. */
function setUp() {
  let now = 0
  const unlessAway = createAway({ now: () => new Date(now), sleep: () => Promise.resolve() })
  const fine = (job: Job): Promise<Outcome> => unlessAway(job, () => Promise.resolve(done))
  const fail = (job: Job, error: Error): Promise<unknown> =>
    unlessAway(job, () => Promise.reject(error)).catch((thrown: unknown) => thrown)
  return { unlessAway, fine, fail, later: (ms: number) => void (now += ms) }
}

const silent = new ForgeError(0, 'asking: no answer')

test('after a forge gave no answer its jobs are put back without being run, for a while', async () => {
  const { fine, fail, later } = setUp()
  expect(await fail(plan('fleet'), silent)).toBe(silent)
  expect(await fine(plan('fleet', '2'))).toMatchObject({ kind: 'retry', afterMs: 4000 })
  later(4000)
  expect(await fine(plan('fleet', '2'))).toEqual(done)
  expect(await fine(plan('fleet', '3'))).toEqual(done)
})

test('another repository goes on, and so do deployments', async () => {
  const { fine, fail } = setUp()
  await fail(plan('fleet'), silent)
  expect(await fine(plan('attic'))).toEqual(done)
  expect(await fine(rollout)).toEqual(done)
  expect(await fine({ kind: 'machine', repository: 'fleet', machine: 'web1' })).toEqual(done)
})

test('one job at a time tries whether it answers again', async () => {
  const { unlessAway, fine, fail, later } = setUp()
  await fail(plan('fleet'), silent)
  later(4000)
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const trying = unlessAway(plan('fleet'), () => promise)
  expect(await fine(plan('fleet', '2'))).toMatchObject({ kind: 'retry' })
  resolve(done)
  expect(await trying).toEqual(done)
  expect(await fine(plan('fleet', '2'))).toEqual(done)
})

test('a remote that is away holds what asks git', async () => {
  const { fine, fail } = setUp()
  await fail(plan('fleet'), new GitError('unreachable', 'fetching'))
  expect(await fine(rollout)).toMatchObject({ kind: 'retry' })
})

test('a refusal is an answer', async () => {
  const { fine, fail } = setUp()
  await fail(plan('fleet'), new ForgeError(403, 'asking: forbidden'))
  expect(await fine(plan('fleet', '2'))).toEqual(done)
})
