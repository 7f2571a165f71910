import { expect, test } from 'vitest'
import { closureOf, toPathInfos } from '../../src/nix/closures.ts'

test('a closure is what references lead to, without what leads through others only', () => {
  const infos = new Map(
    Object.entries({
      machine: ['machine', 'bash', 'container'],
      container: ['nginx', 'bash'],
      nginx: ['openssl'],
      bash: [],
    }).map(([path, references]) => [path, { size: 1, references }]),
  )
  expect([...closureOf('machine', infos)].sort()).toEqual([
    'bash',
    'container',
    'machine',
    'nginx',
    'openssl',
  ])
  expect([...closureOf('machine', infos, new Set(['container']))].sort()).toEqual([
    'bash',
    'machine',
  ])
})

test('Nix up to 2.18 gives a list, later ones a map', () => {
  const answer = { narSize: 5, references: ['/nix/store/b'] }
  const infos = new Map([['/nix/store/a', { size: 5, references: ['/nix/store/b'] }]])
  expect(toPathInfos(JSON.stringify([{ path: '/nix/store/a', ...answer }]))).toEqual(infos)
  expect(toPathInfos(JSON.stringify({ '/nix/store/a': answer, '/nix/store/c': null }))).toEqual(
    infos,
  )
})
