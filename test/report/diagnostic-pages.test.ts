import { expect, test } from 'vitest'
import {
  diagnosticPages,
  diagnosticPagesText,
  diagnosticPageText,
} from '../../src/report/diagnostic-pages.ts'

const pages = diagnosticPages(`# Diagnostics

What stands in front of the first section is none.

## lock/stale

\`flake.lock\` cannot be read, or does
not fit. Others follow.

\`flake.lock\`:

\`\`\`json
{ "nodes": {

  } }
\`\`\`

Run it, which is said in so many words that they take a second line: \`nixcluster update INPUT\` is it.

## names/label

A name is bad.
`)

test('a section is a code, its first sentence and what follows', () => {
  expect(pages.map(({ code, summary }) => [code, summary])).toEqual([
    ['lock/stale', '`flake.lock` cannot be read, or does not fit.'],
    ['names/label', 'A name is bad.'],
  ])
  expect(pages[1]?.text).toBe('A name is bad.')
})

test('on a terminal, examples are indented and code in a sentence is not taken apart', () => {
  expect(diagnosticPageText(pages[0]!)).toBe(`lock/stale

\`flake.lock\` cannot be read, or does not fit. Others follow.

\`flake.lock\`:

    { "nodes": {

      } }

Run it, which is said in so many words that they take a second line:
\`nixcluster update INPUT\` is it.
`)
})

test('only colour changes with a terminal', () => {
  const plain = diagnosticPagesText(pages)
  const coloured = diagnosticPagesText(pages, { colour: true })
  expect(coloured).not.toBe(plain)
  expect(coloured.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain)
  expect(plain).toBe(
    'lock/stale   `flake.lock` cannot be read, or does not fit.\nnames/label  A name is bad.\n',
  )
})
