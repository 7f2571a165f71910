import { expect, test } from 'vitest'
import { attributePath, list, printNix, set, text, word } from '../../src/render/nix-text.ts'
import { toNix } from '../../src/render/nix-value.ts'
import { float, integer, nix, value } from './fleet.ts'
import { evaluate } from './nix.ts'

const print = (plain: Parameters<typeof value>[0]): string =>
  printNix(toNix(value(plain), 'nixcluster/machines/demo.lab/web1.demo.lab.nix'))

test('short lists stay on a line, longer ones take one for each item', () => {
  expect(print([])).toBe('[ ]')
  expect(print([22])).toBe('[ 22 ]')
  expect(print([22, -1])).toBe('[\n  22\n  (-1)\n]')
})

test('lists in lists are printed once', () => {
  const depth = 90
  let nested = text('some text that needs a line for itself')
  for (let level = 0; level < depth; level++) nested = list([nested])
  // At each depth once more, this would take longer than anybody waits.
  expect(printNix(nested).split('\n').length).toBeGreaterThan(depth)
})

test('sets take a line for each name, and quote what is no identifier', () => {
  expect(print({ enable: true, 'a.b': null, or: {} })).toBe(
    '{\n  enable = true;\n  "a.b" = null;\n  "or" = { };\n}',
  )
  expect(attributePath(['services', 'nginx', 'virtualHosts', 'a.b'])).toBe(
    'services.nginx.virtualHosts."a.b"',
  )
})

test('text of several lines is readable', () => {
  expect(print({ motd: 'Hello ${USER}\n\n  indented\n' })).toBe(
    "{\n  motd = ''\n    Hello ''${USER}\n\n      indented\n  '';\n}",
  )
  expect(print('one line\n')).toBe('"one line\\n"')
})

test('code stands where people would write it, and a comment in it swallows nothing', () => {
  const printed = print({
    one: nix('config.networking.fqdn'),
    packages: nix('with pkgs; [\n  htop\n]\n'),
    chosen: nix('if true then\n  1\nelse\n  2'),
    last: nix('[ ] # for now'),
    several: [nix('lib.id 1'), nix('pkgs.htop'), nix('2 # two')],
  })
  expect(printed).toBe(`{
  one = config.networking.fqdn;
  packages = with pkgs; [
    htop
  ];
  chosen =
    if true then
      1
    else
      2;
  last = [ ] # for now
  ;
  several = [
    (lib.id 1)
    pkgs.htop
    (
      2 # two
    )
  ];
}`)
})

test('text within code stays as it is, however deep the code is moved', () => {
  const codes = [
    'let a = "one\ntwo"; in a',
    "''\n  one\n    two\n\n   \n  ''${three} '''' ''${four}\n''",
    "''one\n  two''",
    "let x = ''\n  a ${''b\n c''} \n''; # it's\nin\n/* \" */ x",
    '"${\n  "a"\n}b" + "c"',
    "[\n  ''\n    a\n  ''\n  \"}\"\n  { a = ''\n \t b\n''; }.a\n]",
  ]
  const plain = codes.map((code) => evaluate(code))
  const moved = codes.map((code) => ({ deeper: { still: nix(code) } }))
  expect(evaluate(`map (each: each.deeper.still) ${print(moved)}`)).toEqual(plain)
})

test('numbers come back as they are', () => {
  const numbers = ['0', '-7', '9223372036854775807', '-9223372036854775808'].map(integer)
  expect(evaluate(`map toString ${print(numbers)}`)).toEqual([
    '0',
    '-7',
    '9223372036854775807',
    '-9223372036854775808',
  ])
  const floats = ['1.5', '-0.25', '1e3', '.5', '2.', '-1.25e-3', '007.5'].map(float)
  expect(evaluate(print(floats))).toEqual([1.5, -0.25, 1000, 0.5, 2, -0.00125, 7.5])
})

test('a number that Nix cannot have is an error, not another number', () => {
  expect(() => evaluate(print([float('.inf')]))).toThrow('Nix has no number .inf')
})

test('every text comes back equal, as a value and as a name', () => {
  const awkward = [
    ...['', ' ', '\n', '\n\n', ' \n', '\n ', 'a\nb', 'a\nb\n', '\na\nb', '\n\na\nb\n', 'a\n\n\nb'],
    ...['${a}', '$${a}', '$$${a}', "''${a}\nb", "'${a}\nb", "a'\nb'", "a\nb'", "a\n''\nb", '$\n$'],
    ...["a\n'''\nb", 'a\n$', 'a\n$$', "a\n$'b", "a\n''$b", "a\n''\\n", '"', '\\', '\\n', '\\${a}'],
    ...[
      'a\tb\nc',
      'a\r\nb\r\n',
      'a\rb',
      'a\n \nb',
      'a\n  \n',
      '  a\n b\n',
      ' a\n  b',
      'a\n\tb',
      'é\n☃',
    ],
    ...[
      '\u00a0a\nb',
      'a\nb\u2028c',
      '\u{1f600}\n${"a"}',
      '/* a */ # b',
      'a\u0001\nb',
      'with',
      '1e3',
    ],
    ...fuzz(400),
  ]
  const nested = list(awkward.map((each) => set({ deep: set({ er: text(each) }) })))
  const expected = awkward.map((each) => ({ deep: { er: each } }))
  expect(evaluate(printNix(nested, 3))).toEqual(expected)
  const names = [...new Set(awkward)]
  const named = names.map((name) => [[name], word('1')] as const)
  expect(evaluate(`builtins.attrNames ${printNix({ kind: 'set', bindings: named })}`)).toEqual(
    names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  )
})

/** Texts of pieces that mean something to Nix, always the same ones. */
function fuzz(count: number): readonly string[] {
  const pieces = ["'", "''", '$', '{', '}', '${', '\n', '\n', ' ', '  ', '\\', '"', 'a', 'b}', '\t']
  let state = 1
  const next = (below: number): number => {
    state = (state * 48271) % 2147483647
    return state % below
  }
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(12) }, () => pieces[next(pieces.length)]).join(''),
  )
}
