import { expect, test } from 'vitest'
import type { Diagnostic } from '../../src/model/diagnostic.ts'
import { toAnnotations } from '../../src/report/annotations.ts'

const problem = (parts: Partial<Diagnostic>): Diagnostic => ({
  ...{ severity: 'error', code: 'schema/unknown-key', message: "unknown key 'sytem'" },
  ...{ file: 'a.yaml', line: 3, column: 1, endLine: 3, endColumn: 6 },
  ...parts,
})

test('a mistake becomes an annotation of its line, with what to do about it', () => {
  expect(toAnnotations([problem({ hint: "did you mean 'system'?" })])).toEqual([
    {
      file: 'a.yaml',
      line: 3,
      endLine: 3,
      severity: 'error',
      title: 'schema/unknown-key',
      message: "unknown key 'sytem'\ndid you mean 'system'?",
    },
  ])
})

test('errors come before warnings, and those in changed files before others', () => {
  const all = toAnnotations(
    [
      problem({ severity: 'warning', file: 'changed.yaml' }),
      problem({ file: 'other.yaml' }),
      problem({ severity: 'warning', file: 'other.yaml' }),
      problem({ file: 'changed.yaml' }),
    ],
    new Set(['changed.yaml']),
  )
  expect(all.map(({ severity, file }) => `${severity} ${file}`)).toEqual([
    'error changed.yaml',
    'error other.yaml',
    'warning changed.yaml',
    'warning other.yaml',
  ])
})

test('there are no more than GitHub takes, and none that it refuses', () => {
  const evil = `\x1b[2J${'x'.repeat(100_000)}`
  const all = toAnnotations(
    Array.from({ length: 80 }, () => problem({ message: evil, endLine: 1 })),
  )
  expect(all).toHaveLength(50)
  expect(all[0]!.message).toHaveLength(4000)
  expect(all[0]!.message).not.toContain('\x1b')
  expect(all[0]).toMatchObject({ line: 3, endLine: 3 })
})
