import { expect, test } from 'vitest'
import { parse } from '../../src/schema/parse.ts'

function complaints(text: string): string[] {
  const file = parse('a.yaml', text)
  return file.complaints.map(({ at, message, code }) => {
    const { line, column } = file.locate(at!)
    return `${line}:${column} ${message} [${code}]`
  })
}

test.each([
  ['a: [1', '1:4 a ] is missing at the end [schema/syntax]'],
  ['a: 1\nb: 2\na: 3', "3:1 the key 'a' stands here twice [schema/duplicate-key]"],
  ['a: [*.vault]', `no anchor is called '.vault'`],
  ['a: &x [*x]', '1:8 the alias *x stands inside what it names [schema/alias]'],
  ['a: &x { q: 1 }\n<<: *x', '2:1 <<: is not part of YAML 1.2 [schema/merge]'],
  ['? [a]\n: b', '1:3 a key must be text [schema/syntax]'],
  ['a: "x\\0y"', '1:4 Nix has no text with a NUL character [schema/value]'],
  ['a: x\0y', '1:4 Nix has no text with a NUL character [schema/value]'],
  ['a: { "x\\0y": 1 }', '1:6 Nix has no text with a NUL character [schema/value]'],
  ['a: { http: http://{ip}/ }', '[schema/syntax]'],
])('%j is answered with its place', (text, expected) => {
  expect(complaints(text).join('\n')).toContain(expected)
})

test('one mistake of syntax is said once, and other documents are still read', () => {
  const file = parse('a.yaml', 'a: [\n---\nb: 1\n---\nc: }')
  expect(file.complaints).toHaveLength(2)
  expect(file.documents.map((tree) => tree !== undefined)).toEqual([false, true, false])
})

test('an alias is the value that its anchor names', () => {
  const { documents, complaints } = parse('a.yaml', 'a: &x { q: [1] }\nb: *x')
  expect(complaints).toEqual([])
  const root = documents[0]!
  if (root.kind !== 'map') throw new Error('no map')
  expect(root.entries.get('b')?.value).toBe(root.entries.get('a')?.value)
})

test('aliases that multiply are refused', () => {
  const levels = Array.from({ length: 30 }, (_, n) =>
    n === 0 ? 'a0: &a0 [1, 2]' : `a${n}: &a${n} [*a${n - 1}, *a${n - 1}]`,
  )
  expect(complaints(levels.join('\n')).join('\n')).toContain('aliases repeat too much')
})

test('keys are taken as written', () => {
  const { documents, complaints } = parse(
    'a.yaml',
    '010: 1\n1e3: 2\nnull: 3\n"x y": 4\n__proto__: 5',
  )
  expect(complaints).toEqual([])
  const root = documents[0]!
  expect(root.kind === 'map' && [...root.entries.keys()]).toEqual([
    '010',
    '1e3',
    'null',
    'x y',
    '__proto__',
  ])
})

const levels = (count: number, item: string): string =>
  Array.from({ length: count }, (_, depth) => `${' '.repeat(depth)}${item}`).join('\n')
const aliases = Array.from({ length: 12 }, (_, n) =>
  n === 0
    ? 'a0: &a0 [lol]'
    : `a${n}: &a${n} [${Array(9)
        .fill(`*a${n - 1}`)
        .join(', ')}]`,
)

test.each([
  ['brackets', '['.repeat(7_000_000), 'this is nested too deeply'],
  ['braces', '{a: '.repeat(1_500_000), 'this is nested too deeply'],
  ['dashes', '- '.repeat(3_000_000), 'this is nested too deeply'],
  ['brackets that only yaml reads', `%\n${'['.repeat(7_000_000)}`, 'this is nested too deeply'],
  ['indentation', levels(2000, 'a:'), 'this is nested too deeply'],
  ['aliases', aliases.join('\n'), 'aliases repeat too much'],
  ['size', 'a: b\n'.repeat(2_000_000), 'a.yaml is too large'],
])('a bomb of %s is refused at once', (_, text, expected) => {
  parse('a.yaml', 'a: &a 1')
  const start = performance.now()
  const file = parse('a.yaml', text)
  const took = performance.now() - start
  expect(file.complaints.map(({ message }) => message)).toEqual([expected])
  // A tenth of a second on a machine that has nothing else to do; unfolded, it would be minutes.
  expect(took).toBeLessThan(5000)
})
