import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generate } from '../../schemas/generate.ts'

const generated = await generate()

test('what is generated from the schemas is up to date', () => {
  for (const [path, text] of generated)
    expect(readFileSync(path, 'utf8'), `run node schemas/generate.ts: ${path}`).toBe(text)
})

test('every property has a title, a description and an example', () => {
  const bundle = JSON.parse(generated.get('schemas/nixcluster.schema.json')!) as {
    $defs: Record<string, Described>
  }
  const missing = Object.entries(bundle.$defs).flatMap(([name, definition]) =>
    [['', definition] as const, ...Object.entries(definition.properties ?? {})]
      .filter(([, one]) => !one.$ref && !(one.title && one.description && one.examples?.length))
      .map(([key]) => `${name}.${key}`),
  )
  expect(missing).toEqual([])
})

interface Described {
  title?: string
  description?: string
  examples?: unknown[]
  $ref?: string
  properties?: Record<string, Described>
}
