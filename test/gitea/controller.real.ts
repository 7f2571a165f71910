import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFailed, onTestFinished, test } from 'vitest'
import { until } from '../redis/redis-of-the-test.ts'
import { freePort, startRealGitea } from './real.ts'
import { addPeople, startRealSite } from './real-site.ts'

const program = join(import.meta.dirname, '../../bin/nixcluster')
const yaml = (key: string): string => `apiVersion: nixcluster/v1
kind: Project
inputs:
  nixpkgs: { url: "github:NixOS/nixpkgs/nixos-25.11" }
  deploy-rs: { ${key}: "github:serokell/deploy-rs" }
`

test('a mistake in a pull request is told at a real Gitea, and again when it is mended', async () => {
  const gitea = await startRealGitea()
  onTestFinished(() => gitea.stop())
  const token = await addPeople(gitea)
  const { project, ...site } = await startRealSite(gitea, token)
  onTestFinished(() => site.stop())
  const write = async (text: string, over: object, repository = project, as = 'example') => {
    const path = `/repos/${repository}/contents/nixcluster.yaml`
    const content = Buffer.from(text).toString('base64')
    const verb = 'sha' in over ? 'PUT' : 'POST'
    type Made = { content: { sha: string }; commit: { sha: string } }
    return gitea.ask<Made>(verb, path, { content, ...over }, as)
  }
  const { content } = await write(yaml('url'), { branch: 'main' })

  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-gitea-controller-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const port = await freePort()
  const secret = 'fleet-secret-0123456789'
  writeFileSync(join(folder, 'secret'), secret, { mode: 0o600 })
  writeFileSync(join(folder, 'token'), token, { mode: 0o600 })
  const settings = join(folder, 'controller.yaml')
  writeFileSync(
    settings,
    `listen: { port: ${port} }
stateDir: state
poll: 1h
repositories:
  - name: fleet
    forge: gitea
    url: ${gitea.url}/${project}.git
    secretFile: secret
    tokenFile: token
`,
  )
  const { PATH, NIX_CONF_DIR } = process.env
  const env = { HOME: folder, PATH, ...(NIX_CONF_DIR === undefined ? {} : { NIX_CONF_DIR }) }
  const controller = spawn(program, ['serve', '--config', settings], {
    ...{ env, stdio: ['ignore', 'ignore', 'pipe'] },
  })
  let log = ''
  controller.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text))
  onTestFailed(() => console.error(log))
  onTestFinished(async () => {
    controller.kill('SIGTERM')
    await once(controller, 'exit')
  })
  const url = `http://127.0.0.1:${port}`
  await until('the controller is ready', async () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
  await gitea.ask('POST', `/repos/${project}/hooks`, {
    ...{ type: 'gitea', active: true },
    config: { url: `${url}/webhooks/gitea`, content_type: 'json', secret },
    events: ['push', 'pull_request', 'pull_request_sync', 'pull_request_comment'],
  })

  const fork = `mallory/${project.split('/')[1]}`
  await gitea.ask('POST', `/repos/${project}/forks`, {}, 'mallory')
  const mistaken = { branch: 'main', new_branch: 'more', sha: content.sha }
  const pushed = await write(yaml('ulr'), mistaken, fork, 'mallory')
  const wanted = { title: 'More', base: 'main', head: 'mallory:more' }
  await gitea.ask('POST', `/repos/${project}/pulls`, wanted, 'mallory')
  const said = async () => (await site.comments('1')).map(({ body }) => body)
  await until('the mistake is told', async () => (await said()).join().includes("'ulr'"))
  await until('the commit says so', async () =>
    (await site.statuses(pushed.commit.sha)).some(({ state }) => state === 'failure'),
  )

  const mended = await write(
    `${yaml('url')}# mended\n`,
    { branch: 'more', sha: pushed.content.sha },
    fork,
    'mallory',
  )
  await until('it is told no more', async () => !(await said()).join().includes("'ulr'"))
  expect(await said()).toHaveLength(1)
  expect((await said())[0]).toContain(mended.commit.sha)
  expect(log).not.toContain(token)
})
