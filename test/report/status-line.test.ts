import { expect, test } from 'vitest'
import { mistakesStatusLine, planStatusLine, statusLine } from '../../src/report/status-line.ts'
import { examplePlan } from './example-plan.ts'
import { mistakes } from './example-mistakes.ts'
import { removal, tooLarge } from './example-plans.ts'

test('a status says what the headline says', () => {
  expect(planStatusLine(examplePlan)).toBe(
    '3 of 12 machines change. Nothing reboots, nothing is removed.',
  )
  expect(planStatusLine({ ...examplePlan, kind: 'static' })).toBe(
    '3 of 12 machines may change. Static plan: nothing evaluated.',
  )
  expect(mistakesStatusLine(mistakes)).toBe('2 mistakes, 1 warning in the configuration.')
})

test('what a merge waits for comes first, since the end may be cut', () => {
  expect(planStatusLine(removal)).toMatch(/^Waits for: \/nixcluster allow removal 4\. 1 of 5/)
})

test.each([planStatusLine(removal), planStatusLine(tooLarge), statusLine('ü'.repeat(999))])(
  'a description is no longer than GitHub takes: %s',
  (line) => expect(line.length).toBeLessThanOrEqual(140),
)

test('a long description ends with a whole word', () => {
  expect(statusLine(`${'word '.repeat(40)}`)).toMatch(/^(word )+word…$/)
})
