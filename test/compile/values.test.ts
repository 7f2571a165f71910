import { expect, test } from 'vitest'
import type { Value } from '../../src/model/value.ts'
import { inventoryOf, problems, vms } from './fleet.ts'

/** The value that a service's setting `x` gets, in short. */
function value(written: string, files: readonly string[] = []): unknown {
  const { services } = inventoryOf(
    `services:\n  s: { selectors: [vm0, vm1], roles: { r: [vm1, vm0] }, settings: { x: ${written} } }\n${vms}`,
    files,
  )
  const settings = services[0]!.settings
  return short(settings?.kind === 'map' ? settings.entries[0]![1] : { kind: 'null' })
}

function short(value: Value): unknown {
  switch (value.kind) {
    case 'null':
      return null
    case 'text':
    case 'boolean':
      return value.value
    case 'list':
      return value.items.map(short)
    case 'map':
      return Object.fromEntries(value.entries.map(([key, inner]) => [key, short(inner)]))
    case 'integer':
    case 'float':
      return { [value.kind]: value.text }
    case 'nix':
      return { nix: value.code }
    case 'path':
      return { path: value.path }
    case 'read':
      return { read: value.path }
    case 'host':
      return { host: `${value.name} in ${value.cluster}` }
    case 'force':
      return { force: short(value.value) }
  }
}

test.each([
  ['text', 'text'],
  ['"10"', '10'],
  ['~', null],
  ['true', true],
  ['10', { integer: '10' }],
  ['-0x1F', '-0x1F'],
  ['0x1F', { integer: '31' }],
  ['9007199254740993', { integer: '9007199254740993' }],
  ['1.5', { float: '1.5' }],
  ['1.0', { float: '1.0' }],
  ['1.5e300', { float: '1.5e300' }],
  ['[1, { b: 2, a: 1 }]', [{ integer: '1' }, { a: { integer: '1' }, b: { integer: '2' } }]],
  ['!nix "[ pkgs.htop ]"', { nix: '[ pkgs.htop ]' }],
  ['!path /files/motd', { path: 'files/motd' }],
  ['!path files/../files', { path: 'files' }],
  ['!read /files/motd', { read: 'files/motd' }],
  ['!host vm0', { host: 'vm0.example.com in example.com' }],
  ['!host eno1.vm0', { host: 'vm0.example.com in example.com' }],
  [
    '!hosts [r, vm1, vm3]',
    ['vm1', 'vm0', 'vm3'].map((name) => ({ host: `${name}.example.com in example.com` })),
  ],
  ['!hosts { select: vm*, except: [vm1, vm2, vm3] }', [{ host: 'vm0.example.com in example.com' }]],
  ['!ips r', ['10.0.0.2', '10.0.0.1']],
  ['!ips [vm2, r]', ['10.0.0.3', '10.0.0.2', '10.0.0.1']],
  ['!ip vm0', '10.0.0.1'],
  ['!ip eno1.vm0', '10.0.0.1'],
  ['!ip { select: vm0, family: ipv6 }', 'fd00::1'],
  ['!ip { select: vm0, interface: eno1 }', '10.0.0.1'],
  ['!ip { select: vm0, as: "http://{ip}:3100/{hostname}" }', 'http://10.0.0.1:3100/vm0'],
  ['!hostname vm0', 'vm0'],
  ['!hostnames vm*', ['vm0', 'vm1', 'vm2', 'vm3']],
  ['!fqdn vm0', 'vm0.example.com'],
  [
    '!fqdns { select: r, as: "{fqdn}:8200", join: "," }',
    'vm1.example.com:8200,vm0.example.com:8200',
  ],
])('%s', (written, expected) => expect(value(written, ['files/motd'])).toEqual(expected))

test.each([
  ['!force 5', { force: { integer: '5' } }],
  ['!force "5"', { force: '5' }],
  ['!force [a]', { force: ['a'] }],
  ['{ a: !force 5 }', { a: { force: { integer: '5' } } }],
])('an option is %s', (written, expected) => {
  const [machine] = inventoryOf(`machines:\n  a: { config: { x.y: ${written} } }`).machines
  expect(short(machine!.settings.config[0]!.value)).toEqual(expected)
})

test.each(['[!force 5]', '[{ a: !force 5 }]', '!force [!force 5]'])(
  'an option is not %s',
  (written) => {
    const [line, ...more] = problems(`machines:\n  a: { config: { x.y: ${written} } }`)
    expect(line).toMatch(/^2:\d+ error: !force means nothing inside a list \[schema\/value\]$/)
    expect(more).toEqual([])
  },
)

test('lines below !nix | are code', () => {
  expect(
    short(
      inventoryOf(`machines:\n  a:\n    data: !nix |\n      let x = 1;\n      in x\n`).machines[0]!
        .data!,
    ),
  ).toEqual({ nix: 'let x = 1;\nin x' })
})

test.each([
  ['!nix [ pkgs.htop ]', '!nix takes text, found a list [schema/type]'],
  ['!nix ""', '!nix takes an expression, found nothing [schema/type]'],
  [
    '!nix "import ./x.nix"',
    'the path ./x.nix in !nix has no place to be relative to [schema/value]',
  ],
  ['!nix "<nixpkgs>"', '<nixpkgs> is not known: evaluation is pure [schema/value]'],
  ['!path /nowhere', "there is no file '/nowhere' [compile/path-missing]"],
  ['!path ../x', "'../x' leaves the repository [compile/path-outside]"],
  ['!pth /x', "unknown tag '!pth', did you mean '!path'? [schema/unknown-tag]"],
  ['!read /x', "there is no file '/x' [compile/path-missing]"],
  ['!read /', "'/' is a folder [compile/path-missing]"],
  ['!read [x]', '!read takes a path, found a list [schema/type]'],
  ['!host r', '!host needs exactly one host, found 2: vm1, vm0 [selectors/several]'],
  ['!hosts { select: r, as: "{ip}" }', "unknown key 'as' [schema/unknown-key]"],
  ['!ip vm3', 'vm3.example.com has no static address [selectors/no-address]'],
  [
    '!ip { select: vm1, family: ipv6 }',
    'vm1.example.com has no IPv6 address [selectors/no-address]',
  ],
  ['!ips vm*', 'vm3.example.com has no static address [selectors/no-address]'],
  ['!ip r', '!ip needs exactly one host, found 2: vm1, vm0 [selectors/several]'],
  [
    '!ip vm7',
    "no host or service is called 'vm7' here; example.com has vm0 to vm3 [selectors/dangling]",
  ],
  ['!ip { selct: vm0 }', "unknown key 'selct', did you mean 'select'? [schema/unknown-key]"],
  [
    '!ip { select: vm0, as: "{adress}" }',
    '{adress} is nothing that a host has; it has {ip}, {hostname}, {fqdn} [schema/value]',
  ],
  ['0644', '0644 is the number 644 in YAML [schema/ambiguous]'],
  ['99999999999999999999', '99999999999999999999 is too large for Nix [schema/value]'],
  ['.inf', 'Nix has no number .inf [schema/value]'],
  ['2.0e-320', 'Nix has no number 2.0e-320 [schema/value]'],
  ['1.0e-500', 'Nix has no number 1.0e-500 [schema/value]'],
  ['"a\\0b"', 'Nix has no text with a NUL character [schema/value]'],
  ['!force 5', '!force is for NixOS options, and this is data [schema/value]'],
  ['[{ a: !force 5 }]', '!force is for NixOS options, and this is data [schema/value]'],
])('%s is an error', (written, message) => {
  const lines = problems(
    `services:\n  s: { selectors: [vm0, vm1], roles: { r: [vm1, vm0] }, settings: { x: ${written} } }\n${vms}`,
  )
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(`error: ${message}`)
})

test.each([
  ['yes', 'yes is text in YAML 1.2'],
  ['12e4', '12e4 is the number 120000 in YAML'],
])('%s is a warning', (written, message) => {
  expect(problems(`machines:\n  a: { data: ${written} }`)).toEqual([
    `2:14 warning: ${message} [schema/ambiguous]`,
  ])
})

test.each([
  ['|', 'a  b\n c\n\nd\n'],
  ['|-', 'a  b\n c\n\nd'],
  ['|+', 'a  b\n c\n\nd\n\n'],
  ['>', 'a  b\n c\n\nd\n'],
  ['>-', 'a  b\n c\n\nd'],
])('lines below %s are text', (style, expected) => {
  const body = `machines:\n  a:\n    data: ${style}\n      a  b\n       c\n\n      d\n\n  b:`
  expect(short(inventoryOf(body).machines[0]!.data!)).toBe(expected)
})

test.each([
  ['"a \\\n      b\n\n      c"', 'a b\nc'],
  ["'a\n      b'", 'a b'],
  ['a\n      b\n\n      c', 'a b\nc'],
])('%j is one text over several lines', (written, expected) =>
  expect(short(inventoryOf(`machines:\n  a:\n    data: ${written}\n`).machines[0]!.data!)).toBe(
    expected,
  ),
)

test.each([
  ['!nix a b ]', '3:20'],
  ["!nix 'x ]'", '3:19'],
  ["!nix '''''x'''' ]'", '3:27'],
  ['!nix "x ]"', '3:19'],
  ['!nix "\\"x\\" ]"', '3:16'],
  ['!nix |\n      let\n        x = 1;\n      in ]', '6:10'],
  ['!nix |-\n\n        [ "a"\n          (\n        ]', '7:9'],
  ['!nix >\n      a\n      ]', '3:16'],
])('Nix that does not parse is shown where it is wrong: %j', (written, place) => {
  const [line, ...more] = problems(`machines:\n  a:\n    data: ${written}`)
  expect(line).toMatch(new RegExp(`^${place} error: this is no Nix: .* \\[schema/nix\\]$`))
  expect(more).toEqual([])
})

test('a name that nothing defines is told where it stands, with what was meant', () => {
  const body = `machines:
  a:
    config:
      environment.systemPackages: !nix "[ pkg.htop ]"
      a.b: !nix 'lib.concatMap (x: [ x y ]) (map toString [ this cluster inputs config ])'
      c.d: !nix with pkgs; [ htop ]`
  expect(problems(body)).toEqual([
    "4:43 error: nothing is called 'pkg' here, did you mean 'pkgs'? [schema/nix]",
    "5:40 error: nothing is called 'y' here [schema/nix]",
  ])
})

test('modules of home-manager need its input', () => {
  const body = `users:
  admin: { homeManager: [/home/admin.nix] }
  guest: { homeManager: { programs.git.enable: true }, homeManager.programs.git.enable: true }`
  expect(problems(body, ['home/admin.nix'])).toEqual([
    '2:12 error: homeManager needs the flake input home-manager [compile/unknown-input]',
    '3:12 error: expected a list, found a map [schema/type]',
    "3:56 error: 'homeManager.programs.git.enable' is no option of a user [schema/type]",
  ])
})
