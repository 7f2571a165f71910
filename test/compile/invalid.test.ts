import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkRemovals } from '../../src/diff/removals.ts'
import type { Compilation } from '../../src/model/compilation.ts'
import type { Diagnostic } from '../../src/model/diagnostic.ts'
import { compileTexts } from './fleet.ts'

/** Each folder is a repository with one mistake, and beside it exactly what is said about it. */
const folder = 'test/fixtures/invalid'
const expectation = 'diagnostics.txt'
const fixtures = readdirSync(folder).sort()

const rewrite =
  'UPDATE=1 npx vitest run test/compile/invalid.test.ts writes what is said now: read its diff'

test('there are fixtures for at least sixty mistakes', () =>
  expect(fixtures.length).toBeGreaterThanOrEqual(60))

test.each(fixtures)('%s', (name) => {
  const texts = textsOf(join(folder, name))
  const compilation = compileTexts(texts)
  const diagnostics = [...compilation.diagnostics, ...removals(name, compilation)]
  // Whether there is a lock, and how machines are reached, is no concern of the others.
  const shown = diagnostics.filter(({ code }) => {
    if (code === 'compile/target-host') return /^target-host/.test(name)
    return /^lock/.test(name) || !code.startsWith('lock/')
  })
  const said = shown.map((diagnostic) => show(diagnostic, texts)).join('\n')
  const file = join(folder, name, expectation)
  if (process.env['UPDATE']) writeFileSync(file, said)
  expect(said, rewrite).toBe(existsSync(file) ? readFileSync(file, 'utf8') : '')
  expect(said).not.toBe('')
})

/** What is said of the change from the folder `before`, where there is one. */
function removals(name: string, { inventory, locate }: Compilation): readonly Diagnostic[] {
  const before = join(folder, name, 'before')
  if (!existsSync(before)) return []
  const was = compileTexts(textsOf(before)).inventory!
  return checkRemovals(was, inventory!).map(({ at, related: _, ...complaint }) => ({
    ...complaint,
    file: at!.file,
    ...locate(at!),
  }))
}

function textsOf(repository: string): Record<string, string> {
  const paths = readdirSync(repository, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== expectation)
    .map((entry) => join(entry.parentPath, entry.name).slice(repository.length + 1))
  const own = paths.filter((path) => !path.startsWith('before/'))
  return Object.fromEntries(
    own.sort().map((path) => [path, readFileSync(join(repository, path), 'utf8')]),
  )
}

/** The place with its end, the message, the place's text underlined, the hint. */
function show(diagnostic: Diagnostic, texts: Readonly<Record<string, string>>): string {
  const { file, line, column, endLine, endColumn, severity, message, code, hint } = diagnostic
  const text = texts[file]?.split('\n')[line - 1] ?? ''
  const end = endLine === line ? endColumn : text.length + 1
  const underline = ' '.repeat(column - 1) + '^'.repeat(Math.max(end - column, 0))
  const lines = [
    `${file}:${line}:${column}-${endLine}:${endColumn} ${severity}: ${message} [${code}]`,
    ...(underline.includes('^') ? [text, underline + (endLine === line ? '' : '…')] : []),
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
  ]
  return lines.map((one) => `${one}\n`).join('')
}
