import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Inventory } from '../../src/model/inventory.ts'
import { renderTree } from '../../src/render/tree.ts'
import { inventoryOf } from '../compile/fleet.ts'
import { flakeOfCluster } from './cluster-flake.ts'
import { flakeOf, labFlakes } from './nix.ts'

const microvm = `path:${join(import.meta.dirname, '../../lab/microvm')}`

/** The inventory of a cluster, built from the lab's stand-ins. */
function fleetOf(body: string, files: readonly string[] = []): Inventory {
  const inventory = inventoryOf(body, files)
  const urls: Record<string, string> = labFlakes
  const inputs = inventory.inputs.map((each) => ({ ...each, url: urls[each.name] ?? each.url }))
  return { ...inventory, inputs }
}

test('a container has its own configuration, its services and its network', () => {
  const evaluate = flakeOf(
    fleetOf(
      `
users: { admin: { isNormalUser: true } }
config: { time.timeZone: UTC }
modules:
  - { config: { environment.etc.machines.text: m } }
  - { config: { environment.etc.guests.text: g }, for: virtual-hosts }
  - { config: { environment.etc.everyone.text: e }, for: all }
services:
  hello:
    selectors: ["vhost:*.vm0"]
    definition: { path: /services/hello.nix }
    settings: { address: !ip web.vm0, peers: !fqdns [vm0, web.vm0] }
    modules: [/modules/hello.nix, { config: { environment.etc.only.text: vm }, for: machines }]
machines:
  vm0:
    stateVersion: "25.11"
    interfaces: { eno1: { addresses: [10.0.0.1/24] } }
    config: { environment.etc.disk.text: mine }
    virtualHosts:
      web:
        type: nixos-container
        network: { bridge: br0 }
        addresses: [10.0.0.2/24, "fd00::2/64"]
        gateway: 10.0.0.254
        users: { www: { isNormalUser: true } }
        config: { services.nginx.enable: true, environment.etc.name.text: !nix config.networking.fqdn }
        settings: { bindMounts: { /srv: { isReadOnly: false } } }
`,
      ['services/hello.nix', 'modules/hello.nix'],
    ),
    {
      'services/hello.nix':
        '{ settings, this, cluster, selectors, ... }: { config, ... }: { environment.etc.hello.text = builtins.toJSON [ this.name this.kind this.machine cluster.name settings config.networking.hostName (map (host: host.primaryIp) selectors) ]; }',
      'modules/hello.nix':
        '{ nixcluster, inputs, ... }: { environment.etc.argument.text = "${nixcluster.this.name} ${toString (inputs ? nixpkgs)}"; }',
    },
  )
  expect(
    evaluate(
      'nixosConfigurations.vm0.config',
      `machine: let
        web = machine.containers.web;
        etc = configuration: builtins.mapAttrs (_: file: file.text)
          (builtins.intersectAttrs { machines = 1; guests = 1; everyone = 1; hello = 1; argument = 1; name = 1; disk = 1; only = 1; } configuration.environment.etc);
        users = configuration: builtins.attrNames (builtins.intersectAttrs { admin = 1; www = 1; } configuration.users.users);
      in {
        machine = { etc = etc machine; users = users machine; };
        web = {
          etc = etc web.config;
          users = users web.config;
          inherit (web) autoStart privateNetwork hostBridge localAddress;
          mounts = builtins.attrNames web.bindMounts;
          inherit (web.config.networking) hostName domain;
          gateway = web.config.networking.defaultGateway.address;
          ips = with web.config.networking.interfaces.eth0; map (each: each.address) (ipv4.addresses ++ ipv6.addresses);
          inherit (web.config.system) stateVersion;
          nginx = web.config.services.nginx.enable;
          zone = web.config.time.timeZone;
          platform = web.config.nixpkgs.hostPlatform.system;
        };
      }`,
    ),
  ).toEqual({
    machine: { etc: { machines: 'm', everyone: 'e', disk: 'mine' }, users: ['admin'] },
    web: {
      etc: {
        guests: 'g',
        everyone: 'e',
        hello: JSON.stringify([
          'web.vm0.example.com',
          'vhost',
          'vm0.example.com',
          'example.com',
          { address: '10.0.0.2', peers: ['vm0.example.com', 'web.vm0.example.com'] },
          'web',
          ['10.0.0.2'],
        ]),
        argument: 'web.vm0.example.com 1',
        name: 'web.vm0.example.com',
      },
      users: ['admin', 'www'],
      autoStart: true,
      privateNetwork: true,
      hostBridge: 'br0',
      localAddress: null,
      mounts: ['/srv'],
      hostName: 'web',
      domain: 'vm0.example.com',
      gateway: '10.0.0.254',
      ips: ['10.0.0.2', 'fd00::2'],
      stateVersion: '25.11',
      nginx: true,
      zone: null,
      platform: 'x86_64-linux',
    },
  })
  expect(evaluate('nixosConfigurations', 'builtins.attrNames')).toEqual(['vm0', 'vm0.example.com'])
  expect(evaluate('deploy.nodes', 'builtins.attrNames')).toEqual(['vm0.example.com'])
  expect(evaluate('lib.machines', 'builtins.attrNames')).toEqual([
    'vm0.example.com',
    'web.vm0.example.com',
  ])
  expect(evaluate('lib.services."hello.example.com"', 'builtins.attrNames')).toEqual([
    'web.vm0.example.com',
  ])
})

test('what a virtual host is made of is an input of its machine, and of no other', () => {
  const { dependencies } = renderTree(
    fleetOf(`
services: { s: { selectors: [web.vm0] } }
machines:
  vm0: { virtualHosts: { web: { type: nixos-container } } }
  vm1: {}
`),
  )
  expect(dependencies.get('vm0.example.com')).toEqual({
    files: [
      'nixcluster/levels/com.nix',
      'nixcluster/levels/example.com.nix',
      'nixcluster/machines/example.com/vm0.example.com.nix',
      'nixcluster/hosts/example.com/vm0.example.com.nix',
      'nixcluster/virtual-hosts/example.com/web.vm0.example.com.nix',
      'nixcluster/hosts/example.com/web.vm0.example.com.nix',
      'nixcluster/lib/types/nixos-container.nix',
    ],
    groups: ['nixcluster/lib', 's.example.com'],
  })
  expect(dependencies.get('vm1.example.com')!.files).toHaveLength(4)
})

test('each type is what its machine knows by its own options', () => {
  const evaluate = flakeOfCluster(
    `
users: { admin: { isNormalUser: true } }
data: { floor: 3, pkgs: !nix pkgs.htop.pname }
services: { hello: { selectors: [example.com], definition: { path: /hello.nix } } }
machines:
  vm0:
    interfaces:
      eno1: { device: enp1s0, addresses: [10.0.0.1/24] }
    virtualHosts:
      mac: { type: nixos-container, network: { macvlan: eno1 }, addresses: [10.0.0.3/24] }
      nat:
        type: nixos-container
        network: nat
        addresses: [10.1.0.2/24, "fd01::2/64"]
        gateway: [10.1.0.1, "fd01::1"]
        settings: { autoStart: false, forwardPorts: [{ hostPort: 80 }] }
      same: { type: nixos-container, network: host }
      vm:
        type: microvm
        network: { bridge: br0 }
        addresses: [10.0.0.4/24]
        config: { microvm.mem: 1024 }
        settings: { autostart: false }
      vm2:
        type: microvm
        network: { macvlan: eno1 }
        interfaces: { lan: { addresses: [10.0.0.5/24], mac: "02:00:00:00:00:05" } }
      cache:
        type: oci-container
        image: redis:8
        network: host
        settings: { environment: { PORT: "6379" }, volumes: [/srv:/data] }
      own:
        type: { path: /types/own.nix }
        settings: { x: [1, !nix pkgs.htop.pname], y: !ip vm }
        data: { z: 1 }
`,
    {
      'hello.nix':
        '{ this, cluster, ... }: { environment.etc.hello.text = "${this.name} ${toString cluster.data.floor} ${cluster.data.pkgs}"; }',
      'types/own.nix': `{ name, module, settings, host, specialArgs }:
        { lib, ... }: {
          environment.etc."own-\${name}".text = builtins.toJSON [ settings host.data host.machine (builtins.attrNames specialArgs) ];
          containers.\${name} = { config = module; inherit specialArgs; };
        }`,
    },
    { microvm },
  )
  const hello = 'config.environment.etc.hello.text'
  expect(
    evaluate(
      'nixosConfigurations.vm0.config',
      `machine: with machine; let
        vm = microvm.vms.vm; vm2 = microvm.vms.vm2;
        ips = configuration: device: map (each: each.address) configuration.networking.interfaces.\${device}.ipv4.addresses;
        interface = guest: builtins.head guest.config.config.microvm.interfaces;
      in {
        mac = { inherit (containers.mac) privateNetwork macvlans; ips = ips containers.mac.config "mv-enp1s0"; };
        nat = {
          inherit (containers.nat) privateNetwork autoStart localAddress localAddress6 hostAddress hostAddress6;
          inherit (networking.nat) enable internalInterfaces;
          own = builtins.attrNames containers.nat.config.networking.interfaces;
        };
        same = { inherit (containers.same) privateNetwork; hello = containers.same.${hello}; };
        vm = {
          inherit (vm) autostart;
          inherit (vm.config.config.microvm) mem;
          inherit (interface vm) type id bridge;
          isLinked = vm.config.config.systemd.network.links."10-eth0".matchConfig.MACAddress == (interface vm).mac;
          ips = ips vm.config.config "eth0";
          hello = vm.config.${hello};
          user = vm.config.config.users.users ? admin;
        };
        vm2 = { inherit (interface vm2) type mac id; link = (interface vm2).macvtap.link; ips = ips vm2.config.config "lan"; };
        cache = { inherit (virtualisation.oci-containers.containers.cache) image environment volumes extraOptions; };
        own = { told = environment.etc.own-own.text; hello = containers.own.${hello}; };
        hello = environment.etc.hello.text;
      }`,
    ),
  ).toEqual({
    mac: { privateNetwork: true, macvlans: ['enp1s0'], ips: ['10.0.0.3'] },
    nat: {
      privateNetwork: true,
      autoStart: false,
      localAddress: '10.1.0.2',
      localAddress6: 'fd01::2',
      hostAddress: '10.1.0.1',
      hostAddress6: 'fd01::1',
      enable: true,
      internalInterfaces: ['ve-nat'],
      own: [],
    },
    same: { privateNetwork: false, hello: 'same.vm0.example.com 3 htop' },
    vm: {
      autostart: false,
      mem: 1024,
      type: 'bridge',
      id: 'vm-vm-eth0',
      bridge: 'br0',
      isLinked: true,
      ips: ['10.0.0.4'],
      hello: 'vm.vm0.example.com 3 htop',
      user: true,
    },
    vm2: {
      type: 'macvtap',
      mac: '02:00:00:00:00:05',
      id: 'vm-vm2-lan',
      link: 'enp1s0',
      ips: ['10.0.0.5'],
    },
    cache: {
      image: 'redis:8',
      environment: { PORT: '6379' },
      volumes: ['/srv:/data'],
      extraOptions: ['--network=host'],
    },
    own: {
      told: JSON.stringify([
        { x: [1, 'htop'], y: '10.0.0.4' },
        { z: 1 },
        'vm0.example.com',
        ['inputs', 'nixcluster'],
      ]),
      hello: 'own.vm0.example.com 3 htop',
    },
    hello: 'vm0.example.com 3 htop',
  })
})

test('static-dns on a machine lists virtual hosts, and hosts that are not managed', () => {
  const evaluate = flakeOfCluster(`
services: { dns: { selectors: [example.com], definition: { builtin: static-dns } } }
machines:
  printer: { managed: false, interfaces: { eth0: { addresses: [10.0.0.9/24] } } }
  vm0:
    interfaces: { eno1: { addresses: [10.0.0.1/24] } }
    virtualHosts:
      web: { type: nixos-container, network: { bridge: br0 }, addresses: [10.0.0.2/24] }
      cache: { type: oci-container, image: redis, network: host }
`)
  const names =
    'configuration: builtins.mapAttrs (_: names: builtins.filter (name: builtins.match ".*example.com" name != null) names) configuration.networking.hosts'
  const seen = {
    '10.0.0.1': expect.arrayContaining(['vm0.example.com', 'cache.vm0.example.com']),
    '10.0.0.2': expect.arrayContaining(['web.vm0.example.com']),
    '10.0.0.9': expect.arrayContaining(['printer.example.com']),
  }
  expect(evaluate('nixosConfigurations.vm0.config', names)).toMatchObject(seen)
  expect(evaluate('nixosConfigurations.vm0.config.containers.web.config', names)).toMatchObject(
    seen,
  )
  expect(evaluate('nixosConfigurations', 'builtins.attrNames')).toEqual(['vm0', 'vm0.example.com'])
  expect(evaluate('lib.machines', 'builtins.attrNames')).toEqual([
    'vm0.example.com',
    'web.vm0.example.com',
  ])
})
