import { expect, test } from 'vitest'
import { toOutcome } from '../../src/jobs/outcome.ts'
import { ForgeError, GitError, NotReadyError, UnreachableError } from '../../src/model/errors.ts'

test.each([
  ['a forge that is away', new ForgeError(0, 'x'), { kind: 'retry', afterMs: 5_000 }],
  ['a forge in trouble', new ForgeError(502, 'x'), { kind: 'retry', afterMs: 5_000 }],
  ['a forge that asks us to wait', new NotReadyError('x', 30_000), { afterMs: 30_000 }],
  ['a forge that refuses', new ForgeError(403, 'x'), { kind: 'stop' }],
  ['a machine that is off', new UnreachableError('x'), { kind: 'retry', afterMs: 15_000 }],
  ['a remote that is away', new GitError('unreachable', 'x'), { kind: 'retry', afterMs: 5_000 }],
  ['a push that is forbidden', new GitError('rejected', 'x'), { kind: 'stop' }],
])('%s decides what becomes of the job', (_, error, outcome) => {
  expect(toOutcome(error)).toMatchObject({ ...outcome, reason: 'x' })
})

test('the reason says what was being done, innermost last', () => {
  const cause = new Error('remote rejected')
  expect(toOutcome(new Error('pushing', { cause }))).toMatchObject({
    reason: 'pushing: remote rejected',
  })
})
