import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { run } from '../../src/exec/run.ts'

test('a program that is given no folder does not depend on where we are', async () => {
  const { stdout } = await run('pwd', [], { env: { PATH: process.env['PATH'] ?? '' } })
  expect(stdout).toBe('/\n')
})

test('what a program has started ends when the controller does, however long it would take', async () => {
  const module = new URL('../../src/exec/run.ts', import.meta.url)
  const script = `import { run } from '${module}'
    const said = (text) => { process.stdout.write(text); process.exit() }
    void run('sh', ['-c', 'sleep 61 & echo $! >&2; wait'], { env: process.env, onStderr: said })`
  const node = spawnSync(process.execPath, ['--input-type=module', '-e', script])
  const sleeper = Number(node.stdout.toString())
  expect(sleeper).toBeGreaterThan(1)
  await expect.poll(() => stateOf(sleeper)).toMatch(/^(Z|gone)$/)
})

/** One letter; `Z` has ended, and its parent has not looked yet. */
function stateOf(pid: number): string {
  try {
    return / \((?:.*)\) (\w) /s.exec(` ${readFileSync(`/proc/${pid}/stat`, 'utf8')}`)?.[1] ?? ''
  } catch {
    return 'gone'
  }
}
