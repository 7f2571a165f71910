import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  attributePath,
  call,
  list,
  type Nix,
  printNix,
  text,
  word,
} from '../../src/render/nix-text.ts'
import { examples as documented, files as named } from '../compile/documented.ts'
import { compileTexts } from '../compile/fleet.ts'
import { folderOf } from './nix.ts'
import { nixfmt, unformatted } from './nixfmt.ts'

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.nix'))
    .map((name) => join(folder, name))

test.each([...filesBelow('src/render/nix'), ...filesBelow('test/fixtures/render')])(
  '%s is formatted as nixfmt does it',
  (file) => {
    const content = readFileSync(file, 'utf8')
    expect(nixfmt(content)).toBe(content)
  },
)

const demo = filesOf('test/fixtures/demo/in')
const fleets = [
  ...documented.map((text, index) => ({
    fleet: `example ${index + 1} of the language`,
    texts: { 'nixcluster.yaml': text },
    files: named,
  })),
  { fleet: 'test/fixtures/demo/in', ...demo },
  ...(existsSync('examples') ? readdirSync('examples') : []).map((fleet) => ({
    fleet: `examples/${fleet}`,
    ...filesOf(`examples/${fleet}`),
  })),
]

test.each(fleets)(
  'what $fleet is rendered to is formatted as nixfmt does it',
  ({ texts, files }) => {
    const { rendered } = compileTexts(texts, files)
    const folder = folderOf(rendered!.files)
    const written = [...rendered!.files.keys()].filter(
      (file) => !file.startsWith('nixcluster/lib/'),
    )
    expect(unformatted(folder, written)).toEqual([])
  },
)

/** A repository's texts, and the names of its other files. */
function filesOf(folder: string): { texts: Record<string, string>; files: readonly string[] } {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  const read = files.filter((file) => /\.(?:ya?ml|nix)$/.test(file))
  return {
    texts: Object.fromEntries(read.map((file) => [file, readFileSync(join(folder, file), 'utf8')])),
    files,
  }
}

const name = fc.stringMatching(/^x[a-z-]{0,40}$/)
const key = fc.oneof(name, fc.constantFrom('a.b', '10', 'if', ''))
const path = fc
  .array(name, { minLength: 1, maxLength: 5 })
  .map((names): Nix => ({ kind: 'path', text: ['..', ...names].join('/'), target: '' }))
const leaf: fc.Arbitrary<Nix> = fc.oneof(
  fc.constantFrom('true', 'null', '7', '-7', '1.5', '(throw "no such number")').map(word),
  fc
    .array(name, { minLength: 1, maxLength: 3 })
    .map((names) => word(attributePath(['inputs', ...names]))),
  path,
  fc
    .string({
      unit: fc.constantFrom('a', 'é', ' ', '"', '${', '\n', '\n', "'", '\\'),
      maxLength: 120,
    })
    .map(text),
)
/** A set whose attribute paths do not meet. */
const bindings = (value: fc.Arbitrary<Nix>, most: number, least = 0): fc.Arbitrary<Nix> =>
  fc
    .uniqueArray(fc.tuple(fc.array(key, { minLength: 1, maxLength: 6 }), value), {
      minLength: least,
      maxLength: most,
      selector: ([[first]]) => first,
    })
    .map((bindings) => ({ kind: 'set', bindings }))
const { nix } = fc.letrec<{ nix: Nix; value: Nix; module: Nix }>((tie) => ({
  /** What is called with: no other call. */
  value: fc.oneof(
    leaf,
    fc.array(fc.oneof(tie('nix'), tie('module')), { maxLength: 3 }).map(list),
    bindings(tie('nix'), 4),
  ),
  module: fc.tuple(path, bindings(tie('nix'), 4, 1)).map((values) => call('moduleWith', ...values)),
  nix: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    tie('value'),
    tie('value').map((value) => call('force', value)),
  ),
}))

/** Modules stand behind a name. */
const module = fc
  .tuple(fc.uniqueArray(name, { maxLength: 4 }), bindings(nix, 2))
  .map(([names, body]): Nix => ({
    kind: 'function',
    header: [...names, '...'],
    body,
  }))

test('whatever is printed is formatted as nixfmt does it', () => {
  fc.assert(
    fc.property(bindings(fc.oneof(nix, module), 4), (nix) => {
      const printed = `${printNix(nix)}\n`
      expect(nixfmt(printed)).toBe(printed)
    }),
    { numRuns: 300, seed: 1 },
  )
}, 60_000)
