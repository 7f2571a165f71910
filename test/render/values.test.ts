import { join } from 'node:path'
import { expect, test } from 'vitest'
import { flakeOfCluster } from './cluster-flake.ts'

/** A stand-in of the lab for somebody's flake. */
const lab = (name: string): string => `path:${join(import.meta.dirname, '../../lab', name)}`

test('hosts and texts of files come as values', () => {
  const evaluate = flakeOfCluster(
    `services:
  s:
    roles: { first: [a], second: [b] }
    definition: { path: /s.nix }
    settings: { one: !host b, all: !hosts example.com, text: !read /files/motd }
machines:
  a:
    interfaces: { eth0: { addresses: [10.0.0.1/24] } }
    data: { peer: !host b, rack: 7 }
    config:
      environment.etc.motd.text: !read files/motd
      environment.etc.peer.text: !nix this.data.peer.primaryIp
  b:
    interfaces: { eth0: { addresses: [10.0.0.2/24] } }
    data: { peer: !host a, rack: !nix 4 + 4 }`,
    {
      'files/motd': "one ${x} '' \\\n\n",
      's.nix': `{ settings, ... }: {
        environment.etc.s.text = builtins.toJSON [
          settings.one.fqdn settings.one.data.rack settings.one.roles
          settings.one.data.peer.data.rack
          (map (host: host.hostName) settings.all)
          settings.text
        ];
      }`,
    },
  )
  const found = evaluate(
    'nixosConfigurations.a',
    'machine: with machine.config.environment.etc; [ motd.text peer.text (builtins.fromJSON s.text) ]',
  )
  const motd = "one ${x} '' \\\n"
  expect(found).toEqual([motd, '10.0.0.2', ['b.example.com', 8, ['second'], 7, ['a', 'b'], motd]])
})

test('users have modules of home-manager, where the nearer level wins', () => {
  const evaluate = flakeOfCluster(
    `users:
  admin:
    isNormalUser: true
    homeManager:
      - /home/admin.nix
      - { path: /home/named.nix, args: { name: !fqdn a } }
      - config:
          programs.git: { enable: true, userName: cluster }
          home.packages: !nix '[ pkgs.htop ]'
          home.sessionVariables: { LEVEL: cluster, CLUSTER: !nix cluster.name }
machines:
  a:
    users:
      admin:
        extraGroups: [wheel]
        homeManager:
          - config: { programs.git.userName: machine, home.sessionVariables.LEVEL: machine }
  b: { modules: [{ flake: home-manager, attribute: nixosModules.home-manager }] }`,
    {
      'home/admin.nix': `{ inputs, osConfig, ... }: {
        home.stateVersion = osConfig.system.stateVersion;
        home.sessionVariables.INPUTS = toString (inputs ? nixpkgs);
      }`,
      'home/named.nix': '{ name }: { home.sessionVariables.NAMED = name; }',
    },
    { 'home-manager': lab('home-manager') },
  )
  const homeOf = (machine: string): unknown =>
    evaluate(
      `nixosConfigurations.${machine}`,
      'machine: let home = machine.config.home-manager.users.admin; in { inherit (home.home) username homeDirectory stateVersion sessionVariables; inherit (home.programs.git) userName; packages = map (each: each.pname or each.name) home.home.packages; }',
    )
  const variables = { CLUSTER: 'example.com', INPUTS: '1', NAMED: 'a.example.com' }
  const home = {
    username: 'admin',
    homeDirectory: '/home/admin',
    stateVersion: '25.11',
    packages: [expect.stringContaining('htop')],
  }
  expect(homeOf('a')).toEqual({
    ...home,
    userName: 'machine',
    sessionVariables: { ...variables, LEVEL: 'machine' },
  })
  expect(homeOf('b')).toEqual({
    ...home,
    userName: 'cluster',
    sessionVariables: { ...variables, LEVEL: 'cluster' },
  })
})

test('users with their home, and hosts as values, come into virtual hosts too', () => {
  const evaluate = flakeOfCluster(
    `users:
  admin:
    isNormalUser: true
    homeManager: [{ config: { home.stateVersion: "25.11", programs.git.enable: true } }]
machines:
  a:
    interfaces: { eth0: { addresses: [10.0.0.1/24] } }
    virtualHosts:
      web:
        type: nixos-container
        network: nat
        addresses: [10.0.1.2/24]
        gateway: 10.0.1.1
        data: { peer: !host a }
        config: { environment.etc.peer.text: !nix this.data.peer.primaryIp }`,
    {},
    { 'home-manager': lab('home-manager') },
  )
  expect(
    evaluate(
      'nixosConfigurations.a',
      'machine: with machine.config.containers.web.config; [ home-manager.users.admin.programs.git.enable environment.etc.peer.text (users.users ? admin) ]',
    ),
  ).toEqual([true, '10.0.0.1', true])
})

test('secrets are referred to as sops-nix and agenix name them', () => {
  const evaluate = flakeOfCluster(
    `modules:
  - { flake: sops-nix, attribute: nixosModules.sops }
  - { flake: agenix, attribute: nixosModules.default }
config:
  sops:
    defaultSopsFile: !path /secrets/common.yaml
    age: { sshKeyPaths: [/etc/ssh/ssh_host_ed25519_key] }
  sops.secrets: { "db/password": { owner: postgres, restartUnits: [postgresql.service] } }
  age.secrets.admin.file: !path /secrets/admin.age
users:
  admin: { isNormalUser: true, hashedPasswordFile: !nix config.age.secrets.admin.path }
machines:
  a: { config: { environment.etc.db.text: !nix 'config.sops.secrets."db/password".path' } }`,
    { 'secrets/common.yaml': 'db: ENC[...]', 'secrets/admin.age': 'age-encryption.org/v1' },
    { 'sops-nix': lab('sops-nix'), agenix: lab('agenix') },
  )
  expect(
    evaluate(
      'nixosConfigurations.a',
      'machine: with machine.config; [ environment.etc.db.text users.users.admin.hashedPasswordFile sops.secrets."db/password".owner (baseNameOf sops.defaultSopsFile) sops.age.sshKeyPaths ]',
    ),
  ).toEqual([
    '/run/secrets/db/password',
    '/run/agenix/admin',
    'postgres',
    'common.yaml',
    ['/etc/ssh/ssh_host_ed25519_key'],
  ])
})

test("a level's value that a module beats is told, but for values of nearer levels", () => {
  const evaluate = flakeOfCluster(
    `config:
  time.timeZone: UTC
  networking.firewall: { enable: true, allowedTCPPorts: [22] }
  services.openssh.enable: !force true
  networking.domain: example.com # as the module has it
modules: [/forced.nix]
machines:
  a:
    modules: [/module.nix]
    config: { i18n.defaultLocale: C.UTF-8, boot.loader.timeout: !force 3 }
  b: { config: { time.timeZone: Europe/Berlin } }`,
    {
      'module.nix': `{
        time.timeZone = "Asia/Tokyo";
        networking.firewall.enable = false;
        networking.firewall.allowedTCPPorts = [ 80 ];
      }`,
      'forced.nix': `{ lib, ... }: {
        i18n.defaultLocale = lib.mkForce "de_DE.UTF-8";
        services.openssh.enable = lib.mkForce false;
        networking.domain = lib.mkForce "example.com";
        boot.loader.timeout = 5;
      }`,
    },
  )
  const by = (file: string): unknown => [
    expect.stringMatching(new RegExp(`^/nix/store/.*/${file}$`)),
  ]
  const cluster = { kind: 'cluster', name: 'example.com' }
  expect(evaluate('lib.unused')).toEqual({
    'a.example.com': [
      { ...cluster, option: ['networking', 'firewall', 'enable'], by: by('module.nix') },
      { ...cluster, option: ['services', 'openssh', 'enable'], by: by('forced.nix') },
      { ...cluster, option: ['time', 'timeZone'], by: by('module.nix') },
      {
        kind: 'machine',
        name: 'a.example.com',
        option: ['i18n', 'defaultLocale'],
        by: by('forced.nix'),
      },
    ],
    'b.example.com': [
      { ...cluster, option: ['services', 'openssh', 'enable'], by: by('forced.nix') },
    ],
  })
})
