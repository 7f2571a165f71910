import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { openRepositories } from '../../src/server/repositories.ts'
import { app, openGithub, token } from '../forge/github-site.ts'

const files: Readonly<Record<string, string>> = {
  'fleet.secret': '0123456789abcdef',
  token,
  'app.pem': app.credential.privateKey,
}

/** A server that lets nobody in and remembers who asked. */
async function startDoor() {
  const asked: string[] = []
  const server = createServer(({ headers }, response) => {
    const [, basic = ''] = (headers.authorization ?? '').split(' ')
    asked.push(Buffer.from(basic, 'base64').toString())
    response.writeHead(403).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test.each([
  ['a token', 'tokenFile: token', `x-access-token:${token}`, `x-access-token:${token}`],
  [
    'an app',
    'app: { id: 123456, privateKeyFile: app.pem }',
    'x-access-token:ghs_1',
    'x-access-token:ghs_2',
  ],
])('with %s, git over HTTPS shows what the forge is shown', async (_, credential, first, later) => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const { github } = await openGithub()
  const door = await startDoor()
  const stateDir = mkdtempSync(join(tmpdir(), 'nixcluster-repositories-'))
  onTestFinished(() => rmSync(stateDir, { recursive: true }))
  const text = `
stateDir: ${stateDir}
repositories:
  - { name: fleet, forge: github, url: "${door.url}/example/fleet.git", branch: main,
      secretFile: fleet.secret, apiUrl: "${github.url}", ${credential} }
`
  const { config, diagnostics } = readConfig({
    ...{ file: '/etc/nixcluster/controller.yaml', text, env: {} },
    readFile: (path) => ({ text: files[path.split('/').at(-1)!]!, mode: 0o100400 }),
  })
  expect(diagnostics).toEqual([])
  const nothing = (): never => {
    throw new Error('nothing is compiled or logged here')
  }
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
  const env = { PATH: process.env['PATH']! }
  const { open: repositories } = await openRepositories(config!, env, nothing, log)
  const fleet = repositories.get('fleet')!

  expect(await fleet.forge.proposals()).toEqual([])
  await expect(fleet.git.fetch()).rejects.toMatchObject({ kind: 'unreachable' })
  expect(door.asked).toEqual([first])
  vi.setSystemTime(Date.now() + 2 * 3_600_000)
  await expect(fleet.git.fetch()).rejects.toMatchObject({ kind: 'unreachable' })
  expect(door.asked).toEqual([first, later])
})
