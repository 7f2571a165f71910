import { expect, test } from 'vitest'
import { createTroubles } from '../../src/log/troubles.ts'

const refused = 'fetching fleet.git: connection refused'
const full = 'writing tmp_obj_Kx9w: No space left on device'

test('what fails again with the same words is no news, other words are', () => {
  const troubles = createTroubles(() => new Date(0))
  expect(troubles.failed('look', refused)).toBe(true)
  expect(troubles.failed('look', refused)).toBe(false)
  expect(troubles.failed('look', full)).toBe(true)
  expect(troubles.failed('look', refused)).toBe(true)
})

test('what fails for the reason that something else has failed for is no news either', () => {
  const troubles = createTroubles(() => new Date(0))
  expect(troubles.failed('look', refused)).toBe(true)
  expect(troubles.failed('publish', refused)).toBe(false)
})

test('commits, temporary files and numbers make no other words', () => {
  const troubles = createTroubles(() => new Date(0))
  troubles.failed('look', full)
  expect(troubles.failed('look', full.replace('Kx9w', 'b3Tq'))).toBe(false)
  troubles.failed('plan', 'reading the tree of 64caff27a42f: no end after 9000 ms')
  expect(troubles.failed('plan', 'reading the tree of 0d1e2f3a4b5c: no end after 600000 ms')).toBe(
    false,
  )
})

test('it is over when the last that failed so has come through, and only then', () => {
  const troubles = createTroubles(() => new Date(0))
  troubles.failed('look', refused)
  troubles.failed('publish', refused)
  expect(troubles.passed('look')).toBe(false)
  expect(troubles.passed('publish')).toBe(true)
  expect(troubles.passed('publish')).toBe(false)
  expect(troubles.failed('look', refused)).toBe(true)
})

test('what was given up without a word is forgotten', () => {
  let minutes = 0
  const troubles = createTroubles(() => new Date(minutes * 60_000))
  troubles.failed('plan 7', refused)
  minutes = 20
  expect(troubles.failed('look', refused)).toBe(true)
})
