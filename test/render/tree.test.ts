import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RenderedTree } from '../../src/model/compilation.ts'
import type { Service } from '../../src/model/inventory.ts'
import { renderTree } from '../../src/render/tree.ts'
import {
  fleet,
  force,
  machine,
  network,
  nix,
  options,
  host,
  path,
  read,
  service,
  settings,
  user,
  value,
} from './fleet.ts'

const at = { file: 'clusters/demo.yaml', document: 0, path: [] }
const dns: Partial<Service> = { definition: { kind: 'builtin', name: 'static-dns', at } }

/** Three machines with something of everything. */
const parts: Parameters<typeof fleet>[0] = {
  domain: settings({}, { users: [user('admin', { isNormalUser: true, extraGroups: ['wheel'] })] }),
  cluster: settings(
    { 'networking.firewall.allowedTCPPorts': [22], 'time.timeZone': 'UTC' },
    { modules: [{ kind: 'path', path: 'modules/base.nix', at }] },
  ),
  machines: [
    machine('web1', '10.0.0.11', {
      tags: ['rack-a'],
      data: value({ rack: 7 }),
      settings: settings(
        {
          'networking.firewall.allowedTCPPorts': [80, 443],
          'environment.etc.motd.text': 'Welcome to ${web1}\n\nBe kind.\n',
          'environment.etc.key.source': path('files/the key.pub'),
          'environment.systemPackages': nix('[ pkgs.htop ]'),
          'services.nginx.virtualHosts': { 'a.b': { root: '/srv', listen: [] } },
          'time.timeZone': force('Europe/Berlin'),
        },
        {
          modules: [
            { kind: 'path', path: 'modules/disk.nix', args: value({ device: '/dev/sda' }), at },
            { kind: 'flake', input: 'disko', attribute: 'nixosModules.default', at },
          ],
        },
      ),
    }),
    machine('web2', '10.0.0.12'),
    machine('db1', '10.0.0.13'),
  ],
  services: [
    service('dns', ['web1', 'web2', 'db1'], dns),
    service('vault', ['web1', 'web2'], {
      roles: [
        { kind: 'role', name: 'api.vault.demo.lab', label: 'api', at, hosts: ['web1.demo.lab'] },
      ],
      definition: { kind: 'path', path: 'services/vault.nix', at },
      settings: value({
        port: 8200,
        addresses: ['10.0.0.11', '10.0.0.12'],
        key: nix('config.networking.fqdn'),
      }),
    }),
    service('motd', ['db1'], {
      definition: { kind: 'config', config: options({ 'users.motd': 'hello' }), at },
    }),
  ],
}
const three = fleet(parts)
const golden = 'test/fixtures/render/three-machines/out'
const isOurs = (file: string): boolean => !file.startsWith('nixcluster/lib/')

test('a fleet of three gives these files', async () => {
  const files = [...renderTree(three).files].filter(([file]) => isOurs(file))
  for (const [file, text] of files)
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, '../..', golden, file))
  const known = readdirSync(golden, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(golden.length + 1))
  expect(known.sort()).toEqual(files.map(([file]) => file))
})

test('the same fleet in another order gives the same levels, machines and flake', () => {
  const turned = {
    ...three,
    inputs: three.inputs.toReversed(),
    machines: three.machines.toReversed(),
    services: three.services.toReversed(),
  }
  const files = renderTree(three).files
  for (const [file, text] of renderTree(turned).files)
    if (!/\/hosts\/|index\.nix/.test(file)) expect([file, text]).toEqual([file, files.get(file)])
})

/** Every generated file that a machine depends on, its own and those of its groups. */
function filesOf({ dependencies, groups }: RenderedTree, machine: string): readonly string[] {
  const own = dependencies.get(machine)!
  return [...new Set([...own.files, ...own.groups.flatMap((group) => groups.get(group)!)])].sort()
}

test('a machine depends on its own files and on the hosts that its services see', () => {
  const rendered = renderTree(fleet({ ...parts, services: parts.services!.slice(1) }))
  const [web2, db1] = ['web2.demo.lab', 'db1.demo.lab'].map((name) =>
    filesOf(rendered, name)
      .filter(isOurs)
      .map((file) => file.replace('nixcluster/', '')),
  )
  expect(web2).toEqual([
    'hosts/demo.lab/web1.demo.lab.nix',
    'hosts/demo.lab/web2.demo.lab.nix',
    'levels/demo.lab.nix',
    'levels/lab.nix',
    'machines/demo.lab/web2.demo.lab.nix',
    'services/demo.lab/vault.demo.lab.nix',
  ])
  expect(db1).not.toContain('hosts/demo.lab/web1.demo.lab.nix')
  const all = [...rendered.dependencies.keys()].flatMap((name) => filesOf(rendered, name))
  expect(all.filter((file) => !rendered.files.has(file))).toEqual([])
  expect(all.filter((file) => !isOurs(file))).toContain('nixcluster/lib/machine.nix')
})

test('the library of builtin services counts only where one is used', () => {
  const used = (services: readonly Service[]): boolean =>
    filesOf(
      renderTree(fleet({ machines: [machine('web1', '10.0.0.11')], services })),
      'web1.demo.lab',
    ).includes('nixcluster/lib/services/static-dns.nix')
  expect([used([]), used([service('dns', ['web1'], dns)])]).toEqual([false, true])
})

test('a machine whose primary interface has no address is answered for by no other', () => {
  const name = 'web1.demo.lab'
  const interfaces = [
    network(name, 'eth0', { dhcp: true, primary: true }),
    network(name, 'eth1', { addresses: ['10.1.0.11/24', 'FD00::0011/64'] }),
  ]
  const { files } = renderTree(fleet({ machines: [machine('web1', '', { interfaces })] }))
  const host = files.get('nixcluster/hosts/demo.lab/web1.demo.lab.nix')!
  expect(host).toContain('primaryIp = null;')
  expect(host).toContain('"10.1.0.11" = [ "eth1.web1.demo.lab" ];')
  expect(host).toContain('"fd00::11" = [ "eth1.web1.demo.lab" ];')
})

test('inputs are common to all machines, in whatever order they are written', () => {
  const { common } = renderTree(three)
  expect(renderTree({ ...three, inputs: three.inputs.toReversed() }).common).toBe(common)
  expect(renderTree({ ...three, inputs: three.inputs.slice(1) }).common).not.toBe(common)
})

/** A fleet in which two services see every host. */
function crowd(count: number): RenderedTree {
  const machines = Array.from({ length: count }, (_, index) =>
    machine(`m${1000 + index}`, '10.0.0.1'),
  )
  const labels = machines.map(({ label }) => label)
  const services = [service('dns', labels, dns), service('motd', labels)]
  return renderTree(fleet({ machines, services }))
}

test.each<[string, (tree: RenderedTree) => number]>([
  ['tree', ({ files }) => [...files.values()].join('').length],
  [
    'list of what depends on what',
    ({ dependencies, groups }) => JSON.stringify([[...dependencies], [...groups]]).length,
  ],
])('the %s grows with the fleet, not with its square', (_, size) => {
  const none = size(crowd(0))
  const each = [100, 1000, 2000].map((count) => (size(crowd(count)) - none) / count)
  expect(Math.max(...each) / Math.min(...each)).toBeLessThan(1.01)
})

test("people's own Nix can be looked at apart from ours", () => {
  expect(renderTree(three).code).toEqual(['[ pkgs.htop ]', 'config.networking.fqdn'])
})

test('a path to configuration counts as code that may read it', () => {
  const paths = [path('clusters'), path(''), read('clusters/demo.yaml'), read('files/motd')]
  const { code } = renderTree(
    fleet({ machines: [machine('web1', '10.0.0.11', { settings: settings({ a: paths }) })] }),
  )
  expect(code).toEqual([
    'builtins.path ../../../clusters',
    'builtins.path ../../..',
    'builtins.path ../../../clusters/demo.yaml',
  ])
})

test('a machine depends on the hosts that it refers to, and on those that they refer to', () => {
  const machines = [
    machine('web1', '10.0.0.11', { settings: settings({ a: host('db1') }) }),
    machine('web2', '10.0.0.12'),
    machine('db1', '10.0.0.13', { data: value({ twin: host('db2') }) }),
    machine('db2', '10.0.0.14', { data: value({ twin: host('db1') }) }),
  ]
  const hostsOf = (rendered: RenderedTree, name: string): string[] =>
    filesOf(rendered, `${name}.demo.lab`).flatMap(
      (file) => /hosts\/demo\.lab\/(\w+)/.exec(file)?.[1] ?? [],
    )
  const plain = renderTree(fleet({ machines }))
  expect(hostsOf(plain, 'web1')).toEqual(['db1', 'db2', 'web1'])
  expect(hostsOf(plain, 'web2')).toEqual(['web2'])
  const cluster = settings({ b: host('web1') })
  expect(hostsOf(renderTree(fleet({ machines, cluster })), 'web2')).toEqual(['web1', 'web2'])
})
