import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const page = readFileSync('docs/language.md', 'utf8')

/** The YAML examples of the language's page. */
export const examples = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!)

/** Every YAML file below a folder, but for those that are wrong on purpose. */
export function yamlBelow(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter((name) => /^(?!invalid\/).*\.ya?ml$/.test(name))
  return files.map((name) => readFileSync(join(folder, name), 'utf8'))
}

/** A small generator of numbers, so that a failure can be repeated. */
export function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const tokens =
  'x 5 ~ null true 0x1 1e3 -1 !nix !ip ! !!str !a!b [ ] { } *a &a - " \' : :x ? , | > |- >+ |2 # #x' +
  ' % @ ` << --- ... \\ \\n é a:b'
const words = [
  ...tokens.split(' '),
  ...['', ' ', '  ', '\t', '\n', '\n\n', '\n ', '\n  ', '\n- ', '\nx: ', '\n#x\n', '---\n'],
  ...[': ', '- ', '? ', ' #', '|\n', '>\n', '|2\n', '\r\n', '\0', '\u0007', '\u00a0', '\uFEFF'],
]

/** Replaces, removes or doubles some tokens of a text. */
export function mutate(text: string, next: (below: number) => number): string {
  const parts = text.split(/(\s+|[[\]{},:]|"[^"]*")/)
  for (let count = 1 + next(2); count > 0; count--) {
    const at = next(parts.length)
    const other = next(3) === 0 ? parts[next(parts.length)]! : words[next(words.length)]!
    parts.splice(at, next(2), other)
  }
  return parts.join('')
}

/** Some tokens in a row. */
export function gibberish(next: (below: number) => number): string {
  return Array.from({ length: 1 + next(14) }, () => words[next(words.length)]).join('')
}
