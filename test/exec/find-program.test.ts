import { expect, test } from 'vitest'
import { findProgram } from '../../src/exec/find-program.ts'

test('a name is looked up in PATH, first come first served; a path is itself', async () => {
  const node = process.execPath
  const folder = node.replace(/\/node$/, '')
  expect(await findProgram('node', `/nonexistent:${folder}`)).toBe(node)
  expect(await findProgram(node, '')).toBe(node)
  expect(await findProgram('node', '/nonexistent')).toBeUndefined()
  expect(await findProgram('/nonexistent/node', folder)).toBeUndefined()
})
