import { createWords, type NixPlace, type NixWords } from './nix-words.ts'

/** The path of a flake of the repository's own, beside which ours is generated. */
export const sourceFlakeFile = 'flake.nix'

/** What a `flake.nix` says of its inputs. */
export interface SourceFlake {
  /** Names in the order in which they are written. */
  readonly inputs: ReadonlyMap<string, readonly InputSetting[]>
  readonly mistake?: NixPlace & { readonly message: string }
}

/** A setting of an input: the attribute path below its name. */
export type InputSetting = readonly [path: readonly string[], value: string | number | boolean]

/**
 * Reads the inputs of a `flake.nix`. Nix wants them as literals, so that they can be read without it:
 * the generated flake has them before anything is locked.
 */
export function readSourceFlake(code: string): SourceFlake {
  const words = createWords(code)
  const inputs = new Map<string, InputSetting[]>()
  const is = (text: string): boolean => words.now.text === text && words.now.kind !== 'end'
  const take = (text: string): void => {
    if (is(text)) words.advance()
    else
      words.fail(
        `expected '${text}', found ${words.now.kind === 'end' ? 'the end' : `'${words.now.text}'`}`,
      )
  }

  const set = (prefix: readonly string[]): void => {
    take('{')
    while (!is('}') && words.now.kind !== 'end') {
      const path = [...prefix, ...attributePath(code, words)]
      take('=')
      if (path[0] === 'inputs') literal(path)
      else skipExpression(words, ';')
      take(';')
    }
    take('}')
  }

  const literal = (path: readonly string[]): void => {
    const [, name, ...below] = path
    const settings = name === undefined ? [] : (inputs.get(name) ?? [])
    if (name !== undefined) inputs.set(name, settings)
    const { kind, text } = words.now
    if (is('{')) return set(path)
    if (name === undefined || below.length === 0)
      return words.fail('an input is a set that is written out')
    if (kind === 'text') settings.push([below, plainText(code, words)])
    else if (kind === 'number') settings.push([below, Number(words.advance().text)])
    else if (kind === 'uri') settings.push([below, words.advance().text])
    else if (text === 'true' || text === 'false')
      settings.push([below, words.advance().text === 'true'])
    else words.fail(`an input is written out, not computed: '${text}'`)
  }

  set([])
  if (words.now.kind !== 'end') words.fail(`expected the end, found '${words.now.text}'`)
  const { mistake } = words
  return mistake ? { inputs, mistake } : { inputs }
}

function attributePath(code: string, words: NixWords): readonly string[] {
  const steps: string[] = []
  do {
    if (steps.length > 0) words.advance()
    if (words.now.kind === 'text') steps.push(plainText(code, words))
    else if (words.now.kind === 'name' || words.now.text === 'or') steps.push(words.advance().text)
    else words.fail(`expected a name, found '${words.now.text}'`)
  } while (words.now.text === '.')
  return steps
}

/** The text that begins here, in which nothing is computed. */
function plainText(code: string, words: NixWords): string {
  const { start, text: quotes } = words.now
  words.readText((opener) => words.fail('an input is written out, not computed', opener))
  const end = code.slice(start, words.now.start).lastIndexOf(quotes) + start
  const written = code.slice(start + quotes.length, end)
  if (quotes === '"') return written.replace(/\\([^])/g, (_, what: string) => escapes[what] ?? what)
  return written.trim()
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/** Goes on to what ends an expression; `let`, `with` and `assert` have semicolons of their own. */
function skipExpression(words: NixWords, end: ';' | '}'): void {
  const open: string[] = []
  let own = 0
  while (words.now.kind !== 'end') {
    const { kind, text } = words.now
    if (kind === 'text' || kind === 'path') {
      const read = kind === 'text' ? words.readText : words.readPath
      read(() => skipExpression(words, '}'))
      continue
    }
    const isOutside = open.length === 0
    if (isOutside && text === ';') own--
    if (isOutside && text === end && own < 0 === (end === ';')) return
    if (isOutside && (text === 'with' || text === 'assert')) own++
    if (kind === 'keyword' ? text === 'let' : ['{', '(', '[', '${'].includes(text)) open.push(text)
    else if (['}', ')', ']', 'in'].includes(text)) open.pop()
    words.advance()
  }
}
