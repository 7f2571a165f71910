import { expect, test } from 'vitest'
import { cluster, compileTexts } from './fleet.ts'

const linesFor = (...paths: string[]): string[] =>
  compileTexts({ 'clusters/example.yaml': cluster('') }, paths).diagnostics.map(
    ({ file, severity, code }) => `${file} ${severity} ${code}`,
  )

test('a source folder nixcluster/ is refused instead of being left out', () => {
  expect(linesFor('nixcluster/mine.nix')).toContain(
    'nixcluster/mine.nix error compile/reserved-folder',
  )
})

test('flake.nix may be there, and nothing where it goes', () => {
  expect(linesFor('flake.nix').join()).not.toContain('flake.nix')
  expect(linesFor('flake.source.nix')).toContain('flake.source.nix error compile/reserved-file')
})

test('other folders may have any name', () => {
  expect(linesFor('modules/nixcluster/base.nix').join()).not.toContain('reserved')
})
