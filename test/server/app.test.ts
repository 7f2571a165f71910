import { expect, test } from 'vitest'
import { deliver, push, sign } from '../github/deliveries.ts'
import { secret, startApp } from './app-of-the-test.ts'

test('it says that it lives, and that it is ready', async () => {
  const { url } = await startApp()
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const answer = await fetch(`${url}/readyz`)
  expect([answer.status, await answer.json()]).toEqual([
    200,
    {
      ready: true,
      missing: [],
      notes: ["repository 'attic': no answer; it is tried again"],
    },
  ])
})

test('with Redis away it lives, and is not ready', async () => {
  const { url, redis } = await startApp()
  await redis.close()
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const answer = await fetch(`${url}/readyz`)
  expect([answer.status, await answer.json()]).toEqual([
    503,
    {
      ready: false,
      missing: ['Redis does not answer'],
      notes: ["repository 'attic': no answer; it is tried again"],
    },
  ])
})

test('it counts requests by route, webhooks by result and jobs that wait', async () => {
  const { url } = await startApp()
  const payload = push('example/fleet', 'main', 'a', 'b')
  await deliver(url, sign('push', payload, secret))
  await deliver(url, sign('push', payload, 'wrong'))
  await fetch(`${url}/api/repositories/fleet/status`)
  await fetch(`${url}/no/such/page`)
  const text = await (await fetch(`${url}/metrics`)).text()
  for (const line of [
    'nixcluster_webhooks_total{forge="github",result="queued"} 1',
    'nixcluster_webhooks_total{forge="github",result="unauthorized"} 1',
    'nixcluster_http_requests_total{route="/webhooks/github",method="POST",status="202"} 1',
    'nixcluster_http_requests_total{route="/api/repositories/:name/status",method="GET",status="401"} 1',
    'nixcluster_http_requests_total{route="/*",method="GET",status="404"} 1',
    'nixcluster_queue_jobs{kind="publish",state="waiting"} 1',
  ]) {
    expect(text).toContain(line)
  }
})

test('each answer has an id of its own, under which the log has what came of the request', async () => {
  const { url, logged } = await startApp()
  const ask = async () => (await fetch(`${url}/healthz`)).headers.get('x-request-id')
  const [one, other] = [await ask(), await ask()]
  expect(one).toMatch(/^[\w-]{36}$/)
  expect(one).not.toBe(other)
  const refused = await fetch(`${url}/hooks/git`, { method: 'POST', body: '{}' })
  expect(JSON.parse(logged[0]!)).toMatchObject({
    trace: refused.headers.get('x-request-id'),
    text: expect.stringContaining('refused a push hook'),
  })
})

test('a failure inside is a 500 that tells nothing, and a line in the log', async () => {
  const { url, logged } = await startApp({
    ready: () => Promise.reject(new Error('the mirror is on fire')),
  })
  const answer = await fetch(`${url}/readyz`)
  expect([answer.status, await answer.text()]).toEqual([
    500,
    '{"error":"the controller failed, its log says why"}',
  ])
  expect(logged.join('')).toContain('the mirror is on fire')
})
