import { expect, test } from 'vitest'
import { compile } from '../../src/compile/compile.ts'
import { pathFromRoot } from '../../src/compile/path-from-root.ts'
import type { Oddity } from '../../src/model/compilation.ts'
import { cluster, linesOf } from './fleet.ts'

const compiled = (
  body: string,
  oddities: Readonly<Record<string, Oddity>>,
  more: readonly string[] = [],
): readonly string[] =>
  linesOf(
    compile({
      texts: new Map([['nixcluster.yaml', cluster(body)]]),
      paths: new Set(['nixcluster.yaml', ...Object.keys(oddities), ...more]),
      oddities: new Map(Object.entries(oddities)),
    }),
  ).map((line) => line.replace(/^[^ ]+ /, ''))

test('a submodule is warned of, and a path into it is an error that says why', () => {
  expect(compiled('machines: { vm0 }\n', { vendor: 'submodule' })).toEqual([
    "warning: '/vendor' is a submodule, whose files are not part of the repository [compile/submodule]",
  ])
  const into = 'machines:\n  vm0: { modules: [/vendor/base.nix] }\n'
  expect(compiled(into, { vendor: 'submodule' })).toContain(
    "error: '/vendor' is a submodule, whose files are not part of the repository [compile/submodule]",
  )
})

test('a link out of the tree is refused wherever a path may stand, and nowhere else', () => {
  const said = "error: '/out.nix' is a link that leaves the repository [compile/link]"
  for (const body of [
    'machines:\n  vm0: { modules: [/out.nix] }\n',
    'machines:\n  vm0: { config: { a.b: !path /out.nix } }\n',
    'machines:\n  vm0: { config: { a.b: !read /out.nix } }\n',
    'services: { s: { selectors: [vm0], definition: { path: /out.nix } } }\nmachines: { vm0 }\n',
  ])
    expect(compiled(body, { 'out.nix': 'link-outside' })).toContain(said)
  expect(compiled('machines: { vm0 }\n', { 'out.nix': 'link-outside' })).toEqual([])
})

test('YAML behind a link that leads away is an error, for it would be missing in silence', () => {
  expect(compiled('machines: { vm0 }\n', { 'clusters/a.yaml': 'link-nowhere' })).toEqual([
    "error: '/clusters/a.yaml' is a link that leads nowhere [compile/link]",
  ])
})

test('paths with .. are refused before any file is asked for', () => {
  for (const path of ['../x.nix', '/../x.nix', './a/../../x.nix', '/a/../../x.nix'])
    expect(compiled(`machines:\n  vm0: { modules: ["${path}"] }\n`, {})).toContain(
      `error: '${path}' leaves the repository [compile/path-outside]`,
    )
})

test.each([
  ['a\nb.yaml', '"a\\nb.yaml", which has a control character'],
  ['\u001b[31m.yaml', '"\\u001b[31m.yaml", which has a control character'],
  ['\u202egnp.nix', '"\\u202egnp.nix", which has a control character'],
  ['m\ufffdller.yaml', '"m\ufffdller.yaml", which is no UTF-8'],
  ['a/../b', '"a/../b", which leads out of its folder'],
  ['.GIT/config', '".GIT/config", which git takes for its own folder'],
  ['git~1/config', '"git~1/config", which git takes for its own folder'],
  ['.g\u200cit/config', '".g\u200cit/config", which git takes for its own folder'],
  ['x'.repeat(300), `"${'x'.repeat(100)}…", which is too long`],
])('a file called %j is refused', (path, said) => {
  expect(compiled('machines: { vm0 }\n', {}, [path])).toEqual([
    `error: a file is called ${said} [compile/file-name]`,
  ])
})

test('names that are only unusual are nobody’s concern', () => {
  const unusual = ['--help', '-c', '$(id).nix', 'a b', '"q"', 'müller.yaml', 'а.nix', '.gitignore']
  expect(compiled('machines: { vm0 }\n', {}, unusual)).toEqual([])
})

test('a link is followed from its own folder, and nowhere above the root', () => {
  expect(pathFromRoot('a/b/link', '../c')).toBe('a/c')
  expect(pathFromRoot('link', 'a/./b')).toBe('a/b')
  expect(pathFromRoot('a/link', '../../etc/passwd')).toBeUndefined()
  expect(pathFromRoot('a/link', '/etc/passwd')).toBeUndefined()
})
