import { expect, test } from 'vitest'
import type { Inventory } from '../../src/model/inventory.ts'
import { renderTree } from '../../src/render/tree.ts'
import { inventoryOf } from '../compile/fleet.ts'
import { flakeOf, labFlakes } from './nix.ts'

/** The inventory of a cluster, built from the lab's stand-ins. */
function fleetOf(body: string, files: readonly string[] = [], inputs: Record<string, string> = {}) {
  const inventory = inventoryOf(body, files)
  const urls = { ...labFlakes, ...inputs } as Record<string, string>
  return {
    ...inventory,
    inputs: inventory.inputs.map((each) => ({ ...each, url: urls[each.name] ?? each.url })),
  } satisfies Inventory
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
