import { expect, test } from 'vitest'
import { openGithub } from './github-site.ts'

test.each(['token', 'app'] as const)('as %s: what failed is sent again', async (as) => {
  const { github, forge } = await openGithub({ as })
  github.deliver(202)
  github.deliver(502)
  github.deliver(0)
  expect(await forge.redeliver()).toBe(2)
  expect(github.deliveries.slice(3).every(({ redelivery }) => redelivery)).toBe(true)
})

test('what fails again is tried three times in all', async () => {
  const { github, forge } = await openGithub()
  github.redeliveredCode = 503
  const guid = github.deliver(503)
  const counts = []
  for (let look = 0; look < 5; look++) counts.push(await forge.redeliver())
  expect(counts).toEqual([1, 1, 0, 0, 0])
  expect(github.deliveries.filter((one) => one.guid === guid)).toHaveLength(3)
})

test('a controller that starts again counts the attempts that it finds', async () => {
  const { github, forge, restarted } = await openGithub()
  github.redeliveredCode = 503
  github.deliver(503)
  await forge.redeliver()
  await restarted().redeliver()
  expect(await restarted().redeliver()).toBe(0)
  expect(github.deliveries).toHaveLength(3)
})

test('what arrived in the meantime is not sent again', async () => {
  const { github, forge } = await openGithub()
  github.deliver(502)
  const [failed] = github.deliveries
  const deliveredAt = github.tick()
  github.deliveries.push({
    ...failed!,
    id: failed!.id + 1n,
    deliveredAt,
    code: 200,
    redelivery: true,
  })
  expect(await forge.redeliver()).toBe(0)
})

test('an attempt of which nothing is listed yet is not repeated', async () => {
  const { github, forge } = await openGithub()
  github.deliver(502)
  await forge.redeliver()
  // GitHub sends it in its own time.
  github.deliveries.pop()
  expect(await forge.redeliver()).toBe(0)
})

test('deliveries are read page after page, and later only the new ones', async () => {
  const { github, forge } = await openGithub()
  for (let count = 0; count < 250; count++) github.deliver(202)
  github.deliver(502)
  for (let count = 0; count < 150; count++) github.deliver(202)
  expect(await forge.redeliver()).toBe(1)
  const before = github.requests.length
  github.deliver(502)
  expect(await forge.redeliver()).toBe(1)
  expect(github.requests.slice(before).filter((one) => one.endsWith('/deliveries'))).toHaveLength(1)
})

test('of the deliveries of an app, those of other repositories are not ours', async () => {
  const { github, forge } = await openGithub({ as: 'app' })
  github.deliver(502)
  github.deliver(502, 4711)
  expect(await forge.redeliver()).toBe(1)
  expect(github.deliveries[2]?.guid).toBe(github.deliveries[0]?.guid)
})

test('a token that may not see webhooks sends nothing again, and is tried once an hour', async () => {
  let now = Date.now()
  const { github, forge } = await openGithub({ now: () => now })
  github.mayReadHooks = false
  github.deliver(502)
  expect([await forge.redeliver(), await forge.redeliver()]).toEqual([0, 0])
  expect(github.requests).toHaveLength(1)
  github.mayReadHooks = true
  now += 3_600_000
  expect(await forge.redeliver()).toBe(1)
})
