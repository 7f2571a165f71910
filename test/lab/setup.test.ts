import { stat } from 'node:fs/promises'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'
import { labInputs } from '../../lab/inputs.ts'
import { ensureTools, type Tools } from '../../scripts/setup.ts'

let tools: Tools
beforeAll(async () => {
  tools = await ensureTools()
})

const run = async (program: string, ...words: string[]): Promise<string> =>
  (await execa(program, words, { env: { PATH: tools.path, ...tools.environment } })).stdout

test('gives tools that run', async () => {
  expect(await run(tools.nix, 'eval', '--expr', '1 + 1')).toBe('2')
  expect(await run(tools.deploy, '--version')).toMatch(/^deploy-rs 1\./)
  expect(await run(tools.activate, '--help')).toContain('activate')
  expect(await run(tools.redisServer, '--version')).toMatch(/(Redis|Valkey) server v=/)
  expect((await stat(`${tools.baseImage}/nix/store`)).isDirectory()).toBe(true)
})

test('a second setup says nothing and brings nothing', async () => {
  const before = await stat(`${tools.cache}/bin`)
  const { stdout, stderr } = await execa(process.execPath, ['scripts/setup.ts'])
  expect([stdout, stderr]).toEqual(['', ''])
  expect((await stat(`${tools.cache}/bin`)).mtimeMs).toBe(before.mtimeMs)
})

test('prints what a shell needs to use the tools', async () => {
  const { stdout } = await execa(process.execPath, ['scripts/setup.ts', '--print-env'])
  const { stdout: nix } = await execa('sh', ['-c', `${stdout}\ncommand -v nix`])
  expect(nix).toBe(tools.nix)
})

test('the stand-in for deploy-rs carries the real activate', async () => {
  const { deployRs, nixpkgs } = await labInputs(tools)
  expect(await run(`${deployRs.slice('path:'.length)}/bin/activate`, '--help')).toContain('revoke')
  expect((await stat(`${nixpkgs.slice('path:'.length)}/flake.nix`)).isFile()).toBe(true)
})
