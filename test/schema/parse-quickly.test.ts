import { expect, test } from 'vitest'
import { parseExactly } from '../../src/schema/parse-exactly.ts'
import { parseQuickly } from '../../src/schema/parse-quickly.ts'
import { examples, gibberish, mutate, numbers, yamlBelow } from './mutated.ts'

const written = [
  'a: |\n  x\n  y\nb: >-\n  q\n  r\n\n  s\nc: |+\n\n  a\n\nd: !nix |\n  [ pkgs.htop ]\n',
  "a: \"x\\ny \\u00e9 \\x41\"\nb: 'it''s'\nc: [a, { c: d }, e]\n",
  '- a\n- - b\n  - c\n- d: e\n  f: g\n',
  'a:\n- 1\n- 0x1F\n- 0o17\n- .5\n- 1e3\n- -.inf\n- .NaN\n- ~\n- null\n- True\n- +012\n- 1.\n',
  '---\na: 1\n---\n---\nb: 2\n',
  '# c\n\n--- # d\nx: !ip { select: a, b: [c, d] }\ny: !foo [1]\nz: !nix\nw: !ip\n  a: 1\n',
  'a:\n  # c\n  b: 1 # d\n# e\n  c:\n    - f\n',
]
const sources = [
  ...written,
  ...examples,
  ...yamlBelow('lab/demo/fleet'),
  ...yamlBelow('test/fixtures'),
]

/** Why the quick way is wrong about a text, if it is. */
function disagreement(text: string): string | undefined {
  const quick = parseQuickly(text)
  if (quick === undefined) return undefined
  const { complaints, documents } = parseExactly('a.yaml', text)
  if (complaints.length > 0) return complaints[0]!.message
  try {
    expect(quick).toEqual(documents)
    return undefined
  } catch (error) {
    return String(error)
  }
}

test('the quick way reads what people write, as yaml reads it', () => {
  for (const text of sources) {
    expect(disagreement(text), text).toBeUndefined()
    expect(parseQuickly(text), text).toBeDefined()
  }
})

test('the quick way never takes what yaml refuses', () => {
  for (const text of yamlBelow('test/fixtures/invalid'))
    expect(disagreement(text), text).toBeUndefined()
})

test.each([
  ['an anchor', 'a: &x 1'],
  ['a directive', '%YAML 1.2\n---\na: 1'],
  ['a directive that is indented', ' %#\n---\n'],
  ['a tag of nothing in brackets', 'a:\n  b: { c: !path \n }'],
  ['a key that stands there twice', 'a: 1\na: 2'],
  ['a merge', '<<: { a: 1 }'],
  ['a tag of another kind', 'a: !!str 1'],
  ['text over several lines', 'a: b\n  c'],
  ['a syntax error', 'a: [1'],
  ['deep nesting', '['.repeat(200) + ']'.repeat(200)],
])('%s is left to yaml', (_, text) => expect(parseQuickly(text)).toBeUndefined())

test('over thousands of mutations it accepts nothing else, and gives nothing else', () => {
  const next = numbers(1)
  let accepted = 0
  for (let round = 0; round < 8000; round++) {
    const lines = sources[next(sources.length)]!.split('\n')
    const part = lines.splice(next(lines.length), 12).join('\n')
    const text = next(4) === 0 ? gibberish(next) : mutate(part, next)
    expect(disagreement(text), JSON.stringify(text)).toBeUndefined()
    if (parseQuickly(text)) accepted++
  }
  // Without these the test would say nothing.
  expect(accepted).toBeGreaterThan(1000)
})
