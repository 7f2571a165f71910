import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isConfiguration } from '../../src/compile/configuration.ts'
import type { CompiledSource } from '../../src/jobs/source.ts'
import { fingerprintsOf } from '../../src/jobs/systems.ts'
import { compileTexts } from '../compile/fleet.ts'
import { folderOf, labFlakes, runNix } from '../render/nix.ts'
import { edits, fleets, textsOf, type Edit, type Fleet } from './fleet.ts'

const sha = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A commit as the controller has it when it plans. */
function sourceOf(texts: Readonly<Record<string, string>>): CompiledSource {
  const compilation = compileTexts(texts)
  expect(compilation.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  const entries = Object.entries(texts).map(([path, text]) => ({
    path,
    mode: '100644',
    id: sha(text),
  }))
  const read = Object.entries(texts).filter(([path]) => isConfiguration(path))
  return { entries, texts: new Map(read), compilation, mistakes: [] }
}

/** A fleet before and after a commit, and the machines that the plan says may change. */
interface Change {
  readonly edit: Edit
  readonly texts: readonly [Readonly<Record<string, string>>, Readonly<Record<string, string>>]
  readonly sources: readonly [CompiledSource, CompiledSource]
  readonly predicted: ReadonlySet<string>
  /** Machines of both. */
  readonly machines: readonly string[]
}

function changeOf(fleet: Fleet, edit: Edit): Change {
  const texts = [textsOf(fleet, labFlakes), textsOf(edit.apply(fleet), labFlakes)] as const
  const [before, after] = [sourceOf(texts[0]), sourceOf(texts[1])]
  const [was, is] = [before, after].map((source) => fingerprintsOf(source, '2.26', sha))
  const machines = [...is!.keys()].filter((name) => was!.has(name))
  const predicted = new Set(machines.filter((name) => was!.get(name) !== is!.get(name)))
  return { edit, texts, sources: [before, after], predicted, machines }
}

interface Tally {
  machines: number
  changed: number
  predicted: number
}

/** How often a machine was called changed that is not; for whoever runs the tests. */
function tell(title: string, { machines, changed, predicted }: Tally): void {
  const share = (100 * (predicted - changed)) / Math.max(1, machines - changed)
  console.log(
    `${title}: ${machines} machines, ${changed} change, ${predicted} are predicted; ` +
      `${share.toFixed(1)} % of those that stay are called changed`,
  )
}

/** What a machine's Nix can read: its file and whatever the paths written in there lead to. */
function reachable(machine: string, { compilation, entries }: CompiledSource): string {
  const files = compilation.rendered!.files
  const contents = new Map([...entries.map(({ path, id }) => [path, id] as const), ...files])
  const start = `nixcluster/machines/${machine.slice(machine.indexOf('.') + 1)}/${machine}.nix`
  expect(files.has(start)).toBe(true)
  const found = new Set([start])
  for (const path of found) {
    const text = path.endsWith('.nix') ? (files.get(path) ?? textAt(path, entries)) : ''
    for (const [literal] of text.matchAll(/(?<![\w"])\.\.?\/[\w./-]+/g)) {
      const to = posix.join(posix.dirname(path), literal)
      if (contents.has(to)) found.add(to)
    }
  }
  return JSON.stringify([...found].sort().map((path) => [path, contents.get(path)]))
}

const sourceTexts = new Map<string, string>()
const textAt = (path: string, entries: CompiledSource['entries']): string =>
  sourceTexts.get(entries.find((entry) => entry.path === path)?.id ?? '') ?? ''

test('whose files change is among the predicted, over 1,000 changes of generated fleets', () => {
  const tally = { machines: 0, changed: 0, predicted: 0 }
  fc.assert(
    fc.property(fleets, edits, (fleet, edit) => {
      const { texts, sources, predicted, machines } = changeOf(fleet, edit)
      for (const text of texts.flatMap((one) => Object.values(one)))
        sourceTexts.set(sha(text), text)
      const changed = machines.filter(
        (name) => reachable(name, sources[0]) !== reachable(name, sources[1]),
      )
      tally.machines += machines.length
      tally.changed += changed.length
      tally.predicted += predicted.size
      expect(
        changed.filter((name) => !predicted.has(name)),
        edit.name,
      ).toEqual([])
    }),
    { numRuns: 1000 },
  )
  expect(tally.changed).toBeGreaterThan(0)
  tell('files', tally)
}, 300_000)

test('whose system changes is among the predicted, over 30 changes that Nix evaluates', () => {
  const changes = fc
    .sample(fc.tuple(fleets, edits), { numRuns: 30, seed: Number(process.env['SEED'] ?? 1) })
    .map(([fleet, edit]) => changeOf(fleet, edit))
  const tally = { machines: 0, changed: 0, predicted: 0 }
  const lock = lockOf(changes[0]!)
  for (const together of groupsOf(changes, 5)) {
    const systems = systemsOf(together, lock)
    for (const [at, { edit, predicted, machines }] of together.entries()) {
      const [before, after] = [systems[2 * at]!, systems[2 * at + 1]!]
      expect(machines.filter((name) => !(name in before) || !(name in after))).toEqual([])
      const changed = machines.filter((name) => before[name] !== after[name])
      tally.machines += machines.length
      tally.changed += changed.length
      tally.predicted += predicted.size
      expect(
        changed.filter((name) => !predicted.has(name)),
        edit.name,
      ).toEqual([])
    }
  }
  expect(tally.changed).toBeGreaterThan(0)
  tell('systems', tally)
}, 600_000)

const groupsOf = <Item>(items: readonly Item[], size: number): readonly Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  )

/** The generated tree: the source's files and what was rendered. */
function treeOf(texts: Readonly<Record<string, string>>, source: CompiledSource): string {
  return folderOf([...Object.entries(texts), ...source.compilation.rendered!.files])
}

/** All these fleets have the same inputs. */
function lockOf({ texts, sources }: Change): string {
  const folder = treeOf(texts[0], sources[0])
  runNix('flake', 'lock', `path:${folder}`)
  return readFileSync(join(folder, 'flake.lock'), 'utf8')
}

/** machine -> derivation of its system, before and after each change; one process for all. */
function systemsOf(changes: readonly Change[], lock: string): readonly Record<string, string>[] {
  const folders = changes.flatMap(({ texts, sources }) =>
    ([0, 1] as const).map((side) => treeOf(texts[side], sources[side])),
  )
  for (const folder of folders) {
    mkdirSync(dirname(join(folder, 'flake.lock')), { recursive: true })
    writeFileSync(join(folder, 'flake.lock'), lock)
  }
  const refs = folders.map((folder) => JSON.stringify(`path:${folder}`)).join(' ')
  return JSON.parse(
    runNix(
      ...['eval', '--impure', '--json', '--expr'],
      `map (ref: builtins.mapAttrs (_: node: node.profiles.system.path.drvPath) (builtins.getFlake ref).deploy.nodes) [ ${refs} ]`,
    ),
  ) as Record<string, string>[]
}
