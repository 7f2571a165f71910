import { expect, test } from 'vitest'
import type { FingerprintInput } from '../../src/rollout/fingerprint.ts'
import { fingerprintText, recall } from '../../src/rollout/fingerprint.ts'
import { built, record } from './ledgers.ts'

const file = (path: string, id: string) => ({ path, mode: '100644', id })
const input: FingerprintInput = {
  machine: 'vm0',
  dependencies: [
    ['nixcluster/levels/lab.nix', '{ }'],
    ['nixcluster/machines/demo.lab/vm0.nix', '{ a = 1; }'],
  ],
  common: 'flake.nix and lib',
  lock: '{}',
  sources: [file('clusters/demo.yaml', 'y1'), file('base.nix', 'n1'), file('notes.txt', 't1')],
  nixReadsYaml: false,
  nixVersion: '2.26.3',
}
const text = (change: Partial<FingerprintInput> = {}): string =>
  fingerprintText({ ...input, ...change })
const withFile = (path: string): Partial<FingerprintInput> => ({
  sources: [...input.sources.filter((each) => each.path !== path), file(path, 'new')],
})

test('is the same for the same inputs in another order', () => {
  const turned = {
    sources: [...input.sources].reverse(),
    dependencies: [...input.dependencies].reverse(),
  }
  expect(text(turned)).toBe(text())
})

test.each<[string, Partial<FingerprintInput>]>([
  ['a generated file', { dependencies: [['nixcluster/levels/lab.nix', '{ b = 1; }']] }],
  ['what all machines share', { common: 'another lib' }],
  ['the lock', { lock: '{ "nodes": {} }' }],
  ['the version of Nix', { nixVersion: '2.28.0' }],
  ['a Nix file', withFile('base.nix')],
  ['any other file', withFile('notes.txt')],
  ['a YAML file outside the configuration', withFile('charts/values.yaml')],
  ['a mode', { sources: input.sources.map((each) => ({ ...each, mode: '100755' })) }],
])('is another one when %s changes', (_, change) => {
  expect(text(change)).not.toBe(text())
})

test('leaves the configuration out, unless some Nix file may read it', () => {
  const change = withFile('clusters/demo.yaml')
  expect(text(change)).toBe(text())
  expect(text({ ...change, nixReadsYaml: true })).not.toBe(text({ nixReadsYaml: true }))
})

test('takes the caller’s word for what the configuration is', () => {
  const configuration = (path: string): boolean => path.endsWith('.txt')
  expect(text({ configuration, ...withFile('notes.txt') })).toBe(text({ configuration }))
})

test('recalls the system that was built from the same inputs', () => {
  const history = [built('B'), built('A')].map((each) => ({ ...each, source: 'c1' }))
  expect(recall(record('vm0', { history }), 'of A')?.system).toBe('A')
  expect(recall(record('vm0', { history }), 'of C')).toBeUndefined()
  expect(recall(undefined, 'of A')).toBeUndefined()
})
