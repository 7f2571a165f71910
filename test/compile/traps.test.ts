import { expect, test } from 'vitest'
import { cluster, compileTexts, problems } from './fleet.ts'

/** The diagnostics of a cluster's body, with what they advise. */
function advice(body: string): string[] {
  const { diagnostics } = compileTexts({ 'nixcluster.yaml': cluster(body) })
  return diagnostics
    .filter(({ code }) => !code.startsWith('lock/') && code !== 'compile/target-host')
    .map(({ severity, message, hint, code }) => `${severity}: ${message} [${code}] ${hint ?? ''}`)
}

test.each([
  [
    'config: { a.b: !nix [ pkgs.htop ] }',
    'error: !nix takes text, found a list [schema/type] write !nix "[ pkgs.htop ]"',
  ],
  [
    'config: { a.b: !nix { a = 1; } }',
    'error: !nix takes text, found a map [schema/type] write !nix "{ a = 1; }"',
  ],
  [
    'config:\n  a.b: !nix pkg: x',
    `error: text with ': ' in it needs quotes [schema/syntax] write a.b: !nix "pkg: x"`,
  ],
  ['config: { a.b: !nix { x }: x }', 'error: the Nix in !nix needs quotes here [schema/syntax] '],
  [
    'config:\n  a.b: !nix "a" + "b"',
    `error: the Nix in !nix needs quotes here [schema/syntax] write a.b: !nix '"a" + "b"'`,
  ],
  [
    'config:\n  a.b: host: 80',
    `error: text with ': ' in it needs quotes [schema/syntax] write a.b: "host: 80"`,
  ],
  [
    'config: { a.b: @home }',
    'error: text that begins with @ needs quotes [schema/syntax] write "@home"',
  ],
  [
    'config: { http: http://{ip}/ }',
    'error: text with { in it needs quotes here [schema/syntax] write "http://{ip}/"',
  ],
  [
    'config: { a.b: [http://{ip}:80/x{y}] }',
    'error: text with { in it needs quotes here [schema/syntax] write "http://{ip}:80/x{y}"',
  ],
  [
    'config: { a.b: [0.0.0.0, ::] }',
    'error: :: is a map to YAML, because of the colon at its end [schema/ambiguous] write "::"',
  ],
  ['config: { a.b: [0.0.0.0, "::", ::1] }'],
  ['config: { a.b: { "c:": } }'],
  [
    'config: { a.b: 0644 }',
    'error: 0644 is the number 644 in YAML [schema/ambiguous] write "0644" if text is meant',
  ],
  [
    'config: { a.b: 12e4 }',
    'warning: 12e4 is the number 120000 in YAML [schema/ambiguous] write "12e4" if text is meant',
  ],
  [
    'config: { a.b: 1.10 }',
    'warning: 1.10 is the number 1.1 in YAML [schema/ambiguous] write "1.10" if text is meant',
  ],
  ['config: { a.b: [1.0, 1.5, 0o17, "0644"] }'],
  [
    'config: { a.b: yes }',
    'warning: yes is text in YAML 1.2 [schema/ambiguous] write true or false, or "yes" if text is meant',
  ],
  [
    'stateVersion: 25.11',
    'error: expected text, found the number 25.11 [schema/type] write it in quotes: "25.11"',
  ],
  [
    'machines:\n  a: &a { tags: [x] }\n  b:\n    <<: *a',
    'error: <<: is not part of YAML 1.2 [schema/merge] write the keys out, or give them to a level above',
  ],
  ['machines: { a: &a { tags: [x] }, b: *a }'],
])('%s', (body, ...expected) => expect(advice(body)).toEqual(expected))

test.each([
  [
    '[vm0, !vm3]',
    'error: expected text or { select }, found !vm3 [schema/type] text that begins with ! needs quotes; to leave vm3 out, write -vm3',
  ],
  [
    '[*vm0]',
    `error: no anchor is called 'vm0' [schema/alias] text that begins with * needs quotes: "*vm0"`,
  ],
  [
    '[service:]',
    'error: expected text or { select }, found a map [schema/type] a colon at the end or before a space makes a map: write "service:*"',
  ],
  [
    '[service: vault]',
    'error: expected text or { select }, found a map [schema/type] a colon at the end or before a space makes a map: write service:vault',
  ],
  ['[{ selct: vm0 }]', "error: unknown key 'selct', did you mean 'select'? [schema/unknown-key] "],
  ['["*.example", "service:*", service:vault]'],
])('the selectors %s', (selectors, ...expected) => {
  const services = `{ vault: { selectors: [vm0] }, s: { selectors: ${selectors} } }`
  expect(advice(`services: ${services}\nmachines: { vm0: }`)).toEqual(expected)
})

test('keys are taken as written', () => {
  const { inventory } = compileTexts({
    'nixcluster.yaml': cluster(
      'machines: { a: { data: { 010: a, 1e3: b, null: c, ~: d, Yes: e, "a b": f } } }',
    ),
  })
  expect(inventory?.machines[0]?.data).toEqual({
    kind: 'map',
    entries: Object.entries({
      '010': 'a',
      '1e3': 'b',
      Yes: 'e',
      'a b': 'f',
      null: 'c',
      '~': 'd',
    }).map(([key, value]) => [key, { kind: 'text', value }]),
  })
})

test('option paths where there are none get a warning with the right spelling', () => {
  const body = `config:
  services: { nginx.enable: true, "quoted.name": 1 }
  boot.kernel.sysctl: { net.ipv4.ip_forward: 1 }
services:
  s:
    selectors: [a]
    settings: { services.nginx.enable: true, vault.example.com: x, "services.x": y }
machines: { a: }`
  expect(problems(body)).toEqual([
    "2:15 warning: 'nginx.enable' is one name here, not a path [schema/literal-key]",
    "7:17 warning: 'services.nginx.enable' is data for the definition here, no option of NixOS [schema/option-in-settings]",
  ])
})

test.each([
  ['"a\\0b"', 'a NUL character'],
  ['{ "a\\0": b }', 'a NUL character'],
  ['["a\\x00"]', 'a NUL character'],
  ['"a\\ud83d"', 'half a character'],
  ['{ "\\ude00 a": b }', 'half a character'],
])('%s is refused', (written, what) =>
  expect(problems(`machines: { a: { data: ${written} } }`)).toEqual([
    expect.stringMatching(new RegExp(`error: Nix has no text with ${what} \\[schema/value\\]$`)),
  ]),
)

test('both halves of a character are one', () =>
  expect(problems('machines: { a: { data: "\\ud83d\\ude00" } }')).toEqual([]))
