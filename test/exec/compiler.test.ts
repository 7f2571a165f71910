import { afterAll, expect, test } from 'vitest'
import { machinesOf, writeFleet } from '../../bench/fleet.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFolder } from '../../src/cli/folder.ts'
import { compile } from '../../src/compile/compile.ts'
import { TooLargeError } from '../../src/model/errors.ts'
import { createCompiler } from '../../src/exec/compiler.ts'

const folder = mkdtempSync(join(tmpdir(), 'nixcluster-compiler-'))
const compiler = createCompiler()
afterAll(async () => {
  await compiler.close()
  rmSync(folder, { recursive: true })
})

test('the thread gives what compiling here gives, and the main one goes on meanwhile', async () => {
  writeFleet(folder, machinesOf(500), 100)
  const source = await readFolder(folder)
  const { locate, ...here } = compile(source)
  let turns = 0
  const turning = setInterval(() => turns++, 1)
  const { locate: locateThere, ...there } = await compiler.compile(source)
  clearInterval(turning)
  expect(there).toEqual({ ...here })
  expect(turns).toBeGreaterThan(5)
  const { at } = here.inventory!.machines.at(-1)!
  expect(locateThere(at)).toEqual(locate(at))
  expect(locate(at).line).toBeGreaterThan(1)
})

test('mistakes come back with their places', async () => {
  const texts = new Map([['nixcluster.yaml', 'apiVersion: nixcluster/v1\nkind: Domian\n']])
  const { diagnostics, inventory } = await compiler.compile({ texts, paths: new Set(texts.keys()) })
  expect(inventory).toBeUndefined()
  expect(diagnostics).toContainEqual(
    expect.objectContaining({ code: 'schema/value', line: 2, column: 7 }),
  )
})

test('a thread that ends fails what waits for it, and the next one compiles', async () => {
  const source = await readFolder(folder)
  const compiling = expect(compiler.compile(source)).rejects.toThrow('the thread ended')
  await compiler.close()
  await compiling
  expect((await compiler.compile(source)).inventory?.machines).toHaveLength(500)
})

test('what takes too long is given up', async () => {
  const hasty = createCompiler(200)
  const lines = Array.from({ length: 200_000 }, () => '- 1\n').join('')
  const texts = new Map([['nixcluster.yaml', `a:\n${lines}`]])
  const endless = hasty.compile({ texts, paths: new Set(texts.keys()) })
  await expect(endless).rejects.toThrow(TooLargeError)
  await hasty.close()
})
