import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { FingerprintInput } from '../../src/rollout/fingerprint.ts'
import { fingerprintMachines, recall } from '../../src/rollout/fingerprint.ts'
import { built, record } from './ledgers.ts'

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
const file = (path: string, id: string) => ({ path, mode: '100644', id })
type Rendered = FingerprintInput['rendered']

/** vm0 and vm1 run the service dns, vm2 does not. */
const rendered: Rendered = {
  files: new Map([
    ['levels/lab', '{ }'],
    ['machines/vm0', '{ a = 1; }'],
    ['machines/vm1', '{ b = 1; }'],
    ['machines/vm2', '{ c = 1; }'],
    ['hosts/vm0', '{ ip = 0; }'],
    ['hosts/vm1', '{ ip = 1; }'],
    ['services/dns', '[ vm0 vm1 ]'],
    ['lib', '{ lib }: { }'],
  ]),
  groups: new Map([
    ['lib', ['lib']],
    ['dns', ['services/dns', 'hosts/vm0', 'hosts/vm1']],
  ]),
  dependencies: new Map([
    ['vm0', { files: ['levels/lab', 'machines/vm0'], groups: ['lib', 'dns'] }],
    ['vm1', { files: ['levels/lab', 'machines/vm1'], groups: ['lib', 'dns'] }],
    ['vm2', { files: ['levels/lab', 'machines/vm2'], groups: ['lib'] }],
  ]),
  common: 'inputs',
}
const input: FingerprintInput = {
  rendered,
  lock: '{}',
  sources: [file('clusters/demo.yaml', 'y1'), file('base.nix', 'n1'), file('disk.nix', 'd1')],
  reads: new Map([
    ['machines/vm0', ['disk.nix', 'later.nix']],
    ['services/dns', ['base.nix']],
  ]),
  nixVersion: '2.26.3',
}
const fingerprints = (change: Partial<FingerprintInput> = {}) =>
  fingerprintMachines({ ...input, ...change }, hash)

/** The machines whose fingerprint is another one after a change, from what stands in `before`. */
const changed = (
  change: Partial<FingerprintInput>,
  before: Partial<FingerprintInput> = {},
): string[] => {
  const old = fingerprints(before)
  const now = fingerprints({ ...before, ...change })
  return [...now.keys()].filter((machine) => now.get(machine) !== old.get(machine))
}
const withFile = (path: string): Partial<FingerprintInput> => ({
  sources: [...input.sources.filter((each) => each.path !== path), file(path, 'new')],
})
const withText = (path: string): Partial<FingerprintInput> => ({
  rendered: { ...rendered, files: new Map([...rendered.files, [path, 'new']]) },
})
const withGroup = (name: string, paths: readonly string[]): Partial<FingerprintInput> => ({
  rendered: { ...rendered, groups: new Map([...rendered.groups, [name, paths]]) },
})

test('is the same for the same inputs in another order', () => {
  const turned = <Each>(map: ReadonlyMap<string, Each>, turn: (each: Each) => Each) =>
    new Map([...map].reverse().map(([key, each]) => [key, turn(each)]))
  const change = {
    sources: input.sources.toReversed(),
    rendered: {
      ...rendered,
      files: turned(rendered.files, (text) => text),
      groups: turned(rendered.groups, (paths) => paths.toReversed()),
      dependencies: turned(rendered.dependencies, ({ files, groups }) => ({
        files: files.toReversed(),
        groups: groups.toReversed(),
      })),
    },
  }
  expect(changed(change)).toEqual([])
})

const all = ['vm0', 'vm1', 'vm2']
const service = ['vm0', 'vm1']
test.each<[string, Partial<FingerprintInput>, string[]]>([
  ["a machine's own file", withText('machines/vm0'), ['vm0']],
  ['the file of a level', withText('levels/lab'), all],
  ['the file of a service', withText('services/dns'), service],
  ['a host that a service sees', withText('hosts/vm1'), service],
  ['which hosts a service sees', withGroup('dns', ['services/dns', 'hosts/vm0']), service],
  ['the library', withText('lib'), all],
  ['what all machines share', { rendered: { ...rendered, common: 'another input' } }, all],
  ['the lock', { lock: '{ "nodes": {} }' }, all],
  ['the version of Nix', { nixVersion: '2.28.0' }, all],
  ['a file that a service reads', withFile('base.nix'), service],
  ['a file that a machine reads', withFile('disk.nix'), ['vm0']],
  ['that a file comes to be which is looked for', withFile('later.nix'), ['vm0']],
  ['a file that nobody reads', withFile('notes.txt'), []],
  ['a mode', { sources: input.sources.map((each) => ({ ...each, mode: '100755' })) }, service],
])('is another one when %s changes, for %3$s', (_, change, machines) => {
  expect(changed(change)).toEqual(machines)
})

test('is another one when two files swap their texts', () => {
  const files = new Map([
    ...rendered.files,
    ['hosts/vm0', '{ ip = 1; }'],
    ['hosts/vm1', '{ ip = 0; }'],
  ])
  expect(changed({ rendered: { ...rendered, files } })).toEqual(service)
})

test('is another one when a machine joins a group', () => {
  const joined = { files: ['levels/lab', 'machines/vm2'], groups: ['lib', 'dns'] }
  const dependencies = new Map([...rendered.dependencies, ['vm2', joined]])
  expect(changed({ rendered: { ...rendered, dependencies } })).toEqual(['vm2'])
})

test('is never that of another machine', () => {
  const same = { files: ['levels/lab'], groups: ['lib'] }
  const dependencies = new Map([
    ['vm0', same],
    ['vm1', same],
  ])
  const found = fingerprints({ rendered: { ...rendered, dependencies } })
  expect(found.get('vm0')).not.toBe(found.get('vm1'))
})

test('depends on every file where a machine, or the whole fleet, may read everything', () => {
  const change = withFile('clusters/demo.yaml')
  expect(changed(change)).toEqual([])
  const own = new Map([['machines/vm2', 'everything' as const]])
  expect(changed(change, { reads: own })).toEqual(['vm2'])
  expect(changed(change, { reads: 'everything' })).toEqual(all)
})

test('costs as much as the fleet is large, not as its square', () => {
  const hashed = (count: number): number => {
    const names = Array.from({ length: count }, (_, index) => `vm${1000 + index}`)
    let characters = 0
    const fleet: FingerprintInput = {
      ...input,
      sources: names.map((name) => file(name, 'id')),
      rendered: {
        common: '',
        files: new Map(names.map((name) => [name, '{ }'])),
        groups: new Map([['dns', names]]),
        dependencies: new Map(names.map((name) => [name, { files: [name], groups: ['dns'] }])),
      },
    }
    fingerprintMachines(fleet, (text) => {
      characters += text.length
      return hash(text)
    })
    return characters
  }
  const [none, one, two] = [hashed(0), hashed(100), hashed(200)] as const
  expect((two - none) / (one - none)).toBeCloseTo(2, 2)
})

test('recalls the system that was built from the same inputs', () => {
  const history = [built('B'), built('A')].map((each) => ({ ...each, source: 'c1' }))
  expect(recall(record('vm0', { history }), 'of A')?.system).toBe('A')
  expect(recall(record('vm0', { history }), 'of A')).not.toHaveProperty('source')
  expect(recall(record('vm0', { history }), 'of C')).toBeUndefined()
  expect(recall(undefined, 'of A')).toBeUndefined()
})
