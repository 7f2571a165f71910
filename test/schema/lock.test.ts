import { expect, test } from 'vitest'
import type { FlakeInput } from '../../src/model/inventory.ts'
import { checkLock } from '../../src/schema/lock.ts'

const input = (name: string, url: string, follows = {}): FlakeInput => ({
  name,
  url,
  flake: true,
  follows,
})
const nixpkgs = input('nixpkgs', 'github:NixOS/nixpkgs/nixos-25.11')
const locked = (nodes: Record<string, unknown>): string =>
  JSON.stringify({ version: 7, root: 'root', nodes })
const original = { type: 'github', owner: 'NixOS', repo: 'nixpkgs', ref: 'nixos-25.11' }
const fitting = locked({ root: { inputs: { nixpkgs: 'nixpkgs' } }, nixpkgs: { original } })

const check = (text: string | undefined, inputs: readonly FlakeInput[]) => {
  const { state, complaints } = checkLock(text, inputs, () => undefined)
  return [
    state,
    ...complaints.map(({ severity, message, code }) => `${severity}: ${message} [${code}]`),
  ]
}

test('a lock that has every input as written is fine', () => {
  expect(check(fitting, [nixpkgs])).toEqual(['ok'])
})

test('no lock is a warning', () => {
  expect(check(undefined, [nixpkgs])).toEqual([
    'missing',
    'warning: there is no flake.lock [lock/missing]',
  ])
})

test.each([
  ['{', [nixpkgs], 'flake.lock cannot be read'],
  [
    fitting,
    [nixpkgs, input('disko', 'github:nix-community/disko')],
    "flake.lock does not have the input 'disko'",
  ],
  [
    fitting,
    [input('nixpkgs', 'github:NixOS/nixpkgs/nixos-26.05')],
    "flake.lock has the input 'nixpkgs' from elsewhere than github:NixOS/nixpkgs/nixos-26.05",
  ],
  [
    locked({
      root: { inputs: { nixpkgs: 'nixpkgs', disko: 'disko' } },
      nixpkgs: { original },
      other: {},
      disko: { original: { type: 'path', path: '/disko' }, inputs: { nixpkgs: 'other' } },
    }),
    [nixpkgs, input('disko', 'path:/disko', { nixpkgs: 'nixpkgs' })],
    "flake.lock has another 'nixpkgs' for the input 'disko' than it is to follow",
  ],
])('a stale lock is a warning: %#', (text, inputs, message) => {
  expect(check(text, inputs)).toEqual(['stale', `warning: ${message} [lock/stale]`])
})

test.each([
  ['path:/srv/my%20modules', { type: 'path', path: '/srv/my modules' }],
  ['path:/srv/a%2', { type: 'path', path: '/srv/b' }],
  ['github:me%zz/fleet', { type: 'github', owner: 'you', repo: 'fleet' }],
])('%s is what Nix makes of it, or is left alone', (url, own) => {
  const nodes = { root: { inputs: { own: 'own' } }, own: { original: own } }
  expect(check(locked(nodes), [input('own', url)])).toEqual(['ok'])
})
