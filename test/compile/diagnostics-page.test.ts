import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { checkRemovals } from '../../src/diff/removals.ts'
import { codeRooms } from '../../src/model/diagnostic.ts'
import { allRoles } from '../../src/model/role.ts'
import { diagnosticPages } from '../../src/report/diagnostic-pages.ts'
import { cluster, compileTexts } from './fleet.ts'

const pages = diagnosticPages(readFileSync('docs/diagnostics.md', 'utf8'))

/** The type of codes lets none begin otherwise, so every code stands in the sources as such a literal. */
const literal = new RegExp(`(['"\`])((?:${codeRooms.join('|')})/[^'"\`\\n]+)\\1`, 'g')
const codes = new Set(
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(join('src', name), 'utf8').matchAll(literal)])
    .map(([, , code]) => code!),
)

/** What no text of a repository shows: it takes Nix, or git. */
const shownOtherwise = [
  'compile/file-name',
  'compile/link',
  'compile/submodule',
  'compile/too-large',
  'compile/without-effect',
]

test('every code has a section, and every section a code', () => {
  expect(codes.size).toBeGreaterThan(50)
  expect([...codes].filter((code) => !/^[a-z]+\/[a-z]+(-[a-z]+)*$/.test(code))).toEqual([])
  const sections = pages.map(({ code }) => code)
  const missing = [...codes].filter((code) => !sections.includes(code))
  expect(missing, 'docs/diagnostics.md has no section for these').toEqual([])
  const left = sections.filter((code) => !codes.has(code))
  expect(left, 'docs/diagnostics.md has sections for codes that there are not').toEqual([])
})

test('sections are in alphabetical order, each once', () => {
  const sections = pages.map(({ code }) => code)
  expect(sections).toEqual([...new Set(sections)].sort())
})

test.each(pages)(
  '$code has a first sentence, an example and what to do',
  ({ code, summary, text }) => {
    expect(summary).toMatch(/^\S.*\S\.$/)
    expect(text).toMatch(/\n\n```[a-z]+\n/)
    expect(text).toMatch(/```\n\n[A-Z`]/)
    expect(Object.keys(examplesOf(text)).length > 0).toBe(!shownOtherwise.includes(code))
  },
)

test.each(pages.filter(({ code }) => !shownOtherwise.includes(code)))(
  'the example of $code gives it, and nothing else',
  ({ code, text }) => {
    const texts = examplesOf(text)
    const shown = codesOf(code, texts).filter((one) => one === code || !usual.includes(one))
    expect([...new Set(shown)]).toEqual([code])
  },
)

/** What nearly every short example lacks. */
const usual = ['lock/missing', 'compile/target-host']

/** What a block without a path in front of it is. */
const unnamed: Readonly<Record<string, string>> = { yaml: 'nixcluster.yaml', sh: 'command' }

/** Path -> text: a block belongs to the path in front of it. */
function examplesOf(text: string): Record<string, string> {
  const blocks = [...text.matchAll(/(?:^`([^`\n]+)`:\n\n)?^```([a-z]+)\n([^]*?)^```$/gm)]
  const named = blocks.flatMap(([, path, language, content]) => {
    const file = path ?? unnamed[language!]
    return file === undefined ? [] : [[file, content!] as const]
  })
  expect(new Set(named.map(([path]) => path)).size).toBe(named.length)
  return Object.fromEntries(named)
}

function codesOf(code: string, texts: Record<string, string>): readonly string[] {
  switch (code.split('/')[0]) {
    case 'config':
      return ofSettings(texts)
    case 'diff':
      return ofChange(texts)
    default:
      return ofFleet(texts)
  }
}

function ofChange({ before = '', after = '' }: Record<string, string>): string[] {
  const [was, is] = [before, after].map(
    (text) => compileTexts({ 'nixcluster.yaml': cluster(text) }).inventory!,
  )
  return checkRemovals(was!, is!).map(({ code }) => code)
}

function ofFleet(texts: Record<string, string>): string[] {
  const { 'nixcluster.yaml': main, ...others } = texts
  const isWhole = main === undefined || main.startsWith('apiVersion:')
  const whole = isWhole ? texts : { ...others, 'nixcluster.yaml': cluster(main) }
  return compileTexts(whole).diagnostics.map(({ code }) => code)
}

const secrets: Readonly<Record<string, string>> = {
  'weak.secret': 'hunter2',
  'app.pem': generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  }).privateKey,
}

const settings =
  'repositories: [{ name: fleet, url: /srv/git/fleet.git, secretFile: fleet.secret }]'

/** Of a `controller.yaml`, or of a command with variables in front of it. */
function ofSettings({
  'nixcluster.yaml': text = settings,
  command = '',
}: Record<string, string>): string[] {
  const variables = [...command.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])
  const role = allRoles.find((one) => command.includes(`--role ${one}`))
  const { diagnostics } = readConfig({
    ...(role === undefined ? {} : { roles: [role] }),
    file: '/etc/nixcluster/controller.yaml',
    text,
    env: Object.fromEntries(variables) as Record<string, string>,
    readFile: (path) => {
      if (path.endsWith('/missing.secret')) throw new Error('no such file')
      const text = secrets[path.replace(/.*\//, '')] ?? '0123456789abcdef'
      return { text, mode: 0o100400 }
    },
  })
  return diagnostics.map(({ code }) => code)
}
