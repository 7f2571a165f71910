import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const pages = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))]
const scripts = (
  JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
).scripts
const commands = [
  ...execFileSync('bin/nixcluster', ['help'], { encoding: 'utf8' }).matchAll(/^ {2}([a-z]+) /gm),
].map(([, name]) => name!)

const found = (page: string, pattern: RegExp): string[] => [
  ...new Set([...readFileSync(page, 'utf8').matchAll(pattern)].map(([, what]) => what!)),
]

test.each(pages)('%s links to pages that are there', (page) => {
  const links = found(page, /\]\((?!https?:)([^)#]+)/g)
  expect(links.filter((link) => !existsSync(join(dirname(page), link)))).toEqual([])
})

test.each(pages)('%s names files that are there', (page) => {
  const files = found(page, /`((?:src|test|lab|docs|schemas|scripts)\/[\w./-]*)/g)
  expect(files.filter((file) => !existsSync(file))).toEqual([])
})

test.each(pages)('%s shows commands that there are', (page) => {
  expect(commands).toContain('validate')
  const shown = found(page, /(?:^|`)nixcluster ([a-z]+)/gm)
  expect(shown.filter((command) => !commands.includes(command))).toEqual([])
  const run = found(page, /npm run ([\w-]+)/g)
  expect(run.filter((script) => scripts[script] === undefined)).toEqual([])
})
