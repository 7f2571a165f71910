import { expect, test } from 'vitest'
import { resolve } from '../../src/selectors/resolve.ts'
import { compileTexts, inventoryOf, linesOf, problems, vms } from '../compile/fleet.ts'

const vault = `services:
  vault:
    selectors: [vm0, vm1, vm3]
    roles: { api: [vm0] }
    settings: { one: !ip vm1.vault }
  watch: { selectors: [vm1.vault] }
`
const inventory = inventoryOf(vault + vms)
const hosts = (selector: string, scope = 'example.com'): string => {
  const { hosts: found, complaints } = resolve(selector, inventory, scope)
  expect(complaints).toEqual([])
  return found.map((host) => host.split('.')[0]).join(' ')
}

test.each([
  ['vm0.vault', 'vm0'],
  ['vm0.vault.example', 'vm0'],
  ['vm0.vault.example.com', 'vm0'],
  ['machine:vm0.vault', 'vm0'],
  ['api.vault', 'vm0'],
  ['vm*.vault', 'vm0 vm1 vm3'],
  ['*.vault.example.com', 'vm0 vm1 vm3'],
])('%s selects %s', (selector, expected) => expect(hosts(selector)).toBe(expected))

test('a host is found by its name in a service from every place, as by its own', () => {
  expect(hosts('vm0.vault', 'vault.example.com')).toBe('vm0')
  expect(hosts('vm0.vault', 'eno1.vm2.example.com')).toBe('vm0')
  expect(resolve('vm0.vault', inventory).hosts).toEqual(['vm0.example.com'])
  expect(inventory.services.map(({ label, hosts: found }) => [label, found.length])).toEqual([
    ['vault', 3],
    ['watch', 1],
  ])
  const { elements, nameToIps, ipToNames } = resolve('vm0.vault', inventory)
  expect(elements).toEqual([{ kind: 'machine', name: 'vm0.example.com' }])
  expect(nameToIps['vm0.vault.example.com']).toEqual(['10.0.0.1', 'fd00::1'])
  expect(ipToNames['10.0.0.1']).toContain('vm0.vault.example.com')
})

test('hosts of one label in a service are meant together', () => {
  const { inventory: both } = compileTexts({
    'nixcluster.yaml': `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
services: { backup: { selectors: [vm0.a, vm0.b, vm1.b] } }
clusters:
  a: { machines: { vm0: } }
  b: { machines: { vm0: , vm1: } }
`,
  })
  expect(resolve('vm0.backup', both!, 'com').hosts).toEqual(['vm0.a.com', 'vm0.b.com'])
})

test('the nearer scope has the name', () => {
  const { inventory: near } = compileTexts({
    'nixcluster.yaml': `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
clusters:
  a:
    services: { vault: { selectors: [vm1.vault.com, vm0] } }
    machines: { vm0: }
  vault: { machines: { vm0: , vm1: } }
`,
  })
  expect(resolve('vm0.vault', near!, 'a.com').hosts).toEqual(['vm0.a.com'])
  expect(resolve('vm0.vault', near!, 'com').hosts).toEqual(['vm0.vault.com'])
})

test.each([
  [
    'services: { s: { selectors: [vm2.vault] }, vault: { selectors: [vm0] } }',
    "1:30 error: no host or service is called 'vm2.vault' here; example.com has vm0 to vm3 [selectors/dangling]",
  ],
  [
    'services: { vault: { selectors: [vm0.vault] } }',
    '1:13 error: vault.example.com selects itself [selectors/circle]',
  ],
  [
    'services: { vault: { selectors: [vm0, vm1], roles: { vm1: [vm0] } } }',
    '1:54 error: vm1.vault.example.com is what vm1.example.com is called in this service [names/member]',
  ],
])('%s', (body, expected) => expect(problems(`${body}\n${vms}`)).toEqual([expected]))

test('names in services cost no time of their own in a large service', () => {
  const count = 2000
  const machines = Array.from({ length: count }, (_, index) => `  m${index}:`).join('\n')
  const named = Array.from({ length: count }, (_, index) => `m${index}.all-of-them`).join(', ')
  const compilation = compileTexts({
    'nixcluster.yaml': `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
clusters:
  a:
    services:
      all-of-them: { selectors: [a.com] }
      again: { selectors: [${named}] }
    machines:
${machines.replaceAll(/^ {2}/gm, '      ')}
`,
  })
  expect(linesOf(compilation)).toEqual([])
  expect(compilation.inventory?.services[1]?.hosts).toHaveLength(count)
}, 10_000)
