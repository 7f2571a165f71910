import { expect, test } from 'vitest'
import { cluster, compileTexts, linesOf, problems, vms } from '../compile/fleet.ts'

test.each([
  ['sytem: x', ["1:1 error: unknown key 'sytem', did you mean 'system'? [schema/unknown-key]"]],
  ['stateVersion: 25.11', ['1:15 error: expected text, found the number 25.11 [schema/type]']],
  ['system: [x]', ['1:9 error: expected text, found a list [schema/type]']],
  ['system: !nix x', ['1:14 error: expected text, found !nix [schema/type]']],
  [
    'system: linux',
    ["1:9 error: expected text like x86_64-linux, found the text 'linux' [schema/value]"],
  ],
  [
    'deployment: { port: 0 }',
    ['1:21 error: the number 0 does not fit here: it must be at least 1 [schema/value]'],
  ],
  [
    'modules: [{ pth: x }]',
    ["1:13 error: unknown key 'pth', did you mean 'path'? [schema/unknown-key]"],
  ],
  [
    'modules: [5]',
    [
      '1:11 error: expected text or { path } or { flake, attribute } or { config }, found the number 5 [schema/type]',
    ],
  ],
  [
    'modules: [{ flake: disko }]',
    ["1:11 error: the key 'attribute' is missing [schema/missing-key]"],
  ],
  [
    'machines: { a: { previously: {} } }',
    ["1:18 error: 'previously' is not supported by this version [schema/not-supported]"],
  ],
  [
    'machines:\n  a: { tags: x, sytem: y }\n  b: 5',
    [
      "2:14 error: expected a list, found the text 'x' [schema/type]",
      "2:17 error: unknown key 'sytem', did you mean 'system'? [schema/unknown-key]",
      '3:6 error: expected a map, found the number 5 [schema/type]',
    ],
  ],
  [
    'services: { a: { selectors: [com], definition: { builtin: static-dn } } }\nmachines: { b: }',
    [
      "1:59 error: expected static-dns, known-hosts, wireguard-mesh, k3s or node-exporter, found the text 'static-dn', did you mean 'static-dns'? [schema/value]",
    ],
  ],
])('%s: one mistake, one error', (body, expected) => expect(problems(body)).toEqual(expected))

test('an element with nothing below it is an empty one', () => {
  expect(problems('machines:\n  vm0:\n  vm1:\nservices:\n')).toEqual([])
})

test('an empty item of a list is a mistake', () => {
  expect(problems('modules: [~]')).toEqual([
    '1:11 error: expected text or { path } or { flake, attribute } or { config }, found nothing [schema/type]',
  ])
})

test('what YAML takes for a tag gets the corrected text', () => {
  const { diagnostics } = compileTexts({
    'nixcluster.yaml': cluster(`services: { s: { selectors: [vm0, !vm3] } }\n${vms}`),
  })
  expect(diagnostics.find(({ code }) => code === 'schema/type')).toMatchObject({
    message: 'expected text or { select }, found !vm3',
    hint: 'text that begins with ! needs quotes; to leave vm3 out, write -vm3',
  })
})

test('a mistake does not hide the next, of whatever kind', () => {
  expect(
    problems(`services:
  vault: { selectors: [vm7] }
${vms}  vm4: { sytem: x }`),
  ).toEqual([
    "2:24 error: no host or service is called 'vm7' here; example.com has vm0 to vm4 [selectors/dangling]",
    "8:10 error: unknown key 'sytem', did you mean 'system'? [schema/unknown-key]",
  ])
})

test.each([
  ['kind: Domain', "1:1 error: the key 'apiVersion' is missing [schema/missing-key]"],
  [
    'apiVersion: v1\nkind: Pod',
    "1:13 error: expected apiVersion: nixcluster/v1, found the text 'v1' [schema/value]",
  ],
  [
    'apiVersion: nixcluster/v1\nkind: Machin\nname: a',
    "2:7 error: expected Project, Domain, Cluster, Service, Machine, found the text 'Machin', did you mean 'Machine'? [schema/value]",
  ],
  [
    'apiVersion: nixcluster/v1\nkind: Machine',
    "2:1 error: the key 'name' is missing [schema/missing-key]",
  ],
  ['- a', '1:1 error: expected a map, found a list [schema/type]'],
  [
    'apiVersion: nixcluster/v1\nkind: Cluster\nname: a.com',
    "3:7 error: no domain is called 'com' [names/parent]",
  ],
])('a document with a bad head: %j', (text, expected) => {
  expect(linesOf(compileTexts({ 'clusters/a.yaml': text }))).toEqual([
    `clusters/a.yaml:${expected}`,
  ])
})
