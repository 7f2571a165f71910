import { expect, test } from 'vitest'
import { resolve } from '../../src/selectors/resolve.ts'
import { inventoryOf, problems } from '../compile/fleet.ts'

const machines = `machines:
  vm10: { interfaces: { eno1: { addresses: [10.0.0.10/24] } } }
  vm2:
    tags: [rack-a]
    interfaces: { eno1: { addresses: [10.0.0.2/24] } }
    virtualHosts:
      web10: { type: nixos-container, network: { bridge: br0 }, addresses: [10.0.0.30/24] }
      web2:
        type: nixos-container
        tags: [rack-a]
        network: { bridge: br0 }
        interfaces: { eth0: { addresses: [10.0.0.22/24] }, eth1: { dhcp: true } }
      shared: { type: nixos-container }
`

/** The short names of the hosts that a selector gives, seen from the cluster. */
function hosts(selector: string): string {
  const resolution = resolve(selector, inventoryOf(machines), 'example.com')
  expect(resolution.complaints).toEqual([])
  return resolution.hosts.map((name) => name.replace('.example.com', '')).join(' ')
}

test.each([
  ['example.com', 'vm2 shared.vm2 web2.vm2 web10.vm2 vm10'],
  ['com', 'vm2 shared.vm2 web2.vm2 web10.vm2 vm10'],
  ['vm2', 'vm2'],
  ['web2.vm2', 'web2.vm2'],
  ['vhost:web2.vm2', 'web2.vm2'],
  ['vhost:*.vm2', 'shared.vm2 web2.vm2 web10.vm2'],
  ['machine:*', 'vm2 vm10'],
  ['*.vm2', 'shared.vm2 web2.vm2 web10.vm2'],
  ['*', 'vm2 vm10'],
  ['**', 'vm2 shared.vm2 web2.vm2 web10.vm2 vm10'],
  ['tag:rack-a', 'vm2 web2.vm2'],
  ['eth0.web2.vm2', 'web2.vm2'],
])('%s selects %s', (selector, expected) => expect(hosts(selector)).toBe(expected))

test('its addresses are in the maps: its own, or those of the machine whose network it has', () => {
  const { nameToIps, nameToConfigs } = resolve('**', inventoryOf(machines), 'example.com')
  expect(nameToIps).toEqual({
    'vm2.example.com': ['10.0.0.2'],
    'eno1.vm2.example.com': ['10.0.0.2'],
    'shared.vm2.example.com': ['10.0.0.2'],
    'web2.vm2.example.com': ['10.0.0.22'],
    'eth0.web2.vm2.example.com': ['10.0.0.22'],
    'eth1.web2.vm2.example.com': [],
    'web10.vm2.example.com': ['10.0.0.30'],
    'eth0.web10.vm2.example.com': ['10.0.0.30'],
    'vm10.example.com': ['10.0.0.10'],
    'eno1.vm10.example.com': ['10.0.0.10'],
  })
  expect(nameToConfigs['eth0.web2.vm2.example.com']).toEqual(['web2.vm2.example.com'])
})

test('short names are looked up from a virtual host outward', () => {
  const { virtualHosts } = inventoryOf(`machines:
  vm0:
    interfaces: { eno1: { addresses: [10.0.0.1/24] } }
    virtualHosts:
      web:
        type: nixos-container
        data: { machine: !ip vm0, sibling: !fqdn db, own: !ip eth0 }
        network: nat
        addresses: [10.1.0.2/24]
        gateway: 10.1.0.1
      db: { type: nixos-container }
`)
  expect(virtualHosts.find(({ label }) => label === 'web')!.data).toMatchObject({
    entries: [
      ['machine', { value: '10.0.0.1' }],
      ['own', { value: '10.1.0.2' }],
      ['sibling', { value: 'db.vm0.example.com' }],
    ],
  })
})

test.each([
  [
    'a name is unique on its machine, across kinds',
    'machines: { vm0: { interfaces: { web: { dhcp: true } }, virtualHosts: { web: { type: nixos-container } } } }',
    '1:34 error: web.vm0.example.com is the name of a virtual host already (nixcluster.yaml:9) [names/duplicate]',
  ],
  [
    'an address belongs to one host',
    'machines: { vm0: { interfaces: { eno1: { addresses: [10.0.0.1/24] } }, virtualHosts: { web: { type: nixos-container, network: nat, addresses: [10.0.0.1/24] } } } }',
    '1:144 error: 10.0.0.1 is an address of vm0.example.com too (nixcluster.yaml:9) [compile/duplicate-address]',
  ],
  [
    'the type is needed',
    'machines: { vm0: { virtualHosts: { web: { } } } }',
    "1:36 error: the key 'type' is missing [schema/missing-key]",
  ],
  [
    'a misspelt type gets a suggestion',
    'machines: { vm0: { virtualHosts: { web: { type: nixos-contaner } } } }',
    "1:49 error: expected nixos-container, microvm or oci-container, found the text 'nixos-contaner', did you mean 'nixos-container'? [schema/value]",
  ],
  [
    'addresses stand at one place',
    'machines: { vm0: { virtualHosts: { web: { type: microvm, addresses: [10.0.0.1/24], interfaces: { eth1: {} } } } } }',
    '1:58 error: addresses beside interfaces: at which of them? [schema/value]',
  ],
])('%s', (_, body, expected) => expect(problems(body)).toContain(expected))
