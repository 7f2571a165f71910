import { expect, test } from 'vitest'
import { compileTexts, inventoryOf, problems, vms } from './fleet.ts'

const service = (body: string): string => `services:\n  vault: ${body}\n${vms}`
const vault = (body: string) => inventoryOf(service(body)).services[0]!

test('a role that does not run is known to its service, which does not run there', () => {
  const { hosts, roles } = vault(
    '{ roles: { storage: [vm0, vm1], clients: { selectors: [vm1, vm3], runs: false } } }',
  )
  expect(hosts).toEqual(['vm0.example.com', 'vm1.example.com'])
  expect(roles.map((role) => [role.label, role.hosts.length])).toEqual([
    ['clients', 2],
    ['storage', 2],
  ])
  expect(
    vault('{ selectors: [vm0], roles: { clients: { selectors: [vm3], runs: false } } }').hosts,
  ).toEqual(['vm0.example.com'])
})

test('a name says more about a member than a pattern, and maps merge', () => {
  const { memberSettings } = vault(`
    selectors: [vm0, vm1, vm2]
    roles:
      storage:
        selectors: [vm0, vm1]
        settings: { vm*: { weight: 1, disk: { size: 10 } }, vm1: { weight: 2, disk: { path: /x } } }
      api: { selectors: [vm1], settings: { vm1.example.com: { listen: !ip vm1 } } }
`)
  const text = (value: string) => ({ kind: 'text', value })
  const number = (digits: number) => ({ kind: 'integer', text: String(digits) })
  const map = (entries: Record<string, unknown>) => ({
    kind: 'map',
    entries: Object.entries(entries),
  })
  expect(memberSettings).toEqual([
    {
      host: 'vm0.example.com',
      settings: map({ disk: map({ size: number(10) }), weight: number(1) }),
    },
    {
      host: 'vm1.example.com',
      settings: map({
        disk: map({ path: text('/x'), size: number(10) }),
        listen: text('10.0.0.2'),
        weight: number(2),
      }),
    },
  ])
})

test('a service has data of its own', () => {
  expect(vault('{ selectors: [vm0], data: { port: 1 } }').data).toEqual({
    kind: 'map',
    entries: [['port', { kind: 'integer', text: '1' }]],
  })
})

test('a service selects hosts of other clusters by their full names, also from a domain', () => {
  const nested = `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
services:
  backup: { selectors: [vm0.a, b.com] }
clusters:
  a:
    services: { probe: { selectors: [vm1.b.com, service:backup.com, -vm0] } }
    machines: { vm0: , vm1: }
  b: { machines: { vm1: , vm2: } }
`
  const { inventory } = compileTexts({ 'nixcluster.yaml': nested })
  expect(inventory?.services.map(({ name, hosts }) => [name, hosts])).toEqual([
    ['probe.a.com', ['vm1.b.com', 'vm2.b.com']],
    ['backup.com', ['vm0.a.com', 'vm1.b.com', 'vm2.b.com']],
  ])
})

test.each([
  [
    '{ roles: { api: { selectors: [vm0], settings: { vm1: {} } } } }',
    "2:58 error: 'vm1' is no member of the role 'api'; it has vm0 [selectors/member]",
  ],
  [
    '{ roles: { api: { selectors: [vm0], settings: { vn0: {} } } } }',
    "2:58 error: 'vn0' is no member of the role 'api', did you mean 'vm0'? [selectors/member]",
  ],
  [
    '{ roles: { api: { selectors: [vm0], settings: { vm0: 1 } } } }',
    '2:63 error: expected a map, found the number 1 [schema/type]',
  ],
  [
    '{ roles: { api: { selectors: [vm0], settings: { "vm*": { a: 1 }, tag:rack-a: { a: 2 } } } } }',
    "2:75 error: 'a' of vm0.example.com is said twice in this service (nixcluster.yaml:10) [compile/member-settings]",
  ],
  [
    '{ roles: { clients: { selectors: [vm0], runs: false } } }',
    '2:3 error: the service vault.example.com says nowhere on which hosts it runs [selectors/missing]',
  ],
  [
    '{ selectors: [vm0], roles: { api: [vm1] } }',
    "2:45 error: the selectors of vault.example.com do not have vm1, which its role 'api' wants [selectors/outside]",
  ],
  [
    '{ roles: { storage: { selectors: [vm0], min: 2 } } }',
    "2:21 error: the role 'storage' needs at least 2, and has 1 host [selectors/arity]",
  ],
  [
    '{ roles: { api: { selectors: [vm0, vm1], max: 1 } } }',
    "2:21 error: the role 'api' needs at most 1, and has 2 hosts [selectors/arity]",
  ],
])('%s', (body, expected) => {
  expect(problems(service(body))).toEqual([expected])
})

test.each([
  [
    '{ selectors: [vm0], definition: { builtin: static-dns }, settings: { alias: {} } }',
    "2:79 error: static-dns has no setting 'alias', did you mean 'aliases'? [compile/builtin]",
  ],
  [
    '{ selectors: [vm0], definition: { builtin: static-dns }, settings: { names: [vm1, vm9] } }',
    "2:92 error: no host or service is called 'vm9' here; example.com has vm0 to vm3 [selectors/dangling]",
  ],
  [
    '{ roles: { servers: [vm0] }, definition: { builtin: k3s } }',
    "2:21 error: k3s has no role 'servers', did you mean 'server'? [compile/builtin]",
  ],
  [
    '{ selectors: [vm0], definition: { builtin: k3s } }',
    "2:30 error: k3s needs a role 'server' [compile/builtin]",
  ],
  [
    '{ selectors: [vm0], definition: { builtin: static-dsn } }',
    "2:53 error: expected static-dns, known-hosts, wireguard-mesh, k3s or node-exporter, found the text 'static-dsn', did you mean 'static-dns'? [schema/value]",
  ],
])('%s', (body, expected) => {
  expect(problems(service(body))).toEqual([expected])
})
