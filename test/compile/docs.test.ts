import { expect, test } from 'vitest'
import { examples, files } from './documented.ts'
import { compileTexts, linesOf } from './fleet.ts'

test('the page has examples', () => expect(examples.length).toBeGreaterThan(4))

test.each(examples)('the example compiles: %#', (text) => {
  const compilation = compileTexts({ 'nixcluster.yaml': text }, files)
  expect(linesOf(compilation)).toEqual([])
  expect(compilation.inventory?.machines.length).toBeGreaterThan(0)
})
