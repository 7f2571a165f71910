import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compileTexts, linesOf } from './fleet.ts'

const page = readFileSync('docs/language.md', 'utf8')
const examples = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!)
const files = [...page.matchAll(/[ [](\/[a-z]+\/[a-z]+(?:\.\w+)?)\b/g)].map(([, path]) =>
  path!.slice(1),
)

test('the page has examples', () => expect(examples.length).toBeGreaterThan(4))

test.each(examples)('the example compiles: %#', (text) => {
  const compilation = compileTexts({ 'nixcluster.yaml': text }, files)
  expect(linesOf(compilation)).toEqual([])
  expect(compilation.inventory?.machines.length).toBeGreaterThan(0)
})
