import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cluster, compileTexts, inventoryOf, linesOf, problems, vms } from './fleet.ts'

const demo = 'test/fixtures/demo/in'
const demoPaths = readdirSync(demo, { recursive: true, encoding: 'utf8' })
const demoTexts = Object.fromEntries(
  demoPaths
    .filter((path) => path.endsWith('.yaml'))
    .map((path) => [path, readFileSync(join(demo, path), 'utf8')]),
)

test('the demo fleet compiles, and only its lock is missing', () => {
  const compilation = compileTexts(demoTexts, demoPaths)
  expect(compilation.diagnostics.map(({ code }) => code)).toEqual(['lock/missing'])
  expect(compilation.lock).toBe('missing')
  expect(compilation.counts).toEqual({ files: 2, machines: 3, services: 2 })
  expect(compilation.rendered?.files.has('flake.nix')).toBe(true)
  const { machines, services } = compilation.inventory!
  expect(machines.map(({ name, services }) => [name, services])).toEqual([
    ['db1.demo.lab', ['dns.demo.lab', 'shop.demo.lab']],
    ['web1.demo.lab', ['dns.demo.lab', 'shop.demo.lab']],
    ['web2.demo.lab', ['dns.demo.lab']],
  ])
  expect(machines[0]).toMatchObject({
    system: 'x86_64-linux',
    stateVersion: '25.11',
    nixpkgs: 'nixpkgs',
    data: { kind: 'map', entries: [['rack', { kind: 'integer', text: '7' }]] },
    deployment: { targetHost: '10.78.0.21', port: 22, sshUser: 'root', confirmTimeout: 20 },
  })
  expect(services[1]).toMatchObject({
    name: 'shop.demo.lab',
    hosts: ['db1.demo.lab', 'web1.demo.lab'],
    roles: [
      { label: 'database', hosts: ['db1.demo.lab'], maxUnavailable: 1 },
      { label: 'web', hosts: ['web1.demo.lab'] },
    ],
    definition: { kind: 'path', path: 'services/shop.nix' },
    settings: {
      entries: [
        ['databases', { kind: 'list', items: [{ kind: 'text', value: '10.77.0.21' }] }],
        ['port', { kind: 'integer', text: '8080' }],
      ],
    },
  })
})

test('nested and separate documents mean the same', () => {
  const nested = `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
services:
  everywhere: { selectors: [com], definition: { config: { services.a.enable: true } } }
clusters:
  example:
    services:
      s: { roles: { Api: [vm0] }, settings: { a: !ips vm* } }
    machines:
      vm0: { tags: [x], interfaces: { eno1: { addresses: [10.0.0.1/24] } } }
      vm1: { config: { a.b: 1 }, interfaces: { eno1: { addresses: [10.0.0.2/24] } } }
`
  const document = (kind: string, name: string, body: string): string =>
    `apiVersion: nixcluster/v1\nkind: ${kind}\nname: ${name}\n${body}\n`
  const separate = {
    'clusters/z/domain.yml': `apiVersion: nixcluster/v1\nkind: Domain\nsuffix: com\nsystem: x86_64-linux\n`,
    'clusters/cluster.yaml': document('Cluster', 'example.com', ''),
    'clusters/services.yaml': [
      document('Service', 's.example.com', 'roles: { Api: [vm0] }\nsettings: { a: !ips vm* }'),
      document(
        'Service',
        'everywhere.com',
        'selectors: [com]\ndefinition: { config: { services.a.enable: true } }',
      ),
    ].join('---\n'),
    'clusters/a.yaml': [
      document(
        'Machine',
        'VM1.example.com',
        'config: { a.b: 1 }\ninterfaces: { eno1: { addresses: [10.0.0.2/24] } }',
      ),
      document(
        'Machine',
        'vm0.example.com',
        'tags: [x]\ninterfaces: { eno1: { addresses: [10.0.0.1/24] } }',
      ),
    ].join('---\n'),
  }
  const bare = (texts: Record<string, string>): unknown => {
    const compilation = compileTexts(texts)
    expect(linesOf(compilation)).toEqual([])
    return JSON.parse(
      JSON.stringify(compilation.inventory, (key, value: unknown) =>
        key === 'at' || key === 'settingsAt' ? undefined : value,
      ),
    )
  }
  expect(bare(separate)).toEqual(bare({ 'nixcluster.yaml': nested }))
})

test('the order of files, documents and keys makes no difference to what is rendered', () => {
  const one = compileTexts({ 'nixcluster.yaml': cluster(vms) })
  const reversed = vms.trimEnd().split('\n')
  const two = compileTexts({
    'nixcluster.yaml': cluster([reversed[0], ...reversed.slice(1).reverse()].join('\n')),
  })
  expect([...two.rendered!.files]).toEqual([...one.rendered!.files])
})

test('the nearer setting wins, and maps of ours merge', () => {
  const compilation = compileTexts({
    'nixcluster.yaml': `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
stateVersion: "24.05"
deployment: { port: 2222, sshUser: deploy, targetHost: !fqdn gateway.a }
clusters:
  a:
    stateVersion: "24.11"
    deployment: { sshUser: root, magicRollback: false }
    machines:
      gateway: { system: aarch64-linux, deployment: { targetHost: "2001:db8::1" } }
      inner: { deployment: { port: 22 } }
`,
  })
  expect(linesOf(compilation)).toEqual([])
  const [gateway, inner] = compilation.inventory!.machines
  expect(gateway).toMatchObject({
    system: 'aarch64-linux',
    stateVersion: '24.11',
    deployment: { targetHost: '2001:db8::1', port: 2222, sshUser: 'root', magicRollback: false },
  })
  expect(inner).toMatchObject({
    system: 'x86_64-linux',
    deployment: { targetHost: 'gateway.a.com', port: 22, sshUser: 'root', magicRollback: false },
  })
})

test('without anything said, a machine is reached at its address, else by its name', () => {
  const { machines } = inventoryOf(vms)
  expect(machines.map(({ deployment }) => deployment.targetHost)).toEqual([
    '10.0.0.1',
    '10.0.0.2',
    '10.0.0.3',
    'vm3.example.com',
  ])
})

test.each([
  [
    'machines: { a_b: }',
    "1:13 error: 'a_b' cannot be a name: letters, digits and hyphens only, with a letter or digit at both ends [names/label]",
  ],
  ['machines: { all: }', "1:13 error: 'all' cannot be a name: 'all' is reserved [names/label]"],
  [
    'machines: { a: , A: }',
    '1:18 error: a.example.com is the name of a machine already (nixcluster.yaml:9) [names/duplicate]',
  ],
  [
    'services: { a: { selectors: [com] } }\nmachines: { a: , b: }',
    '2:13 error: a.example.com is the name of a service already (nixcluster.yaml:9) [names/duplicate]',
  ],
  [
    'machines:\n  a: { interfaces: { e: { addresses: [10.0.0.1/24] } } }\n  b: { interfaces: { e: { addresses: [10.0.0.1/8] } } }',
    '3:39 error: 10.0.0.1 is an address of a.example.com too (nixcluster.yaml:10) [compile/duplicate-address]',
  ],
  [
    'machines: { a: { interfaces: { e: { addresses: [10.0.0.1] } } } }',
    "1:49 error: '10.0.0.1' is no address with a prefix length [compile/address]",
  ],
  [
    'machines: { a: { interfaces: { e: { addresses: [10.0.0.1/24], gateway: 10.0.1.1 } } } }',
    '1:72 error: the gateway 10.0.1.1 is outside of 10.0.0.1/24 [compile/gateway]',
  ],
  [
    'machines: { a: { interfaces: { e: { addresses: [10.0.0.1/24] }, f: { addresses: [10.0.1.1/24] } } } }',
    '1:18 error: a.example.com has addresses at several interfaces: e, f [compile/primary]',
  ],
  [
    'modules: [/no.nix]',
    "1:11 error: there is no module '/no.nix', did you mean '/now.nix'? [compile/path-missing]",
  ],
  ['modules: [../x.nix]', "1:11 error: '../x.nix' leaves the repository [compile/path-outside]"],
  [
    'modules: [/folder]',
    "1:11 error: the folder '/folder' has no default.nix [compile/path-missing]",
  ],
  [
    'modules: [{ flake: disko, attribute: x }]',
    "1:20 error: no flake input is called 'disko' [compile/unknown-input]",
  ],
  [
    'nixpkgs: nixpkg',
    "1:10 error: no flake input is called 'nixpkg', did you mean 'nixpkgs'? [compile/unknown-input]",
  ],
  ['config: { imports: [x] }', "1:11 error: 'imports' cannot stand in config [schema/imports]"],
  ['config: { a..b: 1 }', "1:11 error: 'a..b' is no option path [schema/option-path]"],
  [
    'config: { services: { nginx.enable: true } }',
    "1:23 warning: 'nginx.enable' is one name here, not a path [schema/literal-key]",
  ],
  [
    'users: { a: { homeManager: [] } }',
    '1:15 error: homeManager needs the flake input home-manager [compile/unknown-input]',
  ],
  ['users: { "a b": {} }', "1:10 error: 'a b' is no user name [compile/user-name]"],
])('%s', (body, expected) => {
  expect(problems(body, ['now.nix', 'folder/x.nix'])).toEqual([expected])
})

test('a machine without a system is an error with an example', () => {
  const { diagnostics } = compileTexts({
    'nixcluster.yaml':
      'apiVersion: nixcluster/v1\nkind: Domain\nsuffix: com\nclusters: { a: { machines: { b: } } }',
  })
  expect(diagnostics.find(({ code }) => code === 'compile/system')).toMatchObject({
    line: 4,
    column: 30,
    message: 'b.a.com has no system, nor has its cluster or domain',
    hint: 'for example system: x86_64-linux',
  })
})

test('option paths are split at the first level only, and keep quoted names', () => {
  const { machines } = inventoryOf(
    `machines:\n  a: { config: { 'services.nginx.virtualHosts."a.b".root': x, boot.kernel.sysctl: { net.ipv4.ip_forward: 1 } } }`,
  )
  expect(machines[0]!.settings.config.map(({ path, value }) => [path, value.kind])).toEqual([
    [['boot', 'kernel', 'sysctl'], 'map'],
    [['services', 'nginx', 'virtualHosts', 'a.b', 'root'], 'text'],
  ])
})

test('inputs have defaults, which a project overrides by name', () => {
  const { inventory } = compileTexts({
    'nixcluster.yaml': `apiVersion: nixcluster/v1
kind: Project
inputs: { nixpkgs: { url: "path:/nixpkgs" }, assets: { url: "github:example/assets", flake: false } }
`,
  })
  expect(inventory?.inputs).toEqual([
    { name: 'assets', url: 'github:example/assets', flake: false, follows: {} },
    {
      name: 'deploy-rs',
      url: 'github:serokell/deploy-rs',
      flake: true,
      follows: { nixpkgs: 'nixpkgs' },
    },
    { name: 'nixpkgs', url: 'path:/nixpkgs', flake: true, follows: {} },
  ])
})

test('include says which files are read', () => {
  const project = 'apiVersion: nixcluster/v1\nkind: Project\ninclude: ["fleet/*.yaml"]\n'
  const texts = { 'nixcluster.yaml': project, 'fleet/a.yaml': 'a: 1', 'clusters/b.yaml': 'b: 1' }
  expect(linesOf(compileTexts(texts))).toEqual([
    "fleet/a.yaml:1:1 error: the key 'apiVersion' is missing [schema/missing-key]",
  ])
})

test('an empty repository is told how to begin', () => {
  const { diagnostics } = compileTexts({})
  expect(diagnostics.find(({ code }) => code === 'compile/nothing')).toMatchObject({
    file: 'nixcluster.yaml',
    hint: 'nixcluster init writes a first one',
  })
})

test('a broken document is the only thing that is complained about', () => {
  expect(
    linesOf(compileTexts({ 'nixcluster.yaml': cluster(vms), 'clusters/x.yaml': 'a: [' })),
  ).toHaveLength(1)
})
