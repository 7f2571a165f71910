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

test('a source flake.nix is moved aside with a warning', () => {
  expect(linesFor('flake.nix')).toContain('flake.nix warning compile/source-flake')
})

test('other folders may have any name', () => {
  expect(linesFor('modules/nixcluster/base.nix').join()).not.toContain('reserved')
})
