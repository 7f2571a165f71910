import { expect, test } from 'vitest'
import { resolve } from '../../src/selectors/resolve.ts'
import { inventoryOf, problems } from './fleet.ts'

const guest = (body: string): string => `machines: { vm0: { virtualHosts: { web: ${body} } } }`
const mistake = (message: string, code = 'compile/virtual-host'): string => `${message} [${code}]`

test.each([
  ['{ type: nixos-container, network: nat, addresses: [10.1.0.2/24], gateway: 10.1.0.1 }'],
  ['{ type: nixos-container, network: { bridge: br0 }, interfaces: { eth0: { dhcp: true } } }'],
  ['{ type: oci-container, image: nginx, network: host, settings: { ports: ["80:80"] } }'],
  ['{ type: { path: /type.nix }, image: x, network: host, users: { www: {} } }'],
])('%s is fine', (body) => {
  expect(problems(guest(body), ['type.nix']).filter((line) => line.includes('error'))).toEqual([])
})

test.each([
  [
    '{ type: microvm }',
    mistake('a microvm needs the flake input microvm', 'compile/unknown-input'),
  ],
  ['{ type: oci-container }', mistake('an oci-container needs an image')],
  [
    '{ type: oci-container, image: x, config: { a.b: 1 } }',
    mistake("an oci-container takes no NixOS module: 'config' means nothing here"),
  ],
  [
    '{ type: oci-container, image: x, network: { bridge: br0 } }',
    mistake('an oci-container has no such network'),
  ],
  ['{ type: nixos-container, image: x }', mistake('a nixos-container has no image')],
  [
    '{ type: nixos-container, addresses: [10.1.0.2/24] }',
    mistake('web.vm0.example.com has addresses, and no network to have them in'),
  ],
  [
    '{ type: nixos-container, network: host, addresses: [10.1.0.2/24] }',
    mistake("with network: host it has its machine's addresses"),
  ],
  [
    '{ type: nixos-container, network: nat, addresses: [10.1.0.2/24] }',
    mistake(
      'with network: nat, web.vm0.example.com needs an address and, as its gateway, that of its machine',
    ),
  ],
  [
    '{ type: nixos-container, network: { bridge: br0 }, interfaces: { lan: { addresses: [10.1.0.2/24] } } }',
    mistake('the interface of a container at a bridge or behind nat is eth0, not lan'),
  ],
  [
    '{ type: { path: /mine.nix } }',
    mistake("there is no file '/mine.nix'", 'compile/path-missing'),
  ],
  [
    '{ type: nixos-container, modules: [{ path: /type.nix, for: machines }] }',
    mistake('a virtual host gives no modules to machines', 'compile/module-for'),
  ],
])('%s: one mistake', (body, expected) => {
  const found = problems(guest(body), ['type.nix']).filter((line) => line.includes('error'))
  expect(found.map((line) => line.replace(/^\S+ error: /, ''))).toEqual([expected])
})

test('a machine gives no modules to its virtual hosts', () => {
  expect(
    problems('machines: { vm0: { modules: [{ path: /type.nix, for: virtual-hosts }] } }', [
      'type.nix',
    ]).join(),
  ).toContain('error: a machine gives no modules to its virtual hosts [compile/module-for]')
})

const mixed = (selectors: string): string => `services: { s: { selectors: ${selectors} } }
machines:
  vm0:
    tags: [all-of-them]
    interfaces: { eno1: { addresses: [10.0.0.1/24] } }
    virtualHosts:
      cache: { type: oci-container, image: redis, network: host }
      web: { type: nixos-container }
  printer:
    managed: false
    tags: [all-of-them]
    data: { floor: 2 }
    interfaces: { eth0: { addresses: [10.0.0.9/24] } }
`

test.each(['[example.com]', '["**"]', '[com, -web.vm0]'])(
  'a service that reaches hosts without modules by %s passes them by',
  (selectors) => {
    const inventory = inventoryOf(mixed(selectors))
    const [service] = inventory.services
    expect(service!.selected).toContain('printer.example.com')
    expect(service!.selected).toContain('cache.vm0.example.com')
    expect(service!.hosts).not.toContain('printer.example.com')
    expect(service!.hosts).not.toContain('cache.vm0.example.com')
    const { hosts, nameToIps } = resolve('s', inventory)
    expect(hosts).toEqual(service!.hosts)
    expect(nameToIps['s.example.com']).toEqual(['10.0.0.1'])
  },
)

test.each([
  ['[example.com, cache.vm0]', 'cache.vm0.example.com: it is a container from an image'],
  ['[eth0.printer]', 'printer.example.com: it is not managed'],
])('a service that names one, %s, is a mistake', (selectors, expected) => {
  expect(problems(mixed(selectors)).join()).toContain(
    `error: no service runs on ${expected} [selectors/no-modules]`,
  )
})

test('a service of which nothing is left is a mistake, a role that does not run takes every host', () => {
  expect(problems(mixed('["vhost:cache.*"]')).join()).toContain(
    'no service runs on any of these hosts: they are not managed, or containers from an image',
  )
  const { services } = inventoryOf(
    mixed('[vm0]').replace(
      'selectors: [vm0]',
      'selectors: [vm0], roles: { known: { selectors: [printer, cache.vm0], runs: false } }',
    ),
  )
  expect(services[0]!.roles[0]!.hosts).toEqual(['printer.example.com', 'cache.vm0.example.com'])
})

test('a machine that is not managed counts in selectors and maps, and nowhere else', () => {
  const inventory = inventoryOf(mixed('[vm0]'))
  expect(inventory.machines.map(({ label }) => label)).toEqual(['vm0'])
  expect(inventory.unmanaged).toMatchObject([{ label: 'printer', managed: false, services: [] }])
  const { hosts, nameToIps } = resolve(['tag:all-of-them', 'machine:*'], inventory, 'example.com')
  expect(hosts).toEqual(['printer.example.com', 'vm0.example.com'])
  expect(nameToIps['eth0.printer.example.com']).toEqual(['10.0.0.9'])
})

test('a machine that is not managed takes nothing of NixOS, and needs no system', () => {
  expect(problems('machines: { p: { managed: false, config: { a.b: 1 } } }')).toEqual([
    "1:34 error: 'config' means nothing at p.example.com, which is not managed [compile/unmanaged]",
  ])
})
