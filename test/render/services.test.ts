import { expect, test } from 'vitest'
import { folderOf } from './nix.ts'
import { configOf, demo, flake } from './yaml-fleet.ts'

const written = 'builtins.fromJSON environment.etc.seen.text'

test('a definition sees what the roles say about their members, and hosts that it does not run on', () => {
  const evaluate = flake(
    demo(`
    services:
      store:
        roles:
          member:
            selectors: [vm*]
            settings: { vm*: { weight: 1 }, vm1: { weight: 2, name: !nix config.networking.hostName } }
          Clients: { selectors: [web], runs: false }
        data: { color: blue }
        definition: { path: /services/store.nix }
    machines:
      vm0: { interfaces: { eth0: { addresses: [10.0.0.10/24] } }, deployment: { hostKey: ssh-ed25519 AAAA } }
      vm1: { interfaces: { eth0: { addresses: [10.0.0.11/24, "fd00::11/64"] } }, deployment: { port: 2222 } }
      web: { interfaces: { eth0: { addresses: [10.0.0.20/24] } } }
`),
    {
      'services/store.nix': `args: {
        environment.etc.seen.text = builtins.toJSON {
          members = map (host: { inherit (host) settings roles primaryIps hostKey sshPort; }) args.roles.member;
          clients = map (host: { inherit (host) hostName roles settings; }) args.roles.Clients;
          selectors = map (host: host.hostName) args.selectors;
          this = args.this.settings.weight;
          inherit (args.service) data;
        };
      }`,
    },
  )
  expect(evaluate(...configOf('vm0', `[ (${written}) ]`))).toEqual([
    {
      members: [
        {
          settings: { weight: 1 },
          roles: ['member'],
          primaryIps: ['10.0.0.10'],
          hostKey: 'ssh-ed25519 AAAA',
          sshPort: 22,
        },
        {
          settings: { weight: 2, name: 'vm0' },
          roles: ['member'],
          primaryIps: ['10.0.0.11', 'fd00::11'],
          hostKey: null,
          sshPort: 2222,
        },
      ],
      clients: [{ hostName: 'web', roles: ['Clients'], settings: {} }],
      selectors: ['vm0', 'vm1'],
      this: 1,
      data: { color: 'blue' },
    },
  ])
  expect(evaluate(...configOf('web', '[ (environment.etc ? seen) ]'))).toEqual([false])
})

test('a function written for NixOs-ClusterConfig finds its names', () => {
  const evaluate = flake(
    demo(`
    services:
      vault:
        selectors: [vm0, vm1]
        roles: { apiAddress: [vm1] }
        definition: { path: /services/old.nix }
    machines:
      vm0:
        interfaces: { eth0: { addresses: [10.0.0.10/24] }, eth1: { dhcp: true } }
        data: { serviceAddresses: [{ role: vault-listener, address: 10.0.0.10, port: 8200 }] }
      vm1: { interfaces: { eth0: { addresses: [10.0.0.11/24] } } }
`),
    {
      'services/old.nix': `
        { clusterInfo, selectors, roles, this }:
        { lib, config, ... }:
        {
          environment.etc.seen.text = builtins.toJSON {
            cluster = clusterInfo.fqdn;
            this = { inherit (this) machineName clusterName fqdn ips serviceAddresses; };
            api = map (host: host.machineName) roles.apiAddress;
            addresses = map (host: lib.remove "dhcp" (lib.concatLists (lib.attrValues host.ips))) selectors;
          };
        }`,
    },
  )
  expect(evaluate(...configOf('vm0', written))).toEqual({
    cluster: 'demo.lab',
    this: {
      machineName: 'vm0',
      clusterName: 'demo',
      fqdn: 'vm0.demo.lab',
      ips: { eth0: ['10.0.0.10'], eth1: ['dhcp'] },
      serviceAddresses: [{ role: 'vault-listener', address: '10.0.0.10', port: 8200 }],
    },
    api: ['vm1'],
    addresses: [['10.0.0.10'], ['10.0.0.11']],
  })
})

test('a definition may be a module as it is, and options may be set beside it', () => {
  const evaluate = flake(
    demo(`
    services:
      plain: { selectors: [vm0], definition: { path: /services/plain.nix }, modules: [{ config: { users.motd: hello } }] }
    machines: { vm0: }
`),
    { 'services/plain.nix': '{ environment.etc.seen.text = "\\"plain\\""; }' },
  )
  expect(evaluate(...configOf('vm0', `[ (${written}) users.motd ]`))).toEqual(['plain', 'hello'])
})

test('a definition may be an attribute of an input', () => {
  const folder = folderOf([
    [
      'flake.nix',
      '{ outputs = _: { services.web = { settings, this, ... }: { environment.etc.seen.text = builtins.toJSON [ settings.port this.hostName ]; }; }; }',
    ],
  ])
  const input = `inputs:\n  assets: { url: "path:${folder}" }`
  const evaluate = flake(
    demo(`
    services:
      web: { selectors: [vm0], definition: { flake: assets, attribute: services.web }, settings: { port: 80 } }
    machines: { vm0: }
`),
    {},
    (yaml) => yaml.replace('inputs:', input),
  )
  expect(evaluate(...configOf('vm0', written))).toEqual([80, 'vm0'])
})
