import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { linked } from '../../scripts/cache.ts'
import { readNix } from '../../src/schema/nix-syntax.ts'

test.each([
  ['pkgs.htop or null'],
  ['[ pkgs.htop (f x) "a" ./x ]'],
  ['{ pkgs, lib ? { }, ... }@args: with pkgs; [ ]'],
  ['args@{ a, b, }: a: _: -a * 2 ++ b == [ ] -> !a && b // c ? d."e".${f}'],
  ['let inherit (a) b "c"; inherit d; x.y."z ${w}" = 1; in rec { inherit x; }'],
  ['assert 1 < 2; if a then b else if c then 1.5e3 else .5'],
  ["''\n  a ''${b} ${c + ''d''} ''' ''\\n $${e} $\n''"],
  ['"a \\${b} ${"c ${d}"} $${e} $"'],
  ['<nixpkgs/lib> + ../a/${b}/c + https://example.com/?a=b'],
  ['# text\n/* more\n * text */ x /**/'],
  ['let { body = 1; }'],
  ['{ or = 1; a.or = 2; }.or or 3'],
])('reads %s', (code) => expect(readNix(code).mistake).toBeUndefined())

test.each([
  ['', 'expected a value, found the end', ''],
  ['[ pkgs.htop', "the '[' has no ']'", '['],
  ['f (x', "the '(' has no ')'", '('],
  ['{ a = 1 }', "expected ';', found '}'", '}'],
  ['{ a: 1 }', "expected '=', found ':'", ':'],
  ['{ a, b }', "expected ':', found the end", ''],
  ['"text', 'the text that begins here has no end', '"'],
  ["''text", 'the text that begins here has no end', "''"],
  ['"${x"', 'the text that begins here has no end', '"'],
  ['"${x y', "the '${' has no '}'", '${'],
  ['"${x; y}"', "expected '}', found ';'", ';'],
  ['x /* y', 'the comment has no end', '/'],
  ['a b ]', "']' is more than an expression", ']'],
  ['let a = 1; a', "expected '=', found the end", ''],
  ['if a then b', "expected 'else', found the end", ''],
  ['a == b == c', "'==' needs parentheses around what stands before it", '=='],
  ['a + let b = 1; in b', "expected a value, found 'let'", 'let'],
  ['a.1', undefined, ''],
  ['./a/', 'a path has no slash at its end', './a/'],
  ['$x', "expected a value, found '$'", '$'],
])('of %s says: %s', (code, message, place) => {
  const { mistake } = readNix(code)
  expect(mistake?.message).toBe(message)
  if (mistake) expect(code.slice(mistake.start, mistake.end)).toBe(place)
})

test('tells paths from texts, comments and operators', () => {
  const { relativePaths, searchPaths } = readNix(
    `[ ./a ../b/c.nix d/e "./f" ''./g'' /h ~/i <j> (k / l) ./\${m}/n ] # ./o`,
  )
  expect(relativePaths.map(({ text }) => text)).toEqual(['./a', '../b/c.nix', 'd/e', './'])
  expect(searchPaths.map(({ text }) => text)).toEqual(['<j>'])
})

test.each([
  ['a b.c { d = e; }', ['a', 'b', 'e']],
  ['let a = b; b = a; c.d = e; in a c f', ['e', 'f']],
  ['let inherit a; inherit (b) c; in a + c', ['a', 'b']],
  ['let inherit a; in let a = 1; in a', ['a']],
  ['rec { a = b; b = c; } // { d = e; e = 1; inherit f; }', ['c', 'e', 'f']],
  ['rec { inherit a; b = a; }', ['a']],
  ['{ a, b ? a, ... }@c: d@{ e }: f: a b c d e f g', ['g']],
  ['(a: a) a', ['a']],
  ['with a; b c (d: e)', ['a']],
  ['x: with x; y', []],
  ['"${a} \\${b}" + \'\'${c}\'\' + d.${e}."${f}".g or h', ['a', 'c', 'd', 'e', 'f', 'h']],
])('%s uses from outside: %j', (code, expected) =>
  expect(readNix(code).freeNames.map(({ text }) => text)).toEqual(expected),
)

test('much nesting is a mistake, not a crash', () => {
  for (const code of ['(', '[', '{a=', 'a: ', '-', '!', 'a ++ ', '"${', 'if a then b else '])
    expect(readNix(code.repeat(100_000)).mistake).toBeDefined()
})

/** Words of expressions that say something, from which others are made. */
const words = [
  ...readFileSync('src/render/nix/levels.nix', 'utf8').split(/(?<=\s)/),
  ...`a b.c "d" ''e'' ./f 1 2.5 or rec { } [ ] ( ) ; = : , . ? @ ! - + ++ // -> && == < inherit let in with if then else assert \${ } ... "\${ "x" ''\${`.split(
    ' ',
  ),
]

test('agrees with Nix on which expressions there are', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-syntax-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const snippets = [
    'map (x: x + 1) [ 1 2 ]',
    '{ a = 1; b.c = "d ${e}"; }',
    'let a = 1; in a',
    "with x; ''f ${g}''",
    '{ a ? 1, ... }@b: a.b or c',
    'if a == b then !c else -d',
    'a // { inherit (b) c; } ? d',
  ].map((code) => code.split(/(?<=\W)|(?=\W)/))
  const codes = fc.sample(
    fc
      .tuple(
        fc.constantFrom(...snippets),
        fc.array(fc.tuple(fc.nat(20), fc.nat(2), fc.constantFrom(...words)), { maxLength: 3 }),
      )
      .map(([base, edits]) => {
        const code = [...base]
        for (const [place, removed, added] of edits) code.splice(place, removed, added)
        return code.join('')
      }),
    { numRuns: 60, seed: 4 },
  )
  const disagreements = codes.filter((code) => {
    const file = join(folder, 'it.nix')
    writeFileSync(file, code)
    return isSyntaxError(file) !== (readNix(code).mistake !== undefined)
  })
  expect(disagreements).toEqual([])
  const mistaken = codes.filter((code) => readNix(code).mistake)
  expect(mistaken.length).toBeGreaterThan(15)
  expect(mistaken.length).toBeLessThan(55)
})

/** What Nix finds once an expression is read, such as a name that is not defined, is no matter here. */
function isSyntaxError(file: string): boolean {
  const instantiate = join(linked('nix')!, '../nix-instantiate')
  try {
    execFileSync(instantiate, ['--parse', file], { stdio: 'pipe' })
    return false
  } catch (error) {
    return /syntax error|trailing slash/.test(String((error as { stderr: Buffer }).stderr))
  }
}
