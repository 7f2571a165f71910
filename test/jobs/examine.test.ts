import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { performAll, type Group, type Perform } from '../../src/jobs/examine/check.ts'
import { examineMachines } from '../../src/jobs/examine/machines.ts'
import { fine, type Examined } from '../../src/model/finding.ts'
import type { Clock } from '../../src/model/ports.ts'
import type { MachineFacts } from '../../src/model/surroundings.ts'

const clock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) => pause(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
}

/** Performs groups; gives what was told of each, in the order in which it was told. */
async function perform(groups: readonly Group[]) {
  const told: string[] = []
  let most = 0
  const all = await performAll(groups, clock, {
    group: (name, findings) =>
      void told.push(`${name}: ${findings.map(({ name, state }) => `${name} ${state}`).join()}`),
    progress: (open) => void (most = Math.max(most, open.length)),
  })
  return { all, told, most }
}

const ids = (all: readonly Examined[]): readonly string[] => all.map(({ id }) => id)

test('groups are told in their order, however long each takes', async () => {
  const slow: Group = {
    name: 'slow',
    run: (perform) =>
      perform({
        ...{ name: 'a', advice: '' },
        look: () => pause(50).then(() => [fine('a', 'is there')]),
      }),
  }
  const quick: Group = {
    name: 'quick',
    run: (perform) =>
      perform({ name: 'b', advice: '', look: () => Promise.resolve([fine('b', 'is there')]) }),
  }
  expect((await perform([slow, quick])).told).toEqual(['slow: a fine', 'quick: b fine'])
})

test('what throws, and what says nothing for too long, are findings and hold up nothing', async () => {
  let ended = false
  const group: Group = {
    name: 'one',
    async run(perform) {
      const found = await Promise.all([
        perform({ name: 'throws', advice: 'mend it', look: () => Promise.reject(new Error('no')) }),
        perform({
          ...{ name: 'hangs', advice: 'wake it', limitMs: 30 },
          look: (signal) =>
            new Promise(() => signal.addEventListener('abort', () => (ended = true))),
        }),
        perform({ name: 'answers', advice: '', look: async () => [fine('answers', 'yes')] }),
      ])
      return found.flat()
    },
  }
  const { all } = await perform([group])
  expect(all.map(({ name, state, found, advice }) => [name, state, found, advice])).toEqual([
    ['throws', 'wrong', 'no', 'mend it'],
    ['hangs', 'wrong', 'no answer within 0 s', 'wake it'],
    ['answers', 'fine', 'yes', undefined],
  ])
  expect(ended).toBe(true)
})

test('each finding has an id of its own, and a group without findings is not told', async () => {
  const group = (name: string, ...names: string[]): Group => ({
    name,
    run: async () => names.map((one) => fine(one, 'fine')),
  })
  const { all, told } = await perform([
    group('repository my fleet', 'own branches', 'nixcluster/state', 'url', 'url'),
    group('machines of my fleet'),
  ])
  expect(ids(all)).toEqual([
    'repository-my-fleet/own-branches',
    'repository-my-fleet/nixcluster-state',
    'repository-my-fleet/url',
    'repository-my-fleet/url-2',
  ])
  expect(told).toHaveLength(1)
})

test('machines are asked many at a time, never all at once, and told in the order of the fleet', async () => {
  let open = 0
  let most = 0
  const names = Array.from({ length: 40 }, (_, n) => `m${n}.example.com`)
  const target = { targetHost: '192.0.2.1', port: 22, sshUser: 'root' }
  const facts: MachineFacts = {
    ...{ nix: 'nix (Nix) 2.26.3', architecture: 'x86_64', freeBytes: 2 ** 34, aheadMs: 0 },
    ...{ systemd: 'running', failedUnits: [], missing: [], trusted: ['root'], groups: [] },
    ...{ locked: false, lease: '', owner: '' },
  }
  const look = {
    machine: async () => {
      most = Math.max(most, ++open)
      await pause(Math.random() * 5)
      open--
      return facts
    },
  }
  const at: Perform = (check) => check.look(new AbortController().signal)
  const findings = await examineMachines(
    names.map((name) => ({
      target: { ...target, name } as never,
      ...{ system: 'x86_64-linux', ledger: 'l' },
    })),
    look,
    at,
  )
  expect(findings.map(({ name }) => name)).toEqual(names.map((name) => name.split('.')[0]))
  expect(most).toBe(16)
})
