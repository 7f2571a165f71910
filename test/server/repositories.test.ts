import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { compile } from '../../src/compile/compile.ts'
import { readConfig } from '../../src/config/config.ts'
import { createLog } from '../../src/log/log.ts'
import { openRepositories } from '../../src/server/repositories.ts'

/** Opens `here` and `gone`; makes repositories of those that are named. */
function open() {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-open-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const make = (name: string): unknown =>
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', join(folder, name)])
  const { config } = readConfig({
    file: join(folder, 'controller.yaml'),
    text: `stateDir: state
repositories:
  - { name: here, url: ./here, secretFile: secret }
  - { name: gone, url: ./gone, secretFile: secret }
`,
    env: {},
    readFile: () => ({ text: '0123456789abcdef', mode: 0o100400 }),
  })
  const logged: string[] = []
  const log = createLog({ level: 'info', secrets: [], write: (line) => logged.push(line) })
  const env = { PATH: process.env['PATH']! }
  const started = () =>
    openRepositories(config!, env, (source) => Promise.resolve(compile(source)), log)
  return { make, logged, started }
}

test('a repository that is gone holds up no other, and is taken up when it is there', async () => {
  const { make, logged, started } = open()
  make('here')
  const { open: repositories, closed, openOthers } = await started()
  expect([...repositories.keys()]).toEqual(['here'])
  expect(logged.join()).toContain("repository 'gone'")
  await openOthers()
  expect([...repositories.keys()]).toEqual(['here'])
  expect(closed()).toEqual([expect.stringMatching(/^repository 'gone': .*; it is tried again$/s)])
  make('gone')
  await openOthers()
  expect([...repositories.keys()]).toEqual(['here', 'gone'])
  expect(closed()).toEqual([])
})

test('where none can be opened, the first says why', async () => {
  await expect(open().started()).rejects.toThrow(/repository 'here': .*check its url/)
})
