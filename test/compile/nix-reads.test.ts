import { expect, test } from 'vitest'
import { readsEverything, sourcesReadBy } from '../../src/compile/nix-reads.ts'

/** What a generated file reads that names `modules/a.nix`, in a repository with some other files. */
function reads(text: string, files: Readonly<Record<string, string>> = {}) {
  const texts = { 'modules/a.nix': text, 'modules/more.nix': '{ }', ...files }
  const others = ['README.md', 'clusters/lab.yaml', 'files/motd.txt', 'files/web/index.html']
  const generated = new Map([['nixcluster/machines/lab/vm0.lab.nix', '[ ../../../modules/a.nix ]']])
  const found = sourcesReadBy(generated, new Map(Object.entries(texts)), [
    ...Object.keys(texts),
    ...others,
  ])
  const all = found.get('nixcluster/machines/lab/vm0.lab.nix')
  return all === 'everything' ? all : all?.filter((path) => path !== 'modules/a.nix')
}

test.each([
  ['{ services.nginx.enable = true; }', []],
  ['{ imports = [ ./more.nix ]; }', ['modules/more.nix']],
  ['{ imports = [ modules/more.nix ]; }', ['modules/modules/more.nix']],
  ['{ services.x.port = toString 80; imports = [ ./more.nix ]; }', ['modules/more.nix']],
  ['{ users.motd = builtins.readFile ../files/motd.txt; }', ['files/motd.txt']],
  ['{ root = "${../files/web}/index.html"; }', ['files/web', 'files/web/index.html']],
  ['{ root = ../files + "/web"; }', ['files', 'files/motd.txt', 'files/web/index.html']],
  ['name: import ../files/${name}', ['files/motd.txt', 'files/web/index.html']],
  ['name: import ../files/w${name}', ['files/web/index.html']],
  ['{ later = builtins.pathExists ./later.nix; }', ['modules/later.nix']],
  ['{ key = config.sops.secrets."db/password".path; }', []],
  ['(pkgs.formats.yaml { }).generate "x.yaml" { }', []],
  ['{ sopsFile = ../clusters/lab.yaml; }', ['clusters/lab.yaml']],
  ['{ nixcluster, ... }: { networking.hostName = nixcluster.this.hostName; }', []],
])('%s reads %j', (text, paths) => expect(reads(text)).toEqual(paths))

test('what a file reads that is read is read as well', () => {
  const files = { 'modules/more.nix': 'import ./deep.nix', 'modules/deep.nix': '../files/motd.txt' }
  expect(reads('{ imports = [ ./more.nix ]; }', files)).toEqual([
    'files/motd.txt',
    'modules/deep.nix',
    'modules/more.nix',
  ])
  expect(reads('{ imports = [ ./more.nix ]; }', { 'modules/more.nix': './a.nix' })).toEqual([
    'modules/more.nix',
  ])
})

test.each([
  ['{ source = ../.; }', 'a folder that has all'],
  ['{ self, ... }: { }', 'the flake itself'],
  ['dirOf ./more.nix', 'the folder of a file'],
  ['{ place = toString ./more.nix; }', "a file's place, which is another one with every commit"],
  ['let file = ./more.nix; in toString file', 'the same by another name'],
  ['./. + "/../clusters/lab.yaml"', 'what a text leads to'],
  ['./. + "/" + "../clusters/lab.yaml"', 'the same in two steps'],
  ['import <nixpkgs> { }', 'the search path'],
  ['import ../nixcluster/index.nix', 'what we generate'],
  ['import ../../other', 'what is outside'],
  ['{ imports = [ ../files/motd.txt ]; ', 'something that is no Nix'],
])('%s may read everything: %s', (text) => {
  const found = reads(text)
  expect(found === 'everything' || found?.includes('clusters/lab.yaml')).toBe(true)
})

test('a step upwards that stands in the YAML may be added to a path', () => {
  const generated = new Map([
    ['nixcluster/services/lab/web.lab.nix', '{ folder = "../clusters"; }'],
  ])
  expect(sourcesReadBy(generated, new Map(), []).get('nixcluster/services/lab/web.lab.nix')).toBe(
    'everything',
  )
})

test('a module without a suffix may be any code', () => {
  expect(reads('{ imports = [ ./hardware ]; }', { 'modules/hardware': '{ }' })).toBe('everything')
})

test('code in the YAML may reach what no path leads to', () => {
  expect(readsEverything(['lib.mkForce 8', 'inputs.self.outPath'])).toBe(true)
  expect(readsEverything(['lib.mkForce 8', '"${pkgs.hello}/bin"'])).toBe(false)
})
