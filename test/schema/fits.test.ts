import { expect, test } from 'vitest'
import { parseExactly } from '../../src/schema/parse-exactly.ts'
import { definitions } from '../../src/schema/schemas.generated.ts'
import { child, toPlain } from '../../src/schema/tree.ts'
import { fits } from '../../src/schema/fits.ts'
import { validateExactly } from '../../src/schema/validate.ts'
import { examples, mutate, numbers, yamlBelow } from './mutated.ts'

const sources = [...examples, ...yamlBelow('lab/demo/fleet'), ...yamlBelow('test/fixtures')]
const at = { file: 'a.yaml', document: 0, path: [] }

test('over thousands of mutated documents the quick check says yes only where ajv does', () => {
  const next = numbers(2)
  const counts = { quick: 0, exact: 0 }
  for (let round = 0; round < 1500; round++) {
    const text = mutate(sources[next(sources.length)]!, next)
    for (const tree of parseExactly('a.yaml', text).documents) {
      const kind = child(tree, 'kind')
      const name = (kind?.kind === 'scalar' ? kind.source : '').toLowerCase()
      if (tree?.kind !== 'map' || !Object.hasOwn(definitions, name)) continue
      const heads = ['apiVersion', 'kind', 'name', 'suffix']
      const entries = new Map([...tree.entries].filter(([key]) => !heads.includes(key)))
      const body = { ...tree, entries }
      const root = { data: toPlain(body) }
      const exact = validateExactly(name as keyof typeof definitions, body, at)
      if (exact.complaints.length === 0) counts.exact++
      if (!fits(name as keyof typeof definitions, root)) continue
      counts.quick++
      expect({ text, ...exact }).toEqual({ text, data: root.data, complaints: [] })
    }
  }
  // Little is left to ajv that it has nothing to say of.
  expect(counts.quick).toBeGreaterThan(400)
  expect(counts.quick).toBeGreaterThan(0.98 * counts.exact)
})

const values = '1|1.5|-1|""|text|true|null|{}|[]|[null]|{ nothing: null }|!nix x|!ip x'.split('|')

test.each(Object.keys(definitions) as (keyof typeof definitions)[])(
  'where %s is wanted, its examples fit quickly, and nothing that ajv refuses',
  (name) => {
    const { examples = [] } = definitions[name] as { examples?: readonly unknown[] }
    const fitting = examples.map((example) => JSON.stringify(example))
    for (const text of [...fitting, ...values]) {
      const [tree] = parseExactly('a.yaml', text).documents
      const { data, complaints } = validateExactly(name, tree!, at)
      const root = { data: toPlain(tree!) }
      const isQuick = fits(name, root)
      if (fitting.includes(text)) expect([text, isQuick]).toEqual([text, true])
      if (isQuick) expect([text, root.data, []]).toEqual([text, data, complaints])
    }
  },
)
