import { describe, expect, test } from 'vitest'
import type { Definition, ModuleReference, Role } from '../../src/model/inventory.ts'
import {
  fleet,
  force,
  machine,
  network,
  nix,
  options,
  path,
  service,
  settings,
  user,
  value,
} from './fleet.ts'
import { flakeOf, labFlakes } from './nix.ts'

const at = { file: 'clusters/demo.yaml', document: 0, path: [] }
const role = (label: string, of: string, hosts: readonly string[]): Role => ({
  kind: 'role',
  name: `${label}.${of}.demo.lab`,
  label,
  at,
  hosts: hosts.map((host) => `${host}.demo.lab`),
})
const builtin = (name: string): Definition => ({ kind: 'builtin', name, at })
const file = (path: string): Definition => ({ kind: 'path', path, at })
const configOf = (name: string, ...names: string[]): [string, string] => [
  `nixosConfigurations."${name}"`,
  `machine: with machine.config; { ${names.map((each, index) => `"${index}" = ${each};`).join(' ')} }`,
]

describe('a fleet of three', () => {
  const three = fleet({
    inputs: labFlakes,
    machines: [
      machine('web1', '10.0.0.11'),
      machine('web2', '10.0.0.12'),
      machine('db1', '10.0.0.13'),
    ],
  })

  test('has a node for deploy-rs and a system for each machine', () => {
    const evaluate = flakeOf(three)
    const nodes = evaluate(
      'deploy.nodes',
      'builtins.mapAttrs (_: node: node // { profiles = builtins.mapAttrs (_: each: each // { path = each.path.outPath; }) node.profiles; })',
    )
    const node = (hostname: string, name: string): unknown => ({
      hostname,
      sshUser: 'root',
      sshOpts: ['-p', '22'],
      user: 'root',
      fastConnection: true,
      magicRollback: true,
      autoRollback: true,
      confirmTimeout: 30,
      activationTimeout: 240,
      profiles: {
        system: {
          user: 'root',
          path: expect.stringMatching(
            `^/nix/store/[a-z0-9]{32}-activatable-nixos-system-${name}-25\\.11`,
          ),
        },
      },
    })
    expect(nodes).toEqual({
      'web1.demo.lab': node('10.0.0.11', 'web1'),
      'web2.demo.lab': node('10.0.0.12', 'web2'),
      'db1.demo.lab': node('10.0.0.13', 'db1'),
    })
    expect(evaluate('nixosConfigurations', 'builtins.attrNames')).toEqual([
      ...['db1', 'db1.demo.lab', 'web1', 'web1.demo.lab', 'web2', 'web2.demo.lab'],
    ])
    expect(evaluate('checks', 'builtins.mapAttrs (_: builtins.attrNames)')).toEqual({
      'x86_64-linux': ['deploy-activate'],
    })
  })
})

test('a file that nothing refers to changes no system', () => {
  const copied = settings({ 'environment.etc.copied.source': path('files/copied.conf') })
  const inventory = fleet({
    inputs: labFlakes,
    machines: [machine('web1', '10.0.0.11', { settings: copied })],
    services: [
      service('dns', ['web1'], { definition: builtin('static-dns') }),
      service('web', ['web1'], { definition: file('services/web.nix') }),
    ],
  })
  const systemWith = (sources: Record<string, string>): unknown =>
    flakeOf(inventory, {
      'files/copied.conf': 'content',
      'services/web.nix': '{ this, ... }: { environment.etc.web.text = this.fqdn; }',
      ...sources,
    })('deploy.nodes."web1.demo.lab".profiles.system.path.outPath')
  expect(systemWith({ 'README.md': 'changed' })).toBe(systemWith({ 'README.md': 'text' }))
  expect(systemWith({ 'files/copied.conf': 'changed' })).not.toBe(systemWith({}))
})

test('a short name that two machines share is no output', () => {
  const other = machine('web1', '10.0.0.12', { name: 'web1.other.lab' })
  const evaluate = flakeOf(
    fleet({ inputs: labFlakes, machines: [machine('web1', '10.0.0.11'), other] }),
  )
  expect(evaluate('nixosConfigurations', 'builtins.attrNames')).toEqual([
    'web1.demo.lab',
    'web1.other.lab',
  ])
})

test('what a machine is becomes its NixOS options', () => {
  const name = 'web1.demo.lab'
  const interfaces = [
    network(name, 'lan', {
      device: 'enP3p49s0',
      addresses: ['10.0.0.11/24', 'fd00::11/64'],
      gateways: ['10.0.0.1'],
      primary: true,
    }),
    network(name, 'wan', { device: 'eth1', dhcp: true, addresses: ['10.1.0.11/24'] }),
    network(name, 'bmc', { addresses: ['10.2.0.11/24'], configure: false }),
  ]
  const evaluate = flakeOf(
    fleet({ inputs: labFlakes, machines: [machine('web1', '10.0.0.11', { interfaces })] }),
  )
  const found = evaluate(
    ...configOf(
      name,
      'networking.fqdn',
      'system.stateVersion',
      'networking.defaultGateway.address',
      'builtins.mapAttrs (_: each: { inherit (each) useDHCP; v4 = each.ipv4.addresses; v6 = each.ipv6.addresses; }) networking.interfaces',
      'nixpkgs.hostPlatform.system',
    ),
  )
  expect(Object.values(found as object)).toEqual([
    'web1.demo.lab',
    '25.11',
    '10.0.0.1',
    {
      enP3p49s0: {
        useDHCP: false,
        v4: [{ address: '10.0.0.11', prefixLength: 24 }],
        v6: [{ address: 'fd00::11', prefixLength: 64 }],
      },
      eth1: { useDHCP: true, v4: [], v6: [] },
    },
    'x86_64-linux',
  ])
})

test('levels merge as NixOS does it, the nearer plain value wins', () => {
  const evaluate = flakeOf(
    fleet({
      inputs: labFlakes,
      domain: settings(
        { 'time.timeZone': 'UTC', 'environment.etc.motd.text': 'domain' },
        { users: [user('admin', { isNormalUser: true, extraGroups: ['wheel'] })] },
      ),
      cluster: settings({
        'networking.firewall.allowedTCPPorts': [22],
        'environment.etc.motd.text': nix('"cluster of ${this.fqdn}"'),
        'networking.hostName': force('forced'),
        'users.users.admin': { description: 'cluster' },
      }),
      machines: [
        machine('web1', '10.0.0.11', {
          settings: settings(
            {
              'networking.firewall.allowedTCPPorts': [8200],
              'users.users': { admin: { description: 'machine' } },
            },
            { users: [user('admin', { extraGroups: ['audio'] })] },
          ),
        }),
      ],
    }),
  )
  const found = evaluate(
    ...configOf(
      'web1.demo.lab',
      'networking.firewall.allowedTCPPorts',
      'environment.etc.motd.text',
      'networking.hostName',
      'time.timeZone',
      '{ inherit (users.users.admin) description isNormalUser extraGroups; }',
    ),
  )
  expect(Object.values(found as object)).toEqual([
    [22, 8200],
    'cluster of web1.demo.lab',
    'forced',
    'UTC',
    { description: 'machine', isNormalUser: true, extraGroups: ['wheel', 'audio'] },
  ])
})

test('modules come from files, from functions of arguments and from inputs', () => {
  const module = (path: string, args?: Parameters<typeof value>[0]): ModuleReference => ({
    kind: 'path',
    path,
    at,
    ...(args === undefined ? {} : { args: value(args) }),
  })
  const evaluate = flakeOf(
    fleet({
      inputs: labFlakes,
      cluster: settings({}, { modules: [module('modules/base.nix')] }),
      machines: [
        machine('web1', '10.0.0.11', {
          settings: settings(
            { 'environment.etc.copied.source': path('files/with space.conf') },
            {
              modules: [
                module('modules/base.nix'),
                module('modules/motd.nix', { text: 'hello', from: nix('config.networking.fqdn') }),
                {
                  kind: 'config',
                  config: options({ 'environment.etc.inline.text': 'inline' }),
                  at,
                },
              ],
            },
          ),
        }),
      ],
    }),
    {
      'modules/base.nix':
        '{ inputs, nixcluster, ... }: { environment.etc.base.text = "${nixcluster.this.hostName} ${nixcluster.cluster.label} ${toString (inputs ? self)}"; }',
      'modules/motd.nix':
        '{ text, from }: { lib, ... }: { environment.etc.motd.text = lib.mkForce "${text} from ${from}"; }',
      'files/with space.conf': 'content',
    },
  )
  const found = evaluate(
    ...configOf(
      'web1.demo.lab',
      'environment.etc.base.text',
      'environment.etc.motd.text',
      'environment.etc.inline.text',
      'builtins.readFile environment.etc.copied.source',
    ),
  )
  expect(Object.values(found as object)).toEqual([
    'web1 demo ',
    'hello from web1.demo.lab',
    'inline',
    'content',
  ])
})

test("a service's function sees its hosts, roles and settings, as each host", () => {
  const evaluate = flakeOf(
    fleet({
      inputs: labFlakes,
      machines: [
        machine('web1', '10.0.0.11', { data: value({ rack: 7 }) }),
        machine('web2', '10.0.0.12', { tags: ['big'] }),
        machine('db1', '10.0.0.13'),
      ],
      services: [
        service('vault', ['web2', 'web1'], {
          roles: [role('api', 'vault', ['web2']), role('storage', 'vault', ['web1', 'web2'])],
          definition: file('services/vault.nix'),
          settings: value({ port: 8200, 'odd key': nix('config.networking.hostName') }),
        }),
      ],
    }),
    {
      'services/vault.nix': `
        { settings, roles, selectors, this, cluster, service, domain, lib }:
        { config, ... }:
        {
          environment.etc.vault.text = builtins.toJSON {
            inherit settings;
            roles = builtins.mapAttrs (_: map (host: host.primaryIp)) roles;
            selectors = map (host: { inherit (host) hostName roles tags data; }) selectors;
            this = { inherit (this) kind name roles ips cluster; device = this.interfaces.eth0.device; };
            names = [ cluster.fqdn cluster.label service.label domain.name config.networking.hostName ];
          };
        }`,
    },
  )
  const [text] = Object.values(
    evaluate(...configOf('web1.demo.lab', 'environment.etc.vault.text')) as object,
  ) as [string]
  expect(JSON.parse(text)).toEqual({
    settings: { port: 8200, 'odd key': 'web1' },
    roles: { api: ['10.0.0.12'], storage: ['10.0.0.11', '10.0.0.12'] },
    selectors: [
      { hostName: 'web2', roles: ['api', 'storage'], tags: ['big'], data: {} },
      { hostName: 'web1', roles: ['storage'], tags: [], data: { rack: 7 } },
    ],
    this: {
      kind: 'machine',
      name: 'web1.demo.lab',
      roles: ['storage'],
      ips: { all: ['10.0.0.11'], eth0: ['10.0.0.11'] },
      cluster: 'demo.lab',
      device: 'eth0',
    },
    names: ['demo.lab', 'demo', 'vault', 'lab', 'web1'],
  })
  expect(evaluate('lib', 'lib: builtins.mapAttrs (_: builtins.attrNames) lib.services')).toEqual({
    'vault.demo.lab': ['web1.demo.lab', 'web2.demo.lab'],
  })
  expect(evaluate(...configOf('db1.demo.lab', 'environment.etc ? vault'))).toEqual({ 0: false })
})

test('a service may be plain options, and bring modules', () => {
  const evaluate = flakeOf(
    fleet({
      inputs: labFlakes,
      machines: [machine('web1', '10.0.0.11')],
      services: [
        service('web', ['web1'], {
          definition: {
            kind: 'config',
            config: options({ 'environment.etc.web.text': nix('this.fqdn') }),
            at,
          },
          modules: [{ kind: 'path', path: 'modules/more.nix', at }],
        }),
      ],
    }),
    { 'modules/more.nix': '{ environment.etc.more.text = "more"; }' },
  )
  expect(
    evaluate(...configOf('web1.demo.lab', 'environment.etc.web.text', 'environment.etc.more.text')),
  ).toEqual({ 0: 'web1.demo.lab', 1: 'more' })
})

test('static-dns writes full names, short names, then the others', () => {
  const interfaces = [
    network('web1.demo.lab', 'eth0', { addresses: ['10.0.0.11/24', 'fd00::11/64'], primary: true }),
    network('web1.demo.lab', 'eth1', { addresses: ['10.1.0.11/24'] }),
  ]
  const elsewhere = [network('far.other.lab', 'eth0', { addresses: ['10.0.2.1/24'] })]
  const evaluate = flakeOf(
    fleet({
      inputs: labFlakes,
      machines: [
        machine('web1', '10.0.0.11', { interfaces }),
        machine('db1', '10.0.0.13'),
        machine('dark', '', { interfaces: [] }),
        machine('far', '10.0.2.1', { name: 'far.other.lab', interfaces: elsewhere }),
      ],
      services: [
        service('dns', ['web1', 'db1', 'dark'], {
          hosts: ['web1.demo.lab', 'db1.demo.lab', 'dark.demo.lab', 'far.other.lab'],
          definition: builtin('static-dns'),
          settings: value({ aliases: { secrets: ['10.0.0.13', '10.0.9.9'] } }),
        }),
        service('vault', ['db1'], { roles: [role('api', 'vault', ['db1'])] }),
      ],
    }),
  )
  expect(evaluate(...configOf('web1.demo.lab', 'networking.hosts'))).toEqual({
    0: {
      '10.0.0.11': [
        ...['web1.demo.lab', 'web1', 'eth0.web1', 'dns', 'web1.dns'],
        ...['eth0.web1.demo.lab', 'dns.demo.lab', 'web1.dns.demo.lab'],
      ],
      'fd00::11': [
        ...['web1.demo.lab', 'web1', 'eth0.web1', 'dns', 'web1.dns'],
        ...['eth0.web1.demo.lab', 'dns.demo.lab', 'web1.dns.demo.lab'],
      ],
      '10.1.0.11': ['eth1.web1.demo.lab', 'eth1.web1'],
      '10.0.0.13': [
        ...['db1.demo.lab', 'db1', 'eth0.db1', 'dns', 'db1.dns', 'vault', 'db1.vault', 'api.vault'],
        ...['eth0.db1.demo.lab', 'dns.demo.lab', 'db1.dns.demo.lab', 'vault.demo.lab'],
        ...['db1.vault.demo.lab', 'api.vault.demo.lab', 'secrets'],
      ],
      '10.0.9.9': ['secrets'],
      '10.0.2.1': [
        ...['far.other.lab', 'far.other', 'eth0.far.other', 'dns', 'far.dns'],
        ...['eth0.far.other.lab', 'dns.demo.lab', 'far.dns.demo.lab'],
      ],
      '127.0.0.2': [],
    },
  })
  expect(evaluate(...configOf('dark.demo.lab', 'networking.hosts."127.0.0.2"'))).toEqual({
    0: ['dark.demo.lab', 'dark'],
  })
})

describe('an error names the place', () => {
  const evaluating = (
    config: Parameters<typeof settings>[0],
    source: string,
    ...names: string[]
  ) => {
    const evaluate = flakeOf(
      fleet({
        inputs: labFlakes,
        machines: [machine('web1', '10.0.0.11', { settings: settings(config) })],
        services: [service('web', ['web1'], { definition: file('services/web.nix') })],
      }),
      { 'services/web.nix': source },
    )
    return () => evaluate(...configOf('web1.demo.lab', ...names))
  }

  test('of an option that does not exist', () => {
    const evaluate = evaluating(
      { 'services.ngnix.enable': true },
      '{ ... }: { }',
      'networking.fqdn',
    )
    expect(evaluate).toThrow(/`services\.ngnix' does not exist/)
    expect(evaluate).toThrow('clusters/demo.yaml (web1.demo.lab)')
  })

  test("of a definition's module, which is a file", () => {
    const evaluate = evaluating(
      {},
      '{ ... }: { pkgs, ... }: { services.wbe = 1; }',
      'networking.fqdn',
    )
    expect(evaluate).toThrow(/`services\.wbe' does not exist/)
    expect(evaluate).toThrow('/services/web.nix')
  })

  test('of both sides of a conflict', () => {
    const evaluate = evaluating(
      { 'time.timeZone': 'UTC' },
      '{ ... }: { time.timeZone = "Europe/Berlin"; }',
      'time.timeZone',
    )
    expect(evaluate).toThrow(/conflicting definition values/)
    expect(evaluate).toThrow('clusters/demo.yaml (web1.demo.lab)')
    expect(evaluate).toThrow('/services/web.nix')
  })
})
