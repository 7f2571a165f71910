import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

/** The house from the ground up: a file imports its own room or a lower floor. */
const floors = [
  ['model'],
  ['schema', 'selectors', 'render', 'diff', 'rollout', 'report'],
  ['compile', 'web'],
  ['exec', 'config', 'log'],
  ['git', 'forge', 'nix', 'deploy-rs', 'ssh', 'redis', 'notify'],
  ['jobs'],
  ['server', 'cli'],
  ['main.ts'],
]
const adapters = floors[4]!
const pureRooms = floors.slice(0, 3).flat()
/** Packages that do no I/O: the pure rooms may use them. */
const purePackages = [
  'yaml',
  'js-yaml',
  // For packages that are loaded when they are needed.
  'node:module',
  'ajv/dist/2020.js',
  'picomatch',
  'diff',
  'ipaddr.js',
  'fastest-levenshtein',
  'picocolors',
]

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('src', name))
const roomOf = (file: string): string => file.split('/')[1] ?? ''
const floorOf = (file: string): number => floors.findIndex((rooms) => rooms.includes(roomOf(file)))
const imports = (file: string, pattern = /(?:from|import)\s*\(?\s*'([^']+)'/g): string[] =>
  [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, to]) =>
    to!.startsWith('.') ? join(dirname(file), to!) : to!,
  )
const lines = (file: string, pattern: RegExp): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => pattern.test(line))

test('there is a house to look at', () => {
  expect(files.length).toBeGreaterThan(0)
  expect(existsSync('src/main.ts')).toBe(true)
})

test.each(files)('%s stands in a room', (file) => expect(floorOf(file)).toBeGreaterThanOrEqual(0))

test.each(files)('%s imports no upper floor and no neighbour', (file) => {
  const upstairs = imports(file).filter(
    (to) => to.startsWith('src/') && roomOf(to) !== roomOf(file) && floorOf(to) >= floorOf(file),
  )
  expect(upstairs).toEqual([])
})

test.each(files.filter((file) => pureRooms.includes(roomOf(file))))('%s does no IO', (file) => {
  const impure = imports(file).filter(
    (to) => !to.startsWith('src/') && !to.startsWith('schemas/') && !purePackages.includes(to),
  )
  expect(impure).toEqual([])
  expect(lines(file, /\bawait\b|\bnew Date\(\)|Date\.now\(|Math\.random\(|\bprocess\./)).toEqual([])
})

test.each(files.filter((file) => roomOf(file) === 'jobs'))(
  '%s knows adapters by type only',
  (file) => {
    const values = imports(file, /^import (?!type\b)[^']*'([^']+)'/gm)
    expect(values.filter((to) => adapters.includes(roomOf(to)))).toEqual([])
  },
)

test.each(files.filter((file) => file !== 'src/main.ts'))(
  '%s reads no environment of its own',
  (file) => expect(lines(file, /process\.env\b/)).toEqual([]),
)

test.each(files.filter((file) => roomOf(file) !== 'exec'))('%s starts no process itself', (file) =>
  expect(imports(file).filter((to) => ['node:child_process', 'execa'].includes(to))).toEqual([]),
)

test.each(files.filter((file) => roomOf(file) !== 'redis'))('%s knows no queue', (file) =>
  expect(imports(file).filter((to) => ['bullmq', 'ioredis'].includes(to))).toEqual([]),
)

test.each(files.filter((file) => roomOf(file) !== 'git'))('%s speaks no git itself', (file) =>
  expect(imports(file).filter((to) => to === 'simple-git')).toEqual([]),
)
