import { Command } from 'commander'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { machinesOf, writeFleet } from '../../bench/fleet.ts'
import type { CliContext } from '../../src/cli/context.ts'
import { register as registerRender } from '../../src/cli/render.ts'
import { register as registerValidate } from '../../src/cli/validate.ts'

let folder: string
let cache: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-cache-'))
  cache = join(folder, 'cache')
  writeFleet(join(folder, 'fleet'), machinesOf(500), 100)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a command line on the fleet of 500 machines, or on another folder. */
async function run(line: string, { build = 'one', fleet = 'fleet' } = {}) {
  const result = { stdout: '', stderr: '', code: 0 }
  const context: CliContext = {
    version: '1.2.3',
    cwd: join(folder, fleet),
    stdout: (text) => void (result.stdout += text),
    stderr: (text) => void (result.stderr += text),
    colour: false,
    cache: { folder: cache, build },
    readPage: () => '',
    exit: (code) => void (result.code = code),
  }
  const program = new Command('nixcluster')
  registerValidate(program, context)
  registerRender(program, context)
  await program.parseAsync(line.split(' '), { from: 'user' })
  return result
}

const render = 'render --out -'
const validate = 'validate --output json'

/** What both commands say, and say without a cache: it has to be the same. */
async function both() {
  const rendered = await run(render)
  expect(rendered).toEqual(await run(`${render} --no-cache`))
  expect(await run(validate)).toEqual(await run(`${validate} --no-cache`))
  return rendered
}

const edit = (path: string, from: string, to: string): void => {
  const file = join(folder, 'fleet', path)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(from)
  writeFileSync(file, text.replace(from, to))
}

/** The one file of the cache, as it is on the disk: another inode is another run's. */
function left() {
  const [name, ...others] = readdirSync(cache)
  expect(others).toEqual([])
  const file = join(cache, name!)
  const { ino, mode } = statSync(file)
  return { file, ino, mode: mode & 0o777 }
}

test('a changed setting of a machine is rendered from what the run before left', async () => {
  await run(render)
  const { ino, mode } = left()
  expect(mode).toBe(0o600)
  edit('clusters/3.yaml', 'ip_forward: 1', 'ip_forward: 0')
  expect((await both()).stdout).toContain('"net.ipv4.ip_forward" = 0;')
  expect(left().ino).toBe(ino)
})

test('a changed address of a machine, a module and a remark need no whole run either', async () => {
  await run(render)
  const { ino } = left()
  edit('clusters/1.yaml', '10.0.0.120/8', '10.200.0.1/8')
  edit('clusters/2.yaml', 'apiVersion', '# a remark\napiVersion')
  edit('machines/base.nix', '{ }', '{ services.x.enable = true; }')
  expect((await both()).stdout).toContain('hostname = "10.200.0.1";')
  expect(left().ino).toBe(ino)
})

test('another machine takes a whole run, which leaves its own', async () => {
  await run(render)
  const { ino } = left()
  edit('clusters/3.yaml', 'name: m7.c3.com', 'name: new.c3.com')
  expect((await both()).stdout).toContain('new.c3.com')
  expect(left().ino).not.toBe(ino)
})

test('warnings move with their lines', async () => {
  await run(render)
  edit('clusters/3.yaml', 'services.nginx.enable: true', 'services.x.password: hunter2')
  const place = /clusters\/3.yaml:\d+/
  const before = place.exec((await run('validate')).stdout)![0]
  edit('clusters/3.yaml', 'apiVersion', '# a remark\napiVersion')
  await both()
  const now = place.exec((await run('validate')).stdout)![0]
  expect(Number(now.split(':')[1])).toBe(Number(before.split(':')[1]) + 1)
})

test('a mistake leaves nothing, and what was left serves again when it is mended', async () => {
  await run(render)
  const { ino } = left()
  edit('clusters/3.yaml', 'kind: Machine', 'kind: Masheen')
  expect(await both()).toMatchObject({ code: 1, stdout: '' })
  edit('clusters/3.yaml', 'kind: Masheen', 'kind: Machine')
  expect((await both()).code).toBe(0)
  expect(left().ino).toBe(ino)
})

test('a file that changes within the same instant and to the same size is seen', async () => {
  const file = join(folder, 'fleet/clusters/0.yaml')
  const { atime, mtime } = statSync(file)
  await run(render)
  edit('clusters/0.yaml', 'ip_forward: 1', 'ip_forward: 7')
  utimesSync(file, atime, mtime)
  expect((await both()).stdout).toContain('"net.ipv4.ip_forward" = 7;')
})

test('what validate left has no tree, so that render makes one, and validate goes on from that', async () => {
  await run(validate)
  const { ino } = left()
  edit('clusters/3.yaml', 'ip_forward: 1', 'ip_forward: 0')
  expect(await run(validate)).toMatchObject({ code: 0 })
  expect(left().ino).toBe(ino)
  await run(render)
  const { ino: rendered } = left()
  expect(rendered).not.toBe(ino)
  await both()
  expect(left().ino).toBe(rendered)
})

test('files that come and go are seen, whatever is in them', async () => {
  edit('clusters/3.yaml', 'rack: 0', 'rack: !path /notes')
  mkdirSync(join(folder, 'fleet/notes'))
  writeFileSync(join(folder, 'fleet/notes/a.txt'), '')
  expect(await both()).toMatchObject({ code: 0 })
  rmSync(join(folder, 'fleet/notes'), { recursive: true })
  expect((await both()).stderr).toContain("there is no file '/notes'")
  writeFileSync(join(folder, 'fleet/notes'), '')
  expect(await both()).toMatchObject({ code: 0 })
  writeFileSync(join(folder, 'fleet/clusters/x.yaml'), 'kind: Nothing\n')
  expect((await both()).code).toBe(1)
})

test('an include that leaves files out is seen', async () => {
  await run(render)
  edit('nixcluster.yaml', 'kind: Project', 'kind: Project\ninclude: ["clusters/[0-3].yaml"]')
  expect((await both()).stdout).not.toContain('m7.c4.com')
})

test('whatever became of the file, it is as if it were not there', async () => {
  const { stdout } = await run(render)
  const { file } = left()
  const whole = readFileSync(file)
  const damages: ((bytes: Buffer) => Buffer)[] = [
    () => Buffer.from(''),
    () => Buffer.from('nonsense'),
    (bytes) => bytes.subarray(0, bytes.length / 2),
    (bytes) => bytes.subarray(0, -1),
    (bytes) => Buffer.concat([bytes, Buffer.from('x')]),
    ...[0.01, 0.5, 0.9, 0.99, 1].map((part) => (bytes: Buffer) => {
      const flipped = Buffer.from(bytes)
      const at = Math.floor((flipped.length - 70) * part)
      flipped[at] = flipped[at]! ^ 1
      return flipped
    }),
  ]
  for (const damage of damages) {
    writeFileSync(file, damage(whole))
    expect(await run(render)).toMatchObject({ stdout, stderr: '', code: 0 })
    // A whole run has left it as it was.
    expect(readFileSync(file).length).toBe(whole.length)
  }
  rmSync(file)
  mkdirSync(file)
  expect(await run(render)).toMatchObject({ stdout, stderr: '', code: 0 })
})

test('what another build left, or what was left for another folder, is no use', async () => {
  await run(render, { build: 'two' })
  const { ino, file } = left()
  await run(render, { build: 'two' })
  expect(left().ino).toBe(ino)
  await both()
  expect(left().ino).not.toBe(ino)

  const copy = join(folder, 'copy')
  copyFileSync(file, copy)
  rmSync(cache, { recursive: true })
  writeFleet(join(folder, 'other'), machinesOf(600), 100)
  const { stdout } = await run(render, { fleet: 'other' })
  const { file: others } = left()
  copyFileSync(copy, others)
  expect(await run(render, { fleet: 'other' })).toMatchObject({ stdout })
})

test('--no-cache, and a small repository, leave nothing', async () => {
  await run(`${render} --no-cache`)
  await run(`${validate} --no-cache`)
  writeFleet(join(folder, 'small'), machinesOf(10), 10)
  await run(render, { fleet: 'small' })
  expect(existsSync(cache)).toBe(false)
})

test('where nothing can be written, nothing is said', async () => {
  writeFileSync(cache, '')
  expect(await run(render)).toMatchObject({ code: 0, stderr: '' })
  expect(readFileSync(cache, 'utf8')).toBe('')
})

test('what was left unfinished long ago goes, and so does the oldest of what is too much', async () => {
  mkdirSync(cache)
  const [old, large, fresh] = ['a.1.unfinished', 'large', 'b.2.unfinished'].map((name) =>
    join(cache, name),
  )
  for (const file of [old!, large!, fresh!]) writeFileSync(file, '')
  const hours = (count: number) => new Date(Date.now() - count * 3_600_000)
  utimesSync(old!, hours(2), hours(2))
  // A file with a hole: nothing of it takes room on the disk.
  truncateSync(large!, 600 * 2 ** 20)
  utimesSync(large!, hours(1), hours(1))
  await run(render)
  expect([old!, large!, fresh!].map((file) => existsSync(file))).toEqual([false, false, true])
})
