import { expect, test } from 'vitest'
import { demo } from '../../lab/demo.ts'
import { lackingForLab } from '../../lab/lacking.ts'
import type { RunDemo } from '../../src/cli/demo.ts'

test('a machine that is set up lacks nothing for the lab', async () => {
  expect(await lackingForLab()).toEqual([])
})

test('elsewhere than on Linux nothing is looked for', async () => {
  expect(await lackingForLab('darwin')).toEqual([
    'machines boot with systemd-nspawn, which is for Linux',
  ])
})

test('the command starts the demo as the lab offers it', () => {
  const offered: RunDemo = demo
  expect(offered).toBeTypeOf('function')
})
