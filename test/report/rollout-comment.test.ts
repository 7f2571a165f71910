import { expect, test } from 'vitest'
import { sizeOf } from '../../src/report/markdown.ts'
import { rolloutComment } from '../../src/report/rollout-comment.ts'
import { before, done, held, offline, rolloutInput, underWay, waits } from './example-rollouts.ts'

const title = (...input: Parameters<typeof rolloutInput>): string =>
  rolloutComment(rolloutInput(...input)).split('\n')[0]!

test('the title says how far a rollout is, and what is wrong', () => {
  expect(title({ vm0: underWay, vm1: waits, vm2: before })).toBe('### Deploying: 0 of 2 done')
  expect(title({ vm0: done, vm1: underWay, vm2: held })).toBe(
    '### Deploying: 1 of 3 done · vm2 failed',
  )
  expect(title({ vm0: done, vm1: done })).toBe('### Deployed to 2 machines')
  expect(title({ vm0: done, vm1: offline, vm2: offline })).toBe(
    '### Deployed to 1 of 3 machines · vm1 and vm2 are offline',
  )
  expect(title({ vm0: before })).toBe('### Nothing to deploy: every machine is current')
  expect(title({ vm0: held, vm1: waits }, { state: 'stopped' })).toBe(
    '### Stopped: 0 of 2 machines done · vm0 failed',
  )
})

test('a stopped rollout says how to go back and how to go on', () => {
  const text = rolloutComment(rolloutInput({ vm0: held }, { state: 'stopped' }))
  expect(text).toContain(
    'Go back with `git revert -m1 3f2c1a9`, or try again with `/nixcluster retry`.',
  )
  const single = rolloutInput({ vm0: held }, { state: 'stopped' }, { isMerge: false })
  expect(rolloutComment(single)).toContain('`git revert 3f2c1a9`')
})

test('an address that would end its link is left out', () => {
  const text = rolloutComment(
    rolloutInput({ vm0: done }, {}, { logUrl: () => 'javascript:alert(1)' }),
  )
  expect(text).not.toContain('](')
})

test('ten thousand machines that fail in ten thousand ways fit', () => {
  const machines = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, n) => [
      `edge${n}`,
      [{ state: 'failed-evaluation' as const, note: `${n}\n${'ü'.repeat(900)}` }] as const,
    ]),
  )
  const text = rolloutComment(rolloutInput(machines, { state: 'stopped' }))
  expect(sizeOf(text)).toBeLessThanOrEqual(65_000)
  expect(text).toContain('### Stopped: 0 of 10000 machines done · 10000 machines failed')
})
