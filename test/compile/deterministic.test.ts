import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { compileTexts } from './fleet.ts'

/** A tagged value stands as text in the plain data, and loses its quotes when it is written. */
const tagged = (text: string): string => `@${text}@`

const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl'
const machine = (address: string, more: object = {}) => ({
  interfaces: {
    eth10: { addresses: [`10.1.0.${address}/24`, `fd01::${address}/64`] },
    eth0: { addresses: [`10.0.0.${address}/24`], gateway: '10.0.0.254', primary: true },
    eth9: { dhcp: true },
  },
  ...more,
})

const project = {
  kind: 'Project',
  inputs: {
    nixpkgs: { url: 'github:NixOS/nixpkgs/nixos-25.11' },
    disko: { url: 'github:nix-community/disko', follows: { nixpkgs: 'nixpkgs' } },
    agenix: { url: 'github:ryantm/agenix', follows: { nixpkgs: 'nixpkgs', darwin: '' } },
  },
}
const settings = {
  config: {
    'networking.firewall.allowedTCPPorts': [80, 22],
    'boot.kernel.sysctl': { 'net.ipv4.ip_forward': 1, 'kernel.sysrq': 0 },
    'users.motd': 'hello',
    'environment.etc': { b: { text: 'b' }, a: { text: 'a', mode: '0444' } },
  },
  users: {
    zoe: { extraGroups: ['wheel', 'audio'], isNormalUser: true },
    adam: { uid: 1000, isNormalUser: true, 'openssh.authorizedKeys.keys': [hostKey] },
  },
}
const nested = {
  kind: 'Domain',
  suffix: 'com',
  system: 'x86_64-linux',
  stateVersion: '25.11',
  ...settings,
  clusters: {
    example: {
      deployment: { sshUser: 'deploy', port: 2222 },
      ...settings,
      services: {
        dns: { selectors: ['example.com', 'other.com'], definition: { builtin: 'static-dns' } },
        vault: {
          roles: { storage: ['vm10', 'vm2'], api: ['vm2'] },
          definition: { path: '/services/vault.nix' },
          settings: { z: { y: 1, x: [3, 1, 2] }, all: tagged('!ips storage'), a: true },
        },
      },
      machines: {
        vm10: machine('10', {
          data: { rack: 7, bay: { z: 1, a: 2 } },
          tags: ['b', 'a'],
          modules: [{ args: { size: 4, device: '/dev/sda' }, path: '/modules/disk.nix' }],
          virtualHosts: {
            web: { type: 'nixos-container', network: 'host' },
            api: { type: 'nixos-container', network: 'host', ...settings },
          },
        }),
        vm2: machine('2', settings),
      },
    },
    other: {},
  },
}
const separate = [
  { kind: 'Machine', name: 'vm1.other.com', ...machine('1') },
  { kind: 'Machine', name: 'vm3.other.com', ...machine('3', { deployment: { hostKey } }) },
  {
    kind: 'Service',
    name: 'exporter.other.com',
    selectors: ['vm3', 'vm1'],
    definition: { config: settings.config },
  },
]
const files: Readonly<Record<string, readonly object[]>> = {
  'nixcluster.yaml': [project],
  'clusters/all.yaml': [nested],
  'clusters/b.yaml': separate,
  'clusters/a.yaml': [{ kind: 'Machine', name: 'vm4.other.com', ...machine('4', settings) }],
}

/** The generated files; `order` puts the entries of a map, the documents and the files in an order. */
function render(order: <Each>(items: readonly Each[]) => readonly Each[]): [string, string][] {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      order(Object.entries(value)).map(([key, each]) => [key, turned(each)]),
    )
  }
  const text = (document: object): string =>
    stringify({ apiVersion: 'nixcluster/v1', ...(turned(document) as object) }).replaceAll(
      /"@(.*)@"/g,
      '$1',
    )
  const texts = order(Object.entries(files)).map(
    ([file, documents]) => [file, order(documents).map(text).join('---\n')] as const,
  )
  const compilation = compileTexts(Object.fromEntries(texts), [
    ...['services/vault.nix', 'modules/disk.nix'],
  ])
  expect(compilation.diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'lock/missing there is no flake.lock',
  ])
  return [...compilation.rendered!.files]
}

const written = render((items) => items)

test('the order of files, of documents and of keys makes no difference to the tree', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(1_000_000)), (numbers) => {
      const shuffled = render((items) =>
        items
          .map((item) => ({ item, at: numbers.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ item }) => item),
      )
      expect(shuffled).toEqual(written)
    }),
    { numRuns: 50, seed: 1 },
  )
})

test('the order of a list does', () => {
  const find = (file: string): string => new Map(written).get(`nixcluster/${file}`)!
  expect(find('services/example.com/vault.example.com.nix')).toMatch(
    /storage = \[\s+\S+vm10.example.com.nix\s+\S+vm2.example.com.nix\s+\]/,
  )
  expect(find('levels/com.nix')).toMatch(/allowedTCPPorts = \[\s+80\s+22\s+\]/)
})

test('the locale makes no difference to the tree', () => {
  const rendered = ['C', 'tr_TR.UTF-8', 'sv_SE.UTF-8'].map((locale) =>
    execFileSync('bin/nixcluster', ['render', '--out', '-', '--dir', 'test/fixtures/demo/in'], {
      env: { ...process.env, LANG: locale, LC_ALL: locale },
      encoding: 'utf8',
    }),
  )
  expect(rendered[0]).toContain('flake.nix')
  expect(new Set(rendered).size).toBe(1)
})
