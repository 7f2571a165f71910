import fc from 'fast-check'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Compilation } from '../../src/model/compilation.ts'
import { compileTexts } from '../compile/fleet.ts'
import { examples as guide, files as guideFiles } from '../compile/documented.ts'
import { nest, separate, type Converted } from './convert.ts'
import { hierarchies } from './generate.ts'
import { withoutBroken } from './without-broken.ts'
import { writeNested } from './yaml.ts'

interface Repository {
  readonly name: string
  readonly texts: ReadonlyMap<string, string>
  readonly files: readonly string[]
}

const filled: Readonly<Record<string, string>> = {
  __gateway__: '10.77.0.1',
  __web1__: '10.77.0.11',
  __web2__: '10.77.0.12',
  __db1__: '10.77.0.21',
}

function repositoryAt(folder: string): Repository {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  // Other YAML is somebody else's, such as encrypted secrets.
  const yaml = files.filter((path) => /^(?:nixcluster|clusters\/.*)\.yaml$/.test(path))
  const texts = new Map(yaml.map((path) => [path, textOf(join(folder, path))]))
  return { name: folder, texts, files }
}

/** A file's text, with something in the places that the lab fills. */
function textOf(path: string): string {
  const text = readFileSync(path, 'utf8').replaceAll(/__\w+-key__/g, 'ssh-ed25519 AAAA')
  return text.replaceAll(/__[\w-]+__/g, (name) => filled[name] ?? 'path:/somewhere')
}

const examples = existsSync('examples') ? readdirSync('examples') : []
const repositories: readonly Repository[] = [
  ...guide.map((text, index) => ({
    name: `example ${index + 1} of docs/language.md`,
    texts: new Map([['nixcluster.yaml', text]]),
    files: guideFiles,
  })),
  repositoryAt('test/fixtures/demo/in'),
  repositoryAt('lab/demo/fleet'),
  ...examples
    .filter((name) => existsSync(join('examples', name, 'nixcluster.yaml')))
    .map((name) => repositoryAt(join('examples', name))),
]

const oneFile = ({ projects, documents }: Converted): Record<string, string> => ({
  'nixcluster.yaml': [...projects, ...documents].join('---\n'),
})

const allOf = ({ projects, documents }: Converted): readonly string[] => [...projects, ...documents]

/** Each document in a file of its own, in an order that tells nothing. */
const manyFiles = ({ projects, documents }: Converted): Record<string, string> => ({
  'nixcluster.yaml': projects.join('---\n'),
  ...Object.fromEntries(
    documents.map((text, index) => [`clusters/${(index * 7919) % 10007}.yaml`, text]),
  ),
})

/** What a compilation comes to, without the places from which it was read. */
function meaning({ inventory, rendered, diagnostics }: Compilation, files: Iterable<string>) {
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  const places = ['at', 'settingsAt', 'from']
  const names = [...files].sort((a, b) => b.length - a.length)
  const plain = (text: string): string =>
    names.reduce((left, name) => left.replaceAll(name, 'FILE'), text)
  return {
    inventory: JSON.parse(
      JSON.stringify(inventory, (key, value: unknown) =>
        places.includes(key) ? undefined : value,
      ),
    ) as unknown,
    tree: Object.fromEntries([...rendered!.files].map(([path, text]) => [path, plain(text)])),
  }
}

function expectOneMeaning(texts: Readonly<Record<string, string>>, files: readonly string[]): void {
  const sources = Object.values(texts)
  const original = meaning(compileTexts(texts, files), Object.keys(texts))
  for (const other of [
    oneFile(nest(sources)),
    oneFile(separate(sources)),
    manyFiles(separate(sources)),
    oneFile(nest(allOf(separate(sources)))),
  ])
    expect(meaning(compileTexts(other, files), Object.keys(other)), JSON.stringify(other)).toEqual(
      original,
    )
}

test.each(repositories)(
  'nested and in documents of its own, $name means the same',
  (repository) => {
    // A path that is relative to its file would mean another one elsewhere.
    for (const text of repository.texts.values()) expect(text).not.toMatch(/[ [(]\.\.?\//)
    expectOneMeaning(Object.fromEntries(repository.texts), repository.files)
  },
)

test('nested and in documents of its own, every hierarchy means the same', () => {
  fc.assert(
    fc.property(hierarchies, ({ hierarchy }) => {
      expectOneMeaning({ 'nixcluster.yaml': writeNested(withoutBroken(hierarchy)).text }, [])
    }),
    { seed: 20261123, numRuns: 200 },
  )
})
