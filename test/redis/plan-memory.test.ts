import { expect, onTestFinished, test } from 'vitest'
import type { Log } from '../../src/model/ports.ts'
import { createPlanMemory } from '../../src/redis/plan-memory.ts'
import { redisCli, silent, startRedis, until } from './redis-of-the-test.ts'

test('what one process has planned is known to another, for a week', async () => {
  const server = await startRedis()
  const [one, other] = [server, server].map(({ address }) => createPlanMemory(address, silent))
  onTestFinished(() => [one, other].forEach((memory) => memory!.close()))
  await until('it is kept', async () => {
    await one!.write('fleet', '7', 'c0ffee')
    return (await other!.read('fleet', '7')) === 'c0ffee'
  })
  expect(await other!.read('fleet', '8')).toBeUndefined()
  expect(Number(redisCli(server, 'ttl', 'nixcluster:planned:["fleet","7"]'))).toBeGreaterThan(
    600_000,
  )
})

test('a dead Redis knows nothing, and is warned of', async () => {
  const warnings: string[] = []
  const log: Log = { ...silent, warn: (_, text) => void warnings.push(text) }
  const memory = createPlanMemory({ kind: 'socket', path: '/tmp/nixcluster-no-such.sock' }, log)
  onTestFinished(() => memory.close())
  await memory.write('fleet', '7', 'c0ffee')
  expect(await memory.read('fleet', '7')).toBeUndefined()
  expect(warnings).toHaveLength(2)
})
