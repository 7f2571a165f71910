import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { linked } from '../../scripts/cache.ts'
import { nixEnvironment } from '../../scripts/nix.ts'
import { createNixExaminer } from '../../src/nix/examine.ts'
import { builderFinding, storeFindings } from '../../src/report/findings/nix.ts'

const program = linked('nix')!
const { signal } = new AbortController()
let env: Record<string, string>
let folder: string

beforeAll(async () => {
  env = { PATH: `${dirname(program)}:${process.env['PATH']!}`, ...(await nixEnvironment()) }
})
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nixcluster-examine-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const examiner = (nix = program) => createNixExaminer({ nix, env, folder })

/** A program that answers every question with this. */
function scripted(script: string): string {
  const file = join(folder, 'nix')
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

test('a Nix that works evaluates, has a store, and keeps what strangers write from our files', async () => {
  const nix = examiner()
  await nix.evaluate(signal)
  expect(storeFindings(await nix.store(signal)).map(({ state }) => state)).toEqual(['fine', 'fine'])
  expect(await nix.cage(signal)).toBe('closed')
})

test('it builds for its own system, anew each time', async () => {
  const nix = examiner()
  const { system } = await nix.settings(signal)
  expect(system).toMatch(/^\w+-linux$/)
  await nix.build(system, signal)
  await nix.build(system, signal)
})

test('a system that nobody builds for is told with what to add', async () => {
  const nix = examiner()
  const settings = await nix.settings(signal)
  const said = await nix.build('riscv64-linux', signal).then(
    () => '',
    (error: Error) => error.message,
  )
  const finding = builderFinding('riscv64-linux', { built: false, said }, settings)
  expect(finding.state).toBe('wrong')
  expect(finding.found).toContain("a 'riscv64-linux'")
  expect(finding.advice).toContain('boot.binfmt.emulatedSystems = [ "riscv64-linux" ]')
})

test('a Nix without flakes says so', async () => {
  const old = scripted('echo "error: unrecognised flag --expr" >&2; exit 1')
  await expect(examiner(old).evaluate(signal)).rejects.toThrow('unrecognised flag')
})

test('an evaluation that reads a file of ours leaves the cage open', async () => {
  expect(await examiner(scripted('echo 2')).cage(signal)).toBe('open')
})

test('an older name of a command is tried where the newer one is not known', async () => {
  const old = scripted(
    'case "$1 $2" in "store ping") echo "{\\"url\\":\\"daemon\\"}" ;; *) exit 1 ;; esac',
  )
  expect(await examiner(old).store(signal)).toEqual({ url: 'daemon', mayRoot: true })
})

test('what hangs is ended when its time is over', async () => {
  const limit = new AbortController()
  const hanging = examiner(scripted('sleep 60')).evaluate(limit.signal)
  setTimeout(() => limit.abort(), 100)
  await expect(hanging).rejects.toThrow('running')
})
