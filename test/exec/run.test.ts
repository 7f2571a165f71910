import { expect, test } from 'vitest'
import { run } from '../../src/exec/run.ts'

test('a program that is given no folder does not depend on where we are', async () => {
  const { stdout } = await run('pwd', [], { env: { PATH: process.env['PATH'] ?? '' } })
  expect(stdout).toBe('/\n')
})
