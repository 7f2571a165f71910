import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { flakeOfCluster } from './cluster-flake.ts'

/** What means something to YAML, to Nix, or to both. */
const pieces =
  `" ' '' ''' \${ } $ $$ ''$ ''\${ ''\\ \\ \\n \\\\ \\" # : - , [ ] { @ ! % & * | > ? ~ /* */ // . .. ...
  a é ß 漢 😀 null true 010 1e3 =${'\n'.repeat(2)}`
    .split(/[ \n]+/)
    .filter((piece) => piece !== '')
const characters = [
  ...' \n\r\t\v\f\b\u0001\u001b\u001f\u007f\u0080\u0085\u00a0\u2028\u2029\ufeff\ufffd\uffff',
]

const text = fc
  .oneof(
    fc
      .array(fc.constantFrom(...pieces, ...characters, ' ', '\n'), { maxLength: 12 })
      .map((all) => all.join('')),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom(...pieces, ...characters, ''),
  )
  // Refused: see below.
  .map((written) => written.replaceAll('\0', '0'))

const number = fc.oneof(
  fc.maxSafeInteger(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    // Nix has neither a negative zero nor what is nearer to zero than this.
    .map((value) => (Math.abs(value) < 2 ** -1022 ? 0 : value)),
)
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    { weight: 8, arbitrary: text },
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 3 }),
    fc
      .array(fc.tuple(text, tie('any')), { maxLength: 3 })
      .map((entries) => ({ entries: unique(entries) })),
  ),
})).any

/** A map that keeps every key, `__proto__` too. */
interface Entries {
  readonly entries: readonly (readonly [string, unknown])[]
}

function unique(entries: readonly (readonly [string, unknown])[]): Entries['entries'] {
  return [...new Map(entries)]
}

const isEntries = (some: unknown): some is Entries =>
  typeof some === 'object' && some !== null && 'entries' in some && !Array.isArray(some)

/** As YAML in one line, every text in double quotes. */
function quoted(some: unknown): string {
  if (Array.isArray(some)) return `[${some.map(quoted).join(', ')}]`
  if (!isEntries(some)) return JSON.stringify(some)
  return `{${some.entries.map(([key, inner]) => `${JSON.stringify(key)}: ${quoted(inner)}`).join(', ')}}`
}

/** What evaluation gives, maps as lists of keys and values: `toJSON` takes some keys for more. */
const listed = `let listed = value:
  if builtins.isAttrs value then { entries = map (key: [ key (listed value.\${key}) ]) (builtins.attrNames value); }
  else if builtins.isList value then map listed value
  else value; in listed`

/** In the order of Nix: by bytes of UTF-8. */
function inOrder(some: unknown): unknown {
  if (Array.isArray(some)) return some.map(inOrder)
  if (!isEntries(some)) return some
  const entries = some.entries.map(([key, inner]) => [key, inOrder(inner)] as const)
  return { entries: entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))) }
}

test('2,000 values and keys come back from Nix as they were written', { timeout: 60_000 }, () => {
  const long = "long ${text} \"''\n".repeat(10_000)
  const sample = fc.sample(fc.tuple(text, value), { numRuns: 2000, seed: 4 })
  const data = { entries: unique([...sample, ['long', long], [long.slice(0, 1000), 'key']]) }
  const texts = fc.sample(text, { numRuns: 1500, seed: 5 })
  const options = { entries: unique(texts.map((key, index) => [key, texts.at(-index - 1)])) }
  const lines = Object.fromEntries(texts.map((each, index) => [`n${index}`, each]))
  expect(data.entries.length + options.entries.length).toBeGreaterThan(2000)

  const evaluate = flakeOfCluster(
    `services:
  s:
    selectors: [a]
    definition: { path: /s.nix }
    settings: ${quoted(data)}
machines:
  a:
    modules: [/probe.nix]
    config:
      probe.texts: ${quoted(options)}
      probe.lines:
${indented(stringify(lines, { lineWidth: 0 }))}`,
    {
      's.nix': '{ settings, ... }: { probe.data = settings; }',
      'probe.nix': `{ lib, ... }: {
        options.probe = {
          texts = lib.mkOption { type = lib.types.attrsOf lib.types.str; };
          lines = lib.mkOption { type = lib.types.attrsOf lib.types.str; };
          data = lib.mkOption { type = lib.types.raw; };
        };
      }`,
    },
  )
  const found = evaluate('nixosConfigurations.a', `machine: (${listed}) machine.config.probe`)
  const expected = inOrder({
    entries: [
      ['texts', options],
      ['lines', { entries: Object.entries(lines) }],
      ['data', data],
    ],
  })
  expect(JSON.stringify(found)).toBe(JSON.stringify(expected))
})

/** Below `probe.lines:`; only line feeds begin a line. */
function indented(yaml: string): string {
  return yaml
    .split('\n')
    .map((line) => (line === '' ? line : `        ${line}`))
    .join('\n')
}
