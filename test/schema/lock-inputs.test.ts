import { expect, test } from 'vitest'
import { foreignInputs, lockedInputs } from '../../src/schema/lock-inputs.ts'

type Node = Readonly<Record<string, unknown>>

const lock = (inputs: Record<string, unknown>, nodes: Record<string, Node>): string =>
  JSON.stringify({ nodes: { root: { inputs }, ...nodes }, root: 'root', version: 7 })

const github = (owner: string, repo: string, rev: string, inputs: Node = {}): Node => ({
  locked: { type: 'github', owner, repo, rev, narHash: `sha256-${rev}`, lastModified: 1 },
  inputs,
})

const base = lock(
  { nixpkgs: 'nixpkgs', disko: 'disko' },
  {
    nixpkgs: github('NixOS', 'nixpkgs', '1'),
    disko: github('nix-community', 'disko', '2', { nixpkgs: ['nixpkgs'] }),
  },
)

test('another revision of an input is nothing new, nor is one that follows another', () => {
  const moved = lock({ nixpkgs: 'nixpkgs' }, { nixpkgs: github('NixOS', 'nixpkgs', '3') })
  expect(foreignInputs(moved, base)).toEqual([])
  expect(foreignInputs(base, base)).toEqual([])
})

test.each([
  [{ type: 'github', owner: 'evil', repo: 'nixpkgs' }, 'github:evil/nixpkgs'],
  [{ type: 'github', owner: 'NixOS', repo: 'nixpkgs', host: 'evil.com' }, 'host=evil.com'],
  [{ type: 'git', url: 'https://evil.com/x' }, 'git:https://evil.com/x'],
  [{ type: 'tarball', url: 'https://evil.com/x.tar.gz' }, 'tarball:https://evil.com/x.tar.gz'],
  [{ type: 'path', path: '/etc' }, 'path:/etc'],
  [{ type: 'path', path: './a/../../etc' }, 'path:./a/../../etc'],
  [{ type: 'git', url: 'https://evil.com/x', submodules: true }, '?submodules=true'],
  [{}, 'undefined:'],
])('%j is new, at whatever depth it is', (locked, from) => {
  const nodes = { nixpkgs: github('NixOS', 'nixpkgs', '1', { deep: 'deep' }), deep: { locked } }
  const [found, ...more] = foreignInputs(lock({ nixpkgs: 'nixpkgs' }, nodes), base)
  expect(more).toEqual([])
  expect(found?.name).toBe('nixpkgs/deep')
  expect(found?.from).toContain(from)
})

test('a folder of the repository itself is not fetched', () => {
  const own = { own: { locked: { type: 'path', path: './modules' } } }
  expect(foreignInputs(lock({ own: 'own' }, own), base)).toEqual([])
})

test('locks that go round, or lead nowhere, or are none, end', () => {
  const round = lock(
    { a: 'a', b: 'gone', c: '__proto__' },
    { a: github('x', 'a', '1', { a: 'a' }) },
  )
  expect(lockedInputs(round).map(({ name }) => name)).toEqual(['a'])
  expect(lockedInputs('no JSON')).toEqual([])
  expect(lockedInputs(undefined)).toEqual([])
})
