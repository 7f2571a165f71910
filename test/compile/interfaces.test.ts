import { describe, expect, test } from 'vitest'
import { inventoryOf, problems } from './fleet.ts'

/** The complaints about one machine vm0 with these interfaces, the second line of the cluster being theirs. */
const about = (interfaces: string): string[] =>
  problems(`machines:\n  vm0: { interfaces: ${interfaces} }\n`)

/** The interfaces of vm0, by label. */
const interfacesOf = (interfaces: string, more = '') => {
  const { machines } = inventoryOf(`machines:\n  vm0: { interfaces: ${interfaces}${more} }\n`)
  return Object.fromEntries(machines[0]!.interfaces.map((each) => [each.label, each]))
}

test('an interface has addresses of both families, a gateway for each, and what its link is', () => {
  const { lan } = interfacesOf(
    `{ lan: { device: enP3p49s0, mac: "52:54:00:AA:BB:0c", mtu: 9000, addresses: [10.0.0.2/24, 10.0.0.3/24, "fd00::2/64"], gateway: [10.0.0.1, "fe80::1"], nameservers: [10.0.0.1] } }`,
  )
  expect(lan).toMatchObject({
    device: 'enP3p49s0',
    mac: '52:54:00:aa:bb:0c',
    mtu: 9000,
    addresses: ['10.0.0.2/24', '10.0.0.3/24', 'fd00::2/64'],
    gateways: ['10.0.0.1', 'fe80::1'],
    nameservers: ['10.0.0.1'],
  })
})

test('members are interfaces by their names, and devices where there is none of that name', () => {
  const { bond0, br0, lab } = interfacesOf(
    `{ left: { device: enP3p49s0 }, bond0: { bond: { interfaces: [LEFT, eno2], driverOptions: { mode: 802.3ad, miimon: 100 } } }, br0: { bridge: { interfaces: [bond0] } }, lab: { device: eth0.20, vlan: { id: 20, interface: br0 } } }`,
  )
  expect(bond0!.netdev).toEqual({
    kind: 'bond',
    devices: ['enP3p49s0', 'eno2'],
    driverOptions: { mode: '802.3ad', miimon: '100' },
  })
  expect(br0!.netdev).toEqual({ kind: 'bridge', devices: ['bond0'] })
  expect(lab).toMatchObject({ device: 'eth0.20', netdev: { kind: 'vlan', id: 20, device: 'br0' } })
})

test.each(['addresses: ["fe80::2%eno1/64"]', 'gateway: "fe80::1%eno1"'])(
  'an address says nothing of the device: %s',
  (written) => expect(about(`{ eno1: { ${written} } }`)).toHaveLength(1),
)

test('a machine whose interfaces are not rendered still has their addresses', () => {
  const { eno1 } = interfacesOf(
    '{ eno1: { addresses: [10.0.0.2/24] } }',
    ', render: { interfaces: false }',
  )
  expect(eno1).toMatchObject({ configure: false, addresses: ['10.0.0.2/24'] })
})

describe('gateways', () => {
  test.each([
    [
      'outside of its subnet',
      '{ addresses: [10.0.0.2/24], gateway: 10.0.1.1 }',
      'the gateway 10.0.1.1 is outside of 10.0.0.2/24',
    ],
    [
      'without an address of its family',
      '{ addresses: [10.0.0.2/24], gateway: "fd00::1" }',
      'the gateway fd00::1 has no IPv6 address beside it',
    ],
    [
      'that is no address',
      '{ addresses: [10.0.0.2/24], gateway: 10.0.0.1/24 }',
      "'10.0.0.1/24' is no address",
    ],
    [
      'twice for a family',
      '{ addresses: [10.0.0.2/24], gateway: [10.0.0.1, 10.0.0.9] }',
      'vm0.example.com has two gateways for IPv4',
    ],
  ])('one %s is an error', (_, wire, message) => {
    const found = about(`{ eno1: ${wire} }`)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(` error: ${message} [compile/`)
  })

  test('two interfaces may have one each, of another family only', () => {
    const both = (gateway: string): string[] =>
      about(
        `{ a: { primary: true, addresses: [10.0.0.2/24], gateway: 10.0.0.1 }, b: { addresses: [10.1.0.2/24, "fd00::2/64"], gateway: "${gateway}" } }`,
      )
    expect(both('fd00::1')).toEqual([])
    expect(both('10.1.0.1')).toEqual([
      '2:145 error: vm0.example.com has two gateways for IPv4 [compile/gateway]',
    ])
  })

  test.each([
    ['/32', '{ addresses: [192.0.2.7/32], gateway: 10.0.0.1 }'],
    ['/128', '{ addresses: ["2001:db8::7/128"], gateway: "fd00::1" }'],
    ['a link-local gateway', '{ addresses: ["2001:db8::7/64"], gateway: "fe80::1" }'],
    ['DHCP, where nothing is configured', '{ dhcp: true, gateway: 10.0.0.1 }'],
  ])('%s needs no subnet around it', (_, wire) => expect(about(`{ eno1: ${wire} }`)).toEqual([]))
})

describe('what must be unique', () => {
  test('an address of two hosts is an error at the second', () => {
    expect(
      problems(
        'machines:\n  vm0: { interfaces: { eno1: { addresses: [10.0.0.2/24] } } }\n  vm1: { interfaces: { eno1: { addresses: ["10.0.0.2/16"] } } }\n',
      ),
    ).toEqual([
      '3:44 error: 10.0.0.2 is an address of vm0.example.com too (nixcluster.yaml:10) [compile/duplicate-address]',
    ])
  })

  test('a virtual host is a host like others, its machine included', () => {
    expect(
      problems(`machines:
  vm0:
    interfaces: { br0: { bridge: { interfaces: [] }, addresses: [10.0.0.2/24] } }
    virtualHosts:
      web: { type: nixos-container, network: { bridge: br0 }, addresses: [10.0.0.2/24], gateway: [10.0.0.1, "fd00::1"] }
`),
    ).toEqual([
      '5:75 error: 10.0.0.2 is an address of vm0.example.com too (nixcluster.yaml:11) [compile/duplicate-address]',
      '5:109 error: the gateway fd00::1 has no IPv6 address beside it [compile/gateway]',
    ])
  })

  test('a MAC address of two interfaces is one too, however it is written', () => {
    expect(
      about('{ eno1: { mac: "52:54:00:00:00:0A" }, eno2: { mac: "52:54:00:00:00:0a" } }'),
    ).toEqual([
      '2:73 error: 52:54:00:00:00:0a is the MAC address of eno1.vm0.example.com too (nixcluster.yaml:10) [compile/duplicate-address]',
    ])
  })

  test('so is a device of two interfaces, unless one of them only describes', () => {
    const twice = (more: string) => about(`{ a: { device: eno1 }, b: { device: eno1${more} } }`)
    expect(twice('')).toEqual([
      '2:58 error: a and b of vm0.example.com are the same device, eno1 [compile/device]',
    ])
    expect(twice(', configure: false')).toEqual([])
  })
})

describe('mistakes', () => {
  test.each([
    [
      'a name that Linux cannot have',
      '{ management-network: { } }',
      "'management-network' is too long for a device: Linux allows 15 characters [compile/device]",
    ],
    [
      'a MAC address where nothing is hardware',
      '{ br0: { mac: "52:54:00:00:00:0a", bridge: { interfaces: [] } } }',
      'mac finds hardware, and br0 is a bridge [compile/mac]',
    ],
    [
      'two kinds at once',
      '{ br0: { bridge: { interfaces: [] }, vlan: { id: 3, interface: eno1 } } }',
      'br0 is a vlan and a bridge: an interface is one of them [compile/netdev]',
    ],
    [
      'a member that no device can be called',
      '{ eno1: { }, br0: { bridge: { interfaces: [eno1/] } } }',
      "'eno1/' is no interface and no device, did you mean 'eno1'? [compile/netdev]",
    ],
    [
      'a member with addresses',
      '{ eno1: { addresses: [10.0.0.2/24] }, br0: { bridge: { interfaces: [eno1] } } }',
      'eno1 is a member of br0: it has no addresses of its own [compile/netdev]',
    ],
    [
      'a member with DHCP',
      '{ eno1: { dhcp: true }, bond0: { bond: { interfaces: [eno1] } } }',
      'eno1 is a member of bond0: it has no addresses of its own [compile/netdev]',
    ],
    [
      'a member of two',
      '{ br0: { bridge: { interfaces: [eno1] } }, br1: { bridge: { interfaces: [eno1] } } }',
      'eno1 is a member of br0 already [compile/netdev]',
    ],
    [
      'itself',
      '{ br0: { bridge: { interfaces: [br0] } } }',
      'the interfaces of vm0.example.com go round in a circle: br0 -> br0 [compile/netdev]',
    ],
    [
      'a circle',
      '{ a: { vlan: { id: 2, interface: b } }, b: { bridge: { interfaces: [eno9, c] } }, c: { bond: { interfaces: [a] } } }',
      'the interfaces of vm0.example.com go round in a circle: a -> b -> c -> a [compile/netdev]',
    ],
    [
      'a name server by name',
      '{ eno1: { nameservers: [dns.example.com] } }',
      "'dns.example.com' is no address [compile/address]",
    ],
    [
      'two primary interfaces',
      '{ a: { primary: true }, b: { primary: true } }',
      'vm0.example.com has two primary interfaces [compile/primary]',
    ],
    [
      'none where several have addresses',
      '{ a: { addresses: [10.0.0.2/24] }, b: { addresses: [10.1.0.2/24] } }',
      'vm0.example.com has addresses at several interfaces: a, b [compile/primary]',
    ],
    [
      'no VLAN of that number',
      '{ v: { vlan: { id: 4095, interface: eno1 } } }',
      'the number 4095 does not fit here: it must be at most 4094 [schema/value]',
    ],
    [
      'a MAC address in another form',
      '{ a: { mac: 5254.0000.000a } }',
      "expected text like 52:54:00:12:34:56, found the text '5254.0000.000a' [schema/value]",
    ],
  ])('%s is an error', (_, interfaces, message) => {
    const found = about(interfaces)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^2:\d+ error: /)
    expect(found[0]!.replace(/^2:\d+ error: /, '')).toBe(message)
  })

  test('a member that looks misspelt is a warning, another device of the kind is none', () => {
    const bridged = (member: string) =>
      about(`{ eno1: { }, br0: { bridge: { interfaces: [${member}] } } }`)
    expect(bridged('en01')).toEqual([
      "2:65 warning: no interface here is called 'en01', did you mean 'eno1'? [compile/netdev]",
    ])
    expect(bridged('eno3')).toEqual([])
    expect(bridged('enp3s0')).toEqual([])
  })
})

test('a circle of 10,000 interfaces is found, and shown in one line', () => {
  const circle = Array.from(
    { length: 10_000 },
    (_, n) => `      v${n}: { vlan: { id: 2, interface: v${(n + 1) % 10_000} } }`,
  )
  const found = problems(`machines:\n  vm0:\n    interfaces:\n${circle.join('\n')}\n`)
  expect(found).toHaveLength(1)
  expect(found[0]).toContain('go round in a circle: v0 -> v1 -> v2 -> v3 ')
  expect(found[0]!.length).toBeLessThan(200)
})

test('an interface that is called as its VLAN is may be selected, and only its name is wrong', () => {
  const wires = '{ eth0.10: { addresses: [10.0.0.1/24] } }'
  const said = problems(
    `machines: { vm0: { interfaces: ${wires} } }\nservices: { web: { selectors: [eth0.10.vm0] } }`,
  )
  expect(said).toEqual([
    "1:34 error: 'eth0.10' cannot be a name: letters, digits and hyphens only, with a letter or digit at both ends [names/label]",
  ])
})
