import { expect, test } from 'vitest'
import type { Diagnostic } from '../../src/model/diagnostic.ts'
import { diagnosticsText } from '../../src/report/diagnostics.ts'

const mistake: Diagnostic = {
  severity: 'error',
  code: 'schema/unknown-key',
  message: "unknown key 'sytem', did you mean 'system'?",
  file: 'a.yaml',
  line: 2,
  column: 3,
  endLine: 2,
  endColumn: 8,
}
const texts = new Map([['a.yaml', 'vm0:\n  sytem: x\n']])

test('a mistake is shown with its line and the one before', () => {
  expect(diagnosticsText([mistake], texts)).toBe(
    `a.yaml:2:3 error: unknown key 'sytem', did you mean 'system'? [schema/unknown-key]
    1 │ vm0:
    2 │   sytem: x
      │   ^^^^^`,
  )
})

test('a hint stands below, and a file without text has no excerpt', () => {
  const warning: Diagnostic = {
    ...mistake,
    severity: 'warning',
    file: 'flake.lock',
    hint: 'do this',
  }
  expect(diagnosticsText([warning], texts)).toBe(
    `flake.lock:2:3 warning: unknown key 'sytem', did you mean 'system'? [schema/unknown-key]
      │ do this`,
  )
})

test('colour marks the severity, and is left out by default', () => {
  expect(diagnosticsText([mistake], texts, { colour: true })).toContain(
    '\u001b[31merror:\u001b[39m',
  )
  expect(diagnosticsText([mistake], texts)).not.toContain('\u001b')
})

test('foreign text cannot talk to the terminal', () => {
  const evil = { ...mistake, message: 'x\u001b]0;evil\u0007', file: 'b\u001b[2J.yaml' }
  const text = diagnosticsText([evil], new Map([[evil.file, 'a\n\u001b[31m\u202ered']]))
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
})

test('a very long line is cut around the place', () => {
  const long = new Map([['a.yaml', `x\n${'a'.repeat(500)}wrong${'b'.repeat(500)}`]])
  const text = diagnosticsText([{ ...mistake, column: 501, endColumn: 506 }], long)
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(130)
  const [, shown = '', carets = ''] = text.split('\n').slice(-3)
  expect(shown.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('wrong')
})
