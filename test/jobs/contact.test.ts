import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLab, type Lab } from '../../lab/machines.ts'
import { createContactJob } from '../../src/jobs/contact.ts'
import type { Target } from '../../src/model/remote.ts'
import { createMemoryLedger } from '../fakes/ledger-store.ts'
import { createSite, type Site } from './machine-site.ts'

let lab: Lab
let web: Site

beforeAll(async () => {
  lab = await startLab({ machines: ['web.example.com'] })
  web = createSite(lab, 'web.example.com')
})
afterAll(() => lab.stop())

function contact(target: Target) {
  const ledger = createMemoryLedger({ id: 'ledger-1', machines: {}, rollouts: [] })
  const { remote, events, jobs } = web
  const job = createContactJob({
    ...{ repository: 'fleet', ledger, remote },
    targetOf: () => Promise.resolve({ target, cluster: 'example.com' }),
    clock: { now: () => new Date('2026-01-01'), sleep: () => Promise.resolve() },
    report: (event) => events.push(event),
    queue: { add: (added) => Promise.resolve(void jobs.push(added)) },
  })
  return { ledger, run: () => job(target.name) }
}

test('the first contact writes down what runs and the key, and changes nothing on the machine', async () => {
  const { hostKey, ...stranger } = web.target
  const { ledger, run } = contact(stranger)
  expect(await run()).toEqual({ kind: 'done' })
  expect(ledger.current.machines['web.example.com']).toMatchObject({
    cluster: 'example.com',
    hostKey: hostKey!.split(' ').slice(0, 2).join(' '),
    given: { path: '', system: '', seq: 0 },
  })
  expect(web.events.at(-1)).toMatchObject({ event: 'found', text: 'nothing of Nix runs' })
  expect(web.jobs).toEqual([{ kind: 'rollout', repository: 'fleet' }])
  expect((await web.machine.run('ls /nix/var/nixcluster')).stdout).toBe('')
})

test('a key that the configuration gives is not recorded', async () => {
  const { ledger, run } = contact(web.target)
  await run()
  expect(ledger.current.machines['web.example.com']?.hostKey).toBeUndefined()
})

test('a machine that does not answer is asked again, and nothing is written', async () => {
  const { ledger, run } = contact({ ...web.target, port: 2222 })
  expect(await run()).toMatchObject({ kind: 'retry' })
  expect(web.events.at(-1)).toMatchObject({
    event: 'lost',
    text: expect.stringContaining('Connection refused'),
  })
  expect(ledger.messages).toEqual([])
})
