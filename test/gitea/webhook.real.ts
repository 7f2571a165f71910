import { expect, onTestFinished, test } from 'vitest'
import { secret, startApp } from '../server/app-of-the-test.ts'
import { until } from '../redis/redis-of-the-test.ts'
import { startRealGitea } from './real.ts'
import { addPeople, startRealSite } from './real-site.ts'

test('what happens at a real Gitea is looked at, planned and read', async () => {
  const gitea = await startRealGitea()
  onTestFinished(() => gitea.stop())
  const site = await startRealSite(gitea, await addPeople(gitea))
  onTestFinished(() => site.stop())
  const { url, jobs, logged } = await startApp({
    repositories: [{ name: 'fleet', forge: 'gitea', project: 'Example/Fleet-1', secret }],
  })
  const happened = (job: object): Promise<void> =>
    until(JSON.stringify(job), () =>
      Promise.resolve(jobs().some((one) => JSON.stringify(one) === JSON.stringify(job))),
    )
  await gitea.ask('POST', '/repos/example/fleet-1/hooks', {
    type: 'gitea',
    active: true,
    config: { url: `${url}/webhooks/gitea`, content_type: 'json', secret },
    events: ['push', 'pull_request', 'pull_request_sync', 'pull_request_comment'],
  })
  const { id } = await site.open({ branch: 'more' })
  await happened({ kind: 'look', repository: 'fleet', ref: 'more' })
  await happened({ kind: 'plan', repository: 'fleet', proposal: id })
  await site.comment(id, 'alice', '/nixcluster plan')
  await happened({ kind: 'comments', repository: 'fleet', proposal: id })
  await site.merge(id)
  await happened({ kind: 'look', repository: 'fleet', ref: 'main' })
  expect(logged.filter((line) => line.includes('refused'))).toEqual([])
})
