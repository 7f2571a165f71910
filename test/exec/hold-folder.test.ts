import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { holdFolder } from '../../src/exec/hold-folder.ts'

/** Holds it for as long as the test: the folder's number is given to another one afterwards. */
async function hold(folder: string) {
  const held = await holdFolder(folder)
  onTestFinished(() => held?.letGo())
  return held
}

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-hold-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a folder is held once, by whatever name, until it is let go', async () => {
  const folder = createFolder()
  const link = join(createFolder(), 'link')
  symlinkSync(folder, link)
  const held = await hold(folder)
  expect(await hold(link)).toBeUndefined()
  expect(await hold(createFolder())).toBeDefined()
  await held!.letGo()
  expect(await hold(link)).toBeDefined()
})

test('what a killed process has held is free', async () => {
  const folder = createFolder()
  const module = new URL('../../src/exec/hold-folder.ts', import.meta.url)
  const script = `import { holdFolder } from '${module}'
    console.log((await holdFolder(process.argv[1])) !== undefined); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder])
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  expect(said.toString()).toBe('true\n')
  expect(await hold(folder)).toBeUndefined()
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await hold(folder)).toBeDefined()
})
