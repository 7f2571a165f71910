import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compileTexts } from './fleet.ts'

const page = readFileSync('docs/language.md', 'utf8')
const examples = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!)
const words = [
  'x',
  '5',
  '!nix',
  '!ip',
  '[',
  '}',
  '*a',
  '&a',
  '- ',
  '"',
  '~',
  ': ',
  '---\n',
  '\t',
  '',
]

/** A small generator of numbers, so that a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Replaces, removes or doubles some token of a text. */
function mutate(text: string, next: (below: number) => number): string {
  const tokens = text.split(/(\s+|[[\]{},:]|"[^"]*")/)
  for (let count = 1 + next(2); count > 0; count--) {
    const at = next(tokens.length)
    const other = next(3) === 0 ? tokens[next(tokens.length)]! : words[next(words.length)]!
    tokens.splice(at, next(2), other)
  }
  return tokens.join('')
}

test.each(examples.map((_, index) => index))(
  'hundreds of mutations of example %i: no exception, every complaint has a place',
  (index) => {
    const next = numbers(index + 1)
    for (let round = 0; round < 300; round++) {
      const text = mutate(examples[index]!, next)
      let problem: unknown
      try {
        const { diagnostics, inventory, rendered } = compileTexts({ 'nixcluster.yaml': text })
        const lines = text.split('\n').length
        const lost = diagnostics.filter(
          ({ file, line, column, endLine, endColumn, message }) =>
            (file === 'nixcluster.yaml' && line > lines) ||
            line < 1 ||
            column < 1 ||
            endLine < line ||
            (endLine === line && endColumn < column) ||
            /undefined|\[object|Symbol/.test(message),
        )
        if (lost.length > 0) problem = lost
        const errors = diagnostics.filter(({ severity }) => severity === 'error')
        if ((errors.length === 0) !== (inventory !== undefined && rendered !== undefined))
          problem = 'neither errors nor an inventory'
      } catch (error) {
        problem = error
      }
      expect(problem, text).toBeUndefined()
    }
  },
)
