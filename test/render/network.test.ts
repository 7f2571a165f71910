import { expect, test } from 'vitest'
import { inventoryOf } from '../compile/fleet.ts'
import { flakeOf, labFlakes } from './nix.ts'

/** `example.com` as compiled, built from the lab's inputs. */
const flake = (body: string): ReturnType<typeof flakeOf> => {
  const inventory = inventoryOf(body)
  const inputs = inventory.inputs.map((input) => ({
    ...input,
    url: labFlakes[input.name as keyof typeof labFlakes],
  }))
  return flakeOf({ ...inventory, inputs })
}

test('interfaces become the options of NixOS that configure them', () => {
  const read = flake(`machines:
  vm0:
    interfaces:
      left: { device: enP3p49s0, mac: "52:54:00:00:00:0A" }
      right: { device: enP3p49s1, mac: "52:54:00:00:00:0b", mtu: 9000 }
      bond0: { bond: { interfaces: [left, right], driverOptions: { mode: 802.3ad, miimon: 100 } } }
      br0:
        bridge: { interfaces: [bond0] }
        addresses: [10.0.0.2/24, 10.0.0.3/24, "fd00::2/64"]
        gateway: [10.0.0.1, "fe80::1"]
        nameservers: [10.0.0.1, "fd00::1"]
        primary: true
      lab: { device: br0.20, vlan: { id: 20, interface: br0 }, addresses: [10.20.0.2/24], nameservers: [10.20.0.1, 10.0.0.1] }
      wan: { device: eno9, dhcp: true, addresses: [192.0.2.7/24], gateway: 192.0.2.1 }
      bmc: { addresses: [10.9.0.2/24], configure: false }
`)
  const facts = read(
    'nixosConfigurations."vm0.example.com".config',
    `config: {
      inherit (config.networking) vlans nameservers;
      bridges = builtins.mapAttrs (_: each: each.interfaces) config.networking.bridges;
      bonds = builtins.mapAttrs (_: each: { inherit (each) interfaces driverOptions; }) config.networking.bonds;
      gateways = map (each: "\${each.address} \${each.interface}") [ config.networking.defaultGateway config.networking.defaultGateway6 ];
      links = builtins.mapAttrs (_: each: { inherit (each) matchConfig linkConfig; }) config.systemd.network.links;
      interfaces = builtins.mapAttrs (_: each: {
        inherit (each) useDHCP mtu macAddress;
        addresses = map (one: "\${one.address}/\${toString one.prefixLength}") (each.ipv4.addresses ++ each.ipv6.addresses);
      }) config.networking.interfaces;
      system = config.system.build.toplevel.drvPath != "";
    }`,
  )
  const plain = { useDHCP: false, mtu: null, macAddress: null, addresses: [] }
  expect(facts).toEqual({
    interfaces: {
      enP3p49s0: plain,
      enP3p49s1: { ...plain, mtu: 9000 },
      bond0: plain,
      br0: { ...plain, addresses: ['10.0.0.2/24', '10.0.0.3/24', 'fd00::2/64'] },
      'br0.20': { ...plain, addresses: ['10.20.0.2/24'] },
      eno9: { ...plain, useDHCP: true },
    },
    gateways: ['10.0.0.1 br0', 'fe80::1 br0'],
    nameservers: ['10.0.0.1', 'fd00::1', '10.20.0.1'],
    vlans: { 'br0.20': { id: 20, interface: 'br0' } },
    bridges: { br0: ['bond0'] },
    bonds: {
      bond0: {
        interfaces: ['enP3p49s0', 'enP3p49s1'],
        driverOptions: { mode: '802.3ad', miimon: '100' },
      },
    },
    links: {
      '10-enP3p49s0': {
        matchConfig: { PermanentMACAddress: '52:54:00:00:00:0a' },
        linkConfig: { Name: 'enP3p49s0' },
      },
      '10-enP3p49s1': {
        matchConfig: { PermanentMACAddress: '52:54:00:00:00:0b' },
        linkConfig: { Name: 'enP3p49s1' },
      },
    },
    system: true,
  })
})

test('what a machine switches off is left to its own modules, and services still see it', () => {
  const read = flake(`machines:
  vm0:
    render: { hostName: false, domain: false, interfaces: false }
    interfaces: { eno1: { addresses: [10.0.0.2/24], gateway: 10.0.0.1, nameservers: [10.0.0.1] } }
    config:
      networking.hostName: elsewhere
      networking.interfaces.wan.useDHCP: true
      environment.etc.seen.text: !nix "toString this.interfaces.eno1.gateways"
`)
  const facts = read(
    'nixosConfigurations."vm0.example.com".config',
    `config: {
      inherit (config.networking) hostName domain nameservers defaultGateway;
      interfaces = builtins.attrNames config.networking.interfaces;
      seen = config.environment.etc.seen.text;
    }`,
  )
  expect(facts).toEqual({
    hostName: 'elsewhere',
    domain: null,
    nameservers: [],
    defaultGateway: null,
    interfaces: ['wan'],
    seen: '10.0.0.1',
  })
})

test('a deployment ends in the node as deploy-rs wants it', () => {
  const read =
    flake(`deployment: { sshUser: deploy, sudo: doas -u, tempPath: /var/tmp, fastConnection: false }
machines:
  vm0:
    tags: [rack-a]
    interfaces: { eno1: { addresses: [10.0.0.2/24] } }
    deployment:
      port: 2222
      buildOn: target
      magicRollback: false
      sshOptions: { ProxyJump: "admin@192.0.2.1:22", ConnectTimeout: 30, Compression: true }
`)
  expect(read('deploy.nodes."vm0.example.com"', 'node: removeAttrs node [ "profiles" ]')).toEqual({
    hostname: '10.0.0.2',
    sshUser: 'deploy',
    sshOpts: [
      ...['-p', '2222', '-o', 'Compression=yes', '-o', 'ConnectTimeout=30'],
      ...['-o', 'ProxyJump=admin@192.0.2.1:22'],
    ],
    user: 'root',
    sudo: 'doas -u',
    remoteBuild: true,
    fastConnection: false,
    tempPath: '/var/tmp',
    tags: ['rack-a'],
    magicRollback: false,
    autoRollback: true,
    confirmTimeout: 30,
    activationTimeout: 240,
  })
})
