import { expect, test } from 'vitest'
import { reasons } from '../../src/diff/reasons.ts'
import { cluster, compileTexts, vms } from '../compile/fleet.ts'

const services = `services:
  vault:
    selectors: [vm0, vm1, vm2]
    roles: { storage: [vm0, vm1] }
    definition: { path: /vault.nix }
    settings: { join: !ips storage, port: 1 }
`
const base = `config: { a.b: 1 }\n${services}${vms}`

/** The reasons for the step from one cluster to another, as lines `place text: machines`. */
function steps(before: string, after: string, files: readonly string[] = []): string[] {
  const compiled = [before, after].map((body) =>
    compileTexts({ 'nixcluster.yaml': cluster(body) }, ['vault.nix', 'vm.nix', 'modules/x.nix']),
  )
  const [old, now] = compiled
  return reasons(old!.inventory, now!.inventory!, new Set(files)).map(
    ({ at, text, machines, side }) => {
      const line = at && (side === 'after' ? now! : old!).locate(at).line
      const labels = machines.map((name) => name.split('.')[0]).join(' ')
      return `${line ?? '-'} ${text}: ${labels}`
    },
  )
}

test('nothing changed: no reasons, even when everything moved down', () => {
  expect(steps(base, `stateVersion:\n${base}`.replace('stateVersion:\n', '# moved\n'))).toEqual([])
})

test.each([
  ['a.b: 1', 'a.b: 2', ['9 config a.b of example.com changes: vm0 vm1 vm2 vm3']],
  ['a.b: 1', 'a.b: 1, "x.y": z', ['9 config x.y of example.com is new: vm0 vm1 vm2 vm3']],
  ['{ a.b: 1 }', '{}', ['9 config a.b of example.com is removed: vm0 vm1 vm2 vm3']],
  [
    'storage: [vm0, vm1]',
    'storage: [vm0, vm1, vm2]',
    [
      '13 role storage of vault gains vm2: vm0 vm1 vm2',
      '15 setting join of vault changes: vm0 vm1 vm2',
    ],
  ],
  ['port: 1', 'port: 2', ['15 setting port of vault changes: vm0 vm1 vm2']],
  ['[vm0, vm1, vm2]', '[vm0, vm1]', ['12 service vault loses vm2: vm0 vm1 vm2']],
  ['vm2: {', 'vm2: { config: { q: 1 },', ['19 config q of vm2 is new: vm2']],
  ['vm2: {', 'vm2: { modules: [/vm.nix],', ['19 vm2 gains module vm.nix: vm2']],
  ['  vm3: { interfaces: { eno1: { dhcp: true } } }\n', '', ['20 vm3 is removed: vm3']],
  ['  vm3:', '  vm4:\n  vm3:', ['20 vm4 is new: vm4']],
  [
    '10.0.0.3',
    '10.0.0.9',
    [
      '19 interfaces of vm2 change: vm2',
      '19 deployment.targetHost of vm2 changes: vm2',
      '19 service vault sees changes of vm2: vm0 vm1 vm2',
    ],
  ],
  [
    'config: { a.b: 1 }',
    'config: { a.b: 1 }\nsystem: aarch64-linux',
    ['10 system of example.com changes: vm0 vm1 vm2 vm3'],
  ],
])('%s becomes %s', (from, to, expected) => {
  expect(steps(base, base.replace(from, to))).toEqual(expected)
})

test('a changed file is a reason for the machines whose modules or services use it', () => {
  const withModules = base.replace('vm2: {', 'vm2: { modules: [/vm.nix],')
  expect(steps(withModules, withModules, ['vm.nix', 'vault.nix', 'README.md'])).toEqual([
    '1 vm.nix changes: vm2',
    '1 vault.nix changes: vm0 vm1 vm2',
  ])
})

test('without anything before, every machine is new', () => {
  const { inventory } = compileTexts({ 'nixcluster.yaml': cluster(vms) })
  expect(reasons(undefined, inventory!).map(({ text }) => text)).toEqual([
    'vm0 is new',
    'vm1 is new',
    'vm2 is new',
    'vm3 is new',
  ])
})

test('a changed file is a reason where a value, a module or a definition reads it', () => {
  const body = `config: { a.b: !read /files/all/motd }
services: { s: { selectors: [vm1], settings: { x: [!path /files] } }, r: { roles: { m: { selectors: [vm3], settings: { vm3: { y: !path /files/two } } } } } }
${vms}`.replace('vm2: {', 'vm2: { modules: [{ path: /vm.nix, args: { x: !read /files/two } }],')
  const files = ['files/all/motd', 'files/two', 'files/other', 'vm.nix']
  const { inventory } = compileTexts({ 'nixcluster.yaml': cluster(body) }, files)
  const told = reasons(inventory, inventory!, new Set([...files, 'README.md']))
  expect(told.map(({ text, machines }) => `${text}: ${machines.join(' ')}`)).toEqual([
    'files/all/motd changes: vm0.example.com vm1.example.com vm2.example.com vm3.example.com',
    'files/two changes: vm1.example.com vm2.example.com vm3.example.com',
    'files/other changes: vm1.example.com',
    'vm.nix changes: vm2.example.com',
  ])
})

test('what roles say about members, data, and hosts that it only knows are reasons for a service', () => {
  const body = `services:
  vault:
    roles: { a: { selectors: [vm0], settings: { vm0: { x: 1 } } }, b: { selectors: [vm3], runs: false } }
    data: { y: 1 }
  dns: { selectors: [vm1], definition: { builtin: static-dns }, settings: { names: [vm2, vm0] } }
${vms}`
  expect(steps(body, body.replace('x: 1', 'x: 2'))).toEqual([
    '11 settings of vm0 in vault change: vm0',
  ])
  expect(steps(body, body.replace('y: 1', 'y: 2'))).toEqual(['12 data of vault changes: vm0'])
  expect(steps(body, body.replace('vm3: {', 'vm3: { tags: [new],'))).toEqual([
    '18 tags of vm3 change: vm3',
    '18 service vault sees changes of vm3: vm0',
  ])
  expect(steps(body, body.replace('vm2: {', 'vm2: { data: { z: 1 },'))).toEqual([
    '17 data of vm2 change: vm2',
    '17 service dns sees changes of vm2: vm1',
  ])
  expect(steps(body, body.replace('selectors: [vm0]', 'selectors: [vm0, vm2]'))).toEqual([
    '13 service dns sees other names of vm2: vm1',
    '10 service vault gains vm2: vm0 vm2',
    '11 role a of vault gains vm2: vm0 vm2',
  ])
})

const guests = `services:
  s: { selectors: ["vhost:*.vm0"], roles: { r: [web.vm0] }, definition: { path: /vault.nix } }
machines:
  vm0:
    interfaces: { eno1: { addresses: [10.0.0.1/24] } }
    virtualHosts:
      web: { type: nixos-container, network: nat, addresses: [10.1.0.2/24], gateway: 10.1.0.1, config: { q: 1 } }
  vm1: {}
`
test.each([
  ['q: 1', 'q: 2', ['15 config q of web.vm0 changes: vm0']],
  ['network: nat', 'network: { bridge: br0 }', ['15 network of web.vm0 changes: vm0']],
  [
    '10.1.0.2',
    '10.1.0.3',
    ['15 interfaces of web.vm0 change: vm0', '15 service s sees changes of web.vm0: vm0'],
  ],
  [
    '      web:',
    '      db: { type: nixos-container }\n      web:',
    ['15 db.vm0 is new: vm0', '10 service s gains db.vm0: vm0'],
  ],
])('a change of a virtual host is one of its machine: %s -> %s', (from, to, expected) => {
  expect(steps(guests, guests.replace(from, to))).toEqual(expected)
})

test('every host is a reason for a machine whose Nix may ask for any', () => {
  const [old, now] = [vms, vms.replace('10.0.0.3', '10.0.0.9')].map(
    (body) => compileTexts({ 'nixcluster.yaml': cluster(body) }).inventory!,
  )
  const lines = reasons(old, now!, new Set(), new Set(['vm0.example.com'])).map(
    ({ text, machines }) => `${text}: ${machines.join(' ')}`,
  )
  expect(lines).toContain('resolve may say something else of vm2: vm0.example.com')
  expect(reasons(now, now!, new Set(), new Set(['vm0.example.com']))).toEqual([])
})

test('what changes of a host is a reason for those that refer to it', () => {
  const body = `services: { s: { selectors: [vm1], settings: { x: !hosts [vm0] } } }
${vms}`.replace('vm2: {', 'vm2: { config: { a.b: [!host vm0] },')
  const told = steps(body, body.replace('10.0.0.1/24', '10.0.0.9/24'))
  expect(told.filter((line) => line.includes('!host'))).toEqual(['11 !host vm0 changes: vm2'])
  expect(steps(body, body.replace('10.0.0.2/24', '10.0.0.8/24')).join()).not.toContain('!host')
})
