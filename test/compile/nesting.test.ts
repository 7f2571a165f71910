import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { examples, files } from './documented.ts'
import { compileTexts } from './fleet.ts'
import { nest, separate, type Texts } from './nesting.ts'

interface Fleet {
  readonly name: string
  readonly texts: Texts
  readonly files: readonly string[]
}

const ofThePage = examples.map((text, index): Fleet => ({
  name: `example ${index + 1} of the language`,
  texts: { 'nixcluster.yaml': text },
  files,
}))
const folders = existsSync('examples')
  ? readdirSync('examples').map((name) => `examples/${name}`)
  : []
const ofFolders = ['test/fixtures/demo/in', ...folders].map((folder): Fleet => {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  const yaml = paths.filter((path) => /^(?:nixcluster\.yaml|clusters\/.*\.ya?ml)$/.test(path))
  return {
    name: folder,
    texts: Object.fromEntries(yaml.map((path) => [path, readFileSync(join(folder, path), 'utf8')])),
    files: paths,
  }
})

/** The inventory without places, which differ by what was moved. */
function inventoryOf({ texts, files }: Pick<Fleet, 'texts' | 'files'>): unknown {
  const { inventory, diagnostics } = compileTexts(texts, files)
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return JSON.parse(
    JSON.stringify(inventory, (_, value: unknown) => (isPosition(value) ? undefined : value)),
  )
}

const isPosition = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'file' in value && 'document' in value

const documents = (texts: Texts): number =>
  Object.values(texts)
    .join('\n')
    .match(/^kind: /gm)?.length ?? 0

describe.each([...ofThePage, ...ofFolders])('$name means the same', ({ texts, files }) => {
  const written = inventoryOf({ texts, files })

  test('in many documents', () => {
    expect(documents(separate(texts))).toBeGreaterThan(documents(nest(texts)))
    expect(inventoryOf({ texts: separate(texts), files })).toEqual(written)
  })

  test('nested in one', () => {
    expect(Object.values(nest(texts)).join('\n')).not.toMatch(
      /^kind: (?:Machine|Cluster|Service)$/m,
    )
    expect(inventoryOf({ texts: nest(texts), files })).toEqual(written)
    expect(inventoryOf({ texts: nest(separate(texts)), files })).toEqual(written)
  })
})
