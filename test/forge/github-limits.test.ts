import { expect, test } from 'vitest'
import { createEtagCache } from '../../src/forge/etag-cache.ts'
import { createGithubClient } from '../../src/forge/github-client.ts'
import { createGithub } from '../../src/forge/github.ts'
import { waitAsked } from '../../src/forge/github-limits.ts'
import { openGithub, token } from './github-site.ts'

test.each([
  ['names the seconds', 403, { 'retry-after': '7' }, '', 7_000],
  ['is too busy', 503, { 'retry-after': '2' }, '', 2_000],
  ['names nothing', 429, {}, '', 60_000],
  ['only speaks of it', 403, {}, 'You have exceeded a secondary rate limit.', 60_000],
  ['was asked for the last time', 200, { 'x-ratelimit-remaining': '0' }, '', 60_000],
  ['refuses for another reason', 403, {}, 'Resource not accessible by integration', undefined],
  ['fails', 502, {}, '', undefined],
  ['finds nothing, at the end of the limit', 404, { 'x-ratelimit-remaining': '0' }, '', undefined],
  ['answers', 200, { 'x-ratelimit-remaining': '4999' }, '', undefined],
])('a GitHub that %s: %i %j', (_, status, headers, message, ms) => {
  expect(waitAsked(status, headers, message)).toBe(ms)
})

test('while GitHub has us wait, nobody with the same credential asks it anything', async () => {
  let now = 0
  const waits = new Map()
  const { github, forge } = await openGithub({ waits, now: () => now })
  const another = createGithub(
    createGithubClient({
      ...{ project: 'example/attic', apiUrl: github.url, waits, now: () => now },
      credential: { kind: 'token', token },
    }),
    'main',
  )
  github.failNext(403, { 'retry-after': '60' })
  await expect(forge.proposals()).rejects.toMatchObject({ retryAfterMs: 60_000 })
  now = 20_000
  const wait = { name: 'NotReadyError', retryAfterMs: 40_000 }
  await expect(forge.isPrivate()).rejects.toMatchObject(wait)
  await expect(another.proposals()).rejects.toMatchObject(wait)
  expect(github.requests).toHaveLength(1)
  now = 60_000
  expect(await forge.isPrivate()).toBe(false)
})

test('the last request of an hour is answered, and the next one waits without being made', async () => {
  const { github, forge } = await openGithub()
  github.remaining = 2
  expect(await forge.isPrivate()).toBe(false)
  expect(await forge.mayPush('alice')).toBe(false)
  await expect(forge.mayPush('bob')).rejects.toMatchObject({ name: 'NotReadyError' })
  expect(github.requests).toHaveLength(2)
})

test('what has not changed is read at no cost', async () => {
  const { github, forge, proposal } = await openGithub()
  github.pulls.push({ number: 7, branch: 'more', head: proposal.head, base: 'main' })
  const look = async () => [
    await forge.proposals(),
    await forge.commands(proposal),
    await forge.mayPush('alice'),
    await forge.isPrivate(),
  ]
  github.remaining = 100
  const seen = await look()
  const cost = 100 - github.remaining
  expect(cost).toBeGreaterThan(4)
  expect(await look()).toEqual(seen)
  expect(github.remaining).toBe(100 - cost)
  // Who we are is known by then.
  expect(github.unchanged).toHaveLength(cost - 1)

  github.permissions.set('alice', 'write')
  expect(await forge.mayPush('alice')).toBe(true)
  expect(github.remaining).toBe(100 - cost - 1)
})

test('a cache holds what was used last', () => {
  const cache = createEtagCache<string>(100)
  const keep = (address: string, size: number): void =>
    cache.set(address, { etag: address, answer: address }, size)
  keep('a', 25)
  keep('b', 25)
  keep('c', 25)
  keep('d', 25)
  expect(cache.get('a')?.answer).toBe('a')
  keep('e', 20)
  keep('huge', 26)
  expect(['a', 'b', 'c', 'd', 'e', 'huge'].filter((key) => cache.get(key))).toEqual([
    ...['a', 'c', 'd', 'e'],
  ])
})
