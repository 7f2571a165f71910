import { expect, onTestFinished, test, vi } from 'vitest'
import { app, openGithub, project } from './github-site.ts'

const tokensAsked = (requests: readonly string[]): number =>
  requests.filter((request) => request.endsWith('/access_tokens')).length

test('an app finds its installation, and asks once for a token that it has for long', async () => {
  const { github, forge } = await openGithub({ as: 'app' })
  await Promise.all([forge.proposals(), forge.isPrivate(), forge.mayPush('alice')])
  await forge.proposals()
  expect(github.requests.slice(0, 2)).toEqual([
    `GET /repos/${project}/installation`,
    `POST /app/installations/${app.installation}/access_tokens`,
  ])
  expect(tokensAsked(github.requests)).toBe(1)
})

test('an installation that is named is not asked for', async () => {
  const { github, forge } = await openGithub({
    as: { ...app.credential, installation: app.installation },
  })
  await forge.proposals()
  expect(github.requests).not.toContain(`GET /repos/${project}/installation`)
})

test('another token is had before the first one ends, for git as well', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const { github, forge, client } = await openGithub({ as: 'app' })
  await forge.proposals()
  const basic = (token: string): string =>
    `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
  expect(await client.gitAuthorization()).toBe(basic('ghs_1'))
  vi.setSystemTime(Date.now() + 50 * 60_000)
  expect(await client.gitAuthorization()).toBe(basic('ghs_1'))
  vi.setSystemTime(Date.now() + 9 * 60_000)
  expect(await client.gitAuthorization()).toBe(basic('ghs_2'))
  await forge.proposals()
  vi.setSystemTime(Date.now() + 24 * 3_600_000)
  await forge.proposals()
  expect(tokensAsked(github.requests)).toBe(3)
})

test('a token that ends early is had anew, and nobody sees it', async () => {
  const { github, forge } = await openGithub({ as: 'app' })
  await forge.proposals()
  github.installationTokens.length = 0
  expect(await forge.proposals()).toEqual([])
  expect(tokensAsked(github.requests)).toBe(2)
})

test.each([
  ['goes two minutes ahead', 120_000],
  ['is an hour behind', -3_600_000],
])('a clock that %s is set by that of GitHub', async (_, offset) => {
  const { forge } = await openGithub({ as: 'app', now: () => Date.now() + offset })
  expect(await forge.proposals()).toEqual([])
})

test('an app that is not installed says so, and nothing is taken for gone by it', async () => {
  const { github, forge } = await openGithub({ as: 'app' })
  github.pulls.push({ number: 7, branch: 'more', head: 'c'.repeat(40), base: 'main' })
  github.failWhen((request) => request.endsWith('/installation'), 404)
  await expect(forge.proposal('7')).rejects.toMatchObject({
    ...{ name: 'ForgeError', status: 401 },
    message:
      'reading pull request 7: the App 123456 is not installed on example/fleet: install it there, or check app.installation',
  })
  expect(await forge.proposal('7')).toMatchObject({ id: '7' })
})

test('an installation that was named wrongly is told the same way', async () => {
  const { forge } = await openGithub({ as: { ...app.credential, installation: 1 } })
  await expect(forge.mayPush('alice')).rejects.toMatchObject({ name: 'ForgeError', status: 401 })
})

test('a key of another app is refused, and is not in the error', async () => {
  const { forge } = await openGithub({ as: { ...app.credential, id: '7' } })
  const error: Error = await forge.proposals().then(
    () => new Error('no error'),
    (error) => error,
  )
  expect(error).toMatchObject({ name: 'ForgeError', status: 401 })
  const { cause } = error as { cause?: Error }
  const said = [
    error.message,
    error.stack,
    cause?.stack,
    JSON.stringify(error),
    JSON.stringify(cause),
  ]
  expect(said.join()).not.toMatch(/PRIVATE KEY|bearer ey/i)
})

test('an app is known by its own name: other bots are not us', async () => {
  const { github, forge, proposal } = await openGithub({ as: 'app' })
  const body = `<!-- nixcluster:plan ${proposal.head} -->\nall is well`
  github.comment(7, 'other-app[bot]', body, 'Bot')
  await forge.ensureComment(proposal, { markdown: 'the plan', text: '' })
  expect(github.comments.map(({ login }) => login)).toEqual(['other-app[bot]', 'fleet-app[bot]'])
})
