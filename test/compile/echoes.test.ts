import { expect, test } from 'vitest'
import { isScalar, parseAllDocuments, visit, type Node } from 'yaml'
import type { Diagnostic } from '../../src/model/diagnostic.ts'
import { examples, files } from './documented.ts'
import { compileTexts } from './fleet.ts'

/** Start and end of every key of a text, and of its value. */
function pairsOf(text: string): readonly { key: string; span: number[]; value: number[] }[] {
  const pairs: { key: string; span: number[]; value: number[] }[] = []
  for (const document of parseAllDocuments(text, { logLevel: 'silent' }))
    visit(document, {
      Pair(_, { key, value }) {
        const span = isScalar(key) ? key.range : undefined
        const range = (value as Node | null)?.range
        if (span && isScalar(key))
          pairs.push({ key: String(key.source), span, value: range ? [...range] : [] })
      },
    })
  return pairs
}

const errorsOf = (text: string): readonly Diagnostic[] =>
  compileTexts({ 'nixcluster.yaml': text }, files).diagnostics.filter(
    ({ severity }) => severity === 'error',
  )

const lines = (diagnostics: readonly Diagnostic[]): readonly string[] =>
  diagnostics.map(({ code, line, message }) => `${line}: ${message} [${code}]`)

test('a misspelt key is one mistake, whatever depends on it', () => {
  const echoes: string[] = []
  for (const text of examples)
    for (const { key, span } of pairsOf(text)) {
      const errors = errorsOf(`${text.slice(0, span[1])}x${text.slice(span[1])}`)
      const isUnknown = errors.some(({ message }) => message.startsWith(`unknown key '${key}x'`))
      if (isUnknown && errors.length > 1) echoes.push(...lines(errors))
    }
  expect(echoes).toEqual([])
})

test('a value of another kind is one mistake, whatever depends on it', () => {
  const echoes: string[] = []
  for (const text of examples)
    for (const { value } of pairsOf(text)) {
      const [start, end] = value
      if (start === undefined || text.slice(start, end).includes('\n')) continue
      const errors = errorsOf(`${text.slice(0, start)}[]${text.slice(end)}`)
      const isRefused = errors.some(({ code }) => code === 'schema/type')
      if (isRefused && errors.length > 1) echoes.push(...lines(errors))
    }
  expect(echoes).toEqual([])
})
