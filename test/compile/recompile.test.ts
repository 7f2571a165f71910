import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile, compileAndRemember } from '../../src/compile/compile.ts'
import type { Memory } from '../../src/compile/memory.ts'
import { isConfiguration } from '../../src/compile/configuration.ts'
import { recompile, type Before } from '../../src/compile/recompile.ts'
import { hierarchies } from '../hierarchies/generate.ts'
import { writeNested } from '../hierarchies/yaml.ts'
import { numbers } from '../schema/mutated.ts'
import { edit, toSource, type Repository } from './edits.ts'

interface Run extends Before {
  readonly files: ReadonlyMap<string, string>
}

interface Result {
  readonly left: Run | undefined
  readonly isQuick: boolean
  readonly isBroken: boolean
}

/** As a program does it: from what the last whole run left, which has been text meanwhile. */
function run(repository: Repository, before: Run | undefined): Result {
  const source = toSource(repository)
  const again = before && recompile(source, before)
  const { compilation, memory } = compileAndRemember(source)
  const { diagnostics, counts, lock, rendered } = compilation
  if (before && again) {
    expect(rendered).toBeDefined()
    const files = [...new Map([...before.files, ...again.renderChanged()])]
    const { renderChanged: _, ...said } = again
    expect(said).toEqual({ diagnostics, counts, lock })
    expect(files).toEqual([...rendered!.files])
    return { left: before, isQuick: true, isBroken: false }
  }
  const isBroken = rendered === undefined
  expect(memory === undefined).toBe(isBroken)
  if (isBroken) return { left: before, isQuick: false, isBroken }
  const left = JSON.parse(JSON.stringify(memory)) as Memory
  return { left: { source, memory: left, files: rendered.files }, isQuick: false, isBroken }
}

/** Edits a repository again and again; a mistake is taken back sooner or later. */
function follow(first: Repository, seed: number, steps: number): number {
  const next = numbers(seed)
  let { left } = run(first, undefined)
  let repository = first
  let good = first
  let quick = 0
  for (let step = 0; step < steps; step++) {
    repository = edit(repository, next)
    const result = run(repository, left)
    if (result.isQuick) quick++
    left = result.left
    if (!result.isBroken) good = repository
    else if (next(3) > 0) repository = good
  }
  return quick
}

const examples = readdirSync('examples')

function readExample(name: string): Repository {
  const root = join('examples', name)
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  const texts = paths
    .filter(isConfiguration)
    .map((path) => [path, readFileSync(join(root, path), 'utf8')])
  return {
    texts: Object.fromEntries(texts) as Record<string, string>,
    files: paths.filter((path) => !isConfiguration(path)),
  }
}

const timeout = 120_000

/** Much that refers to each other, in files of its own; some of it worth a warning. */
const fleet: Repository = {
  files: ['notes.txt'],
  texts: {
    'nixcluster.yaml': `apiVersion: nixcluster/v1
kind: Project
include: ["clusters/*.yaml"]
inputs: { home-manager: { url: "github:nix-community/home-manager" } }
---
apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
config: { users.motd: hello, boot.tmp: { a.b: 1 } }
services:
  dns: { selectors: ["com"], definition: { builtin: static-dns } }
`,
    'clusters/a.yaml': `apiVersion: nixcluster/v1
kind: Cluster
name: a.com
stateVersion: "25.11"
modules: [/modules/base.nix, { path: /modules/guest.nix, for: virtual-hosts }]
deployment: { targetHost: !fqdn gate }
data: { front: !host vm0, dns: yes }
machines:
  gate:
    interfaces: { eth0: { addresses: [10.0.1.1/24], mac: "02:00:00:00:00:01" } }
    config: { networking.nameservers: !ips "vm0" }
  printer: { managed: false, interfaces: { eth0: { addresses: [10.0.1.9/24] } } }
services:
  web:
    selectors: ["tag:rack-a", box.a.com]
    roles: { front: [vm0], store: { selectors: ["vm*"], settings: { vm1: { x: 1 } } } }
    definition: { path: /services/web.nix }
    settings: { port: 80, fronts: !ips front, password: hunter2 }
    modules: [{ config: { services.web.port: 80, services.web.name: one } }]
`,
    'clusters/b.yaml': `apiVersion: nixcluster/v1
kind: Machine
name: vm0.a.com
tags: [rack-a]
interfaces: { eth0: { addresses: [10.0.1.2/24], gateway: 10.0.1.1 } }
config: { services.x.password: hunter2, services.x.peers: !hosts web, services.web.name: two }
---
apiVersion: nixcluster/v1
kind: Machine
name: vm1.a.com
tags: [rack-a]
interfaces: { eth0: { dhcp: true } }
modules: [../modules/base.nix]
users: { ann: { isNormalUser: true, homeManager: [{ config: { programs.git.enable: true } }] } }
config: { environment.etc: { x: { text: !fqdn gate } } }
`,
    'clusters/c.yaml': `apiVersion: nixcluster/v1
kind: Machine
name: box.a.com
stateVersion: "24.11"
interfaces: { eth0: { addresses: [10.0.1.3/24, "fd00::3/64"] }, br0: { bridge: { interfaces: [] } } }
virtualHosts:
  inner: { type: nixos-container, config: { services.x.enable: true } }
  web1:
    type: nixos-container
    network: { bridge: br0 }
    addresses: [10.0.1.4/24]
    tags: [rack-a]
    data: { weight: 1.50 }
  image: { type: oci-container, image: "nginx:1", network: host }
data: { guests: !hosts "vm*" }
`,
    'modules/base.nix': '{ }\n',
    'modules/guest.nix': '{ }\n',
    'services/web.nix': '{ settings, ... }: { }\n',
    'x.nix': '{ }\n',
  },
}

const conflict =
  '{ config: { environment.etc."x".text: "a\\nb", environment.etc: { x: { text: "c" } } } }'

/** Whether a run goes on from what the one before left; either way it says what a whole run says. */
function isQuick(path: string, from: string | RegExp, to: string): boolean {
  const text = fleet.texts[path]!.replace(from, to)
  expect(text).not.toBe(fleet.texts[path])
  const repository = { ...fleet, texts: { ...fleet.texts, [path]: text } }
  return run(repository, run(fleet, undefined).left).isQuick
}

test.each([
  ['a setting', 'clusters/b.yaml', 'two', 'three'],
  [
    'a warning more',
    'clusters/b.yaml',
    'services.x.peers',
    'services.x.token: abc, services.x.peers',
  ],
  ['a warning less', 'clusters/b.yaml', 'services.x.password: hunter2, ', ''],
  ['a conflict with a service', 'clusters/b.yaml', 'two', '"one\\ntwo"'],
  ['a conflict within a machine', 'clusters/b.yaml', 'modules: [', `modules: [${conflict}, `],
  ['a selector', 'clusters/b.yaml', '!hosts web', '!ips [vm0, gate]'],
  ['a user', 'clusters/b.yaml', 'ann:', 'bob:'],
  ['the data that services see', 'clusters/c.yaml', 'weight: 1.50', 'weight: 2'],
  ['a port of SSH', 'clusters/b.yaml', 'modules:', 'deployment: { port: 23 }\nmodules:'],
  ['an address that nobody asks for', 'clusters/c.yaml', '10.0.1.3/24', '10.0.1.13/24'],
  ['a MAC address', 'clusters/a.yaml', '00:01"', '00:02"'],
  ['a setting of a virtual host', 'clusters/c.yaml', 'x.enable: true', 'x.enable: false'],
  ['a setting of a domain', 'nixcluster.yaml', 'users.motd: hello', 'users.motd: bye'],
  ['the data of a cluster', 'clusters/a.yaml', '!host vm0', '!hosts web'],
  ['a module of a cluster', 'clusters/a.yaml', 'modules: [', 'modules: [/x.nix, '],
  ['the text of a module', 'modules/base.nix', '{ }', '{ boot = { }; }'],
  ['a remark', 'clusters/a.yaml', /^/, '# a remark\n'],
])('%s takes no whole run', (_, path, from, to) => expect(isQuick(path, from, to)).toBe(true))

test.each([
  ['an address that another asks for', 'clusters/b.yaml', '10.0.1.2/24', '10.0.1.12/24'],
  ['an address that another has', 'clusters/c.yaml', '10.0.1.3/24', '10.0.1.2/24'],
  ['a MAC address that another has', 'clusters/b.yaml', 'dhcp: true', 'mac: "02:00:00:00:00:01"'],
  ['a name', 'clusters/b.yaml', 'vm1', 'vm2'],
  ['a tag', 'clusters/b.yaml', 'tags: [rack-a]', 'tags: [rack-b]'],
  ['an interface', 'clusters/b.yaml', 'eth0: { dhcp', 'eth1: { dhcp'],
  [
    'a machine that is not ours any more',
    'clusters/a.yaml',
    'gate:\n',
    'gate:\n    managed: false\n',
  ],
  [
    'a virtual host of another type',
    'clusters/c.yaml',
    'oci-container, image: "nginx:1"',
    'microvm',
  ],
  ['a machine that is ours now', 'clusters/a.yaml', 'managed: false, ', ''],
  [
    'a virtual host that takes modules now',
    'clusters/c.yaml',
    'oci-container, image: "nginx:1"',
    'nixos-container',
  ],
  [
    'a conflict that is a mistake',
    'clusters/b.yaml',
    'services.web.name: two',
    'services.web.port: 81',
  ],
  ['another document in front', 'clusters/a.yaml', /^/, '---\n---\n'],
  ['a service', 'clusters/a.yaml', 'port: 80,', 'port: 81,'],
  ['a role', 'clusters/a.yaml', 'front: [vm0]', 'front: [vm1]'],
  ['how the machines of a cluster are reached', 'clusters/a.yaml', '!fqdn gate', '!fqdn vm0'],
  ['the system of a domain', 'nixcluster.yaml', 'x86_64', 'aarch64'],
  ['an input', 'nixcluster.yaml', 'inputs: {', 'inputs: { disko: { url: "github:a/b" },'],
  ['an include', 'nixcluster.yaml', '*.yaml', '[a-c].yaml'],
  ['a module that resolves', 'modules/base.nix', '{ }', '{ resolve, ... }: { }'],
  ['a mistake', 'clusters/b.yaml', 'config:', 'konfig:'],
  ['a file of the repository that is not there', 'clusters/b.yaml', 'base.nix', 'bass.nix'],
])('%s takes a whole run', (_, path, from, to) => expect(isQuick(path, from, to)).toBe(false))

test('who is given a module takes a whole run where one of them resolves', () => {
  const texts = { ...fleet.texts, 'x.nix': '{ resolve, ... }: { }' }
  const first = { ...fleet, texts }
  const { left } = run(first, undefined)
  const after = (path: string, from: string, to: string): boolean =>
    run({ ...first, texts: { ...texts, [path]: texts[path as 'x.nix'].replace(from, to) } }, left)
      .isQuick
  expect(after('clusters/b.yaml', 'modules: [', 'modules: [/x.nix, ')).toBe(false)
  expect(after('clusters/a.yaml', 'modules: [', 'modules: [/x.nix, ')).toBe(false)
  expect(after('clusters/b.yaml', 'two', 'three')).toBe(true)
})

test(
  'after any edit of a fleet in many files, a run from what was left says the same',
  { timeout },
  () => {
    expect(
      compile(toSource(fleet)).diagnostics.filter(({ severity }) => severity === 'error'),
    ).toEqual([])
    let quick = 0
    for (let seed = 1; seed <= 15; seed++) quick += follow(fleet, seed, 40)
    // Were it never quick, this would say nothing.
    expect(quick).toBeGreaterThan(100)
  },
)

test.each(examples)(
  'after any edit of examples/%s, a run from what was left says the same',
  (name) => {
    const rounds = name === 'large' ? 3 : 12
    let quick = 0
    for (let seed = 1; seed <= rounds; seed++) quick += follow(readExample(name), seed, 30)
    // Where it never were quick, this would say nothing.
    expect(quick).toBeGreaterThan(rounds)
  },
)

test(
  'after any edit of a generated fleet, a run from what was left says the same',
  { timeout },
  () => {
    fc.assert(
      fc.property(hierarchies, fc.nat(1000), ({ hierarchy }, seed) => {
        const { text } = writeNested(hierarchy)
        follow({ texts: { 'nixcluster.yaml': text }, files: [] }, seed, 8)
      }),
      { numRuns: 100 },
    )
  },
)
