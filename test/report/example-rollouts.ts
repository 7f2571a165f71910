import type { Ledger, MachineRecord, Rollout } from '../../src/model/ledger.ts'
import type { RolloutCommentInput } from '../../src/report/rollout-comment.ts'
import type { Standing } from '../../src/model/standing.ts'

const source = '3f2c1a9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
const system = (start: string): string => `/nix/store/${start.padEnd(32, '0')}-nixos-system-25.11`

type Stand = readonly [Standing, Partial<MachineRecord>?]

const given = (seq: number): Partial<MachineRecord> => ({
  given: { path: '', system: system('9kd'), seq, at: '2025-01-02T14:05:11Z' },
})
export const done: Stand = [{ state: 'current' }, given(7)]
export const before: Stand = [{ state: 'current' }, given(3)]
export const waits: Stand = [{ state: 'pending' }]
export const underWay: Stand = [{ state: 'deploying' }]
export const offline: Stand = [
  { state: 'lost', note: 'does not answer, since 2025-01-02T14:02:40Z' },
  {
    intent: {
      ...{ n: 4, kind: 'forward', path: '', drv: '', system: system('9kd'), seq: 7 },
      lost: { since: '2025-01-02T14:02:40Z', begun: false },
    },
  },
]
export const paused: Stand = [
  { state: 'paused', note: 'paused until 2025-01-06T08:00:00Z by maintainer' },
]
export const held: Stand = [{ state: 'held', note: 'activation failed; runs what it ran before' }]

/** A rollout, number 7, with these machines in it. */
export function rolloutInput(
  stands: Readonly<Record<string, Stand>>,
  rollout: Partial<Rollout> = {},
  rest: Partial<RolloutCommentInput> = {},
): RolloutCommentInput {
  const machines = Object.entries(stands).map(([label, [, record]]): [string, MachineRecord] => {
    const name = `${label}.example.com`
    return [name, { name, cluster: 'example.com', attempt: 4, held: {}, history: [], ...record }]
  })
  const ledger: Ledger = {
    id: 'l',
    adopted: { by: 'maintainer', seq: 1 },
    wanted: { seq: 7, source, generated: 'g' },
    machines: Object.fromEntries(machines),
    rollouts: [],
  }
  return {
    ledger,
    rollout: { seq: 7, source, generated: 'g', state: 'running', ...rollout },
    standings: Object.fromEntries(
      Object.entries(stands).map(([label, [standing]]) => [`${label}.example.com`, standing]),
    ),
    isMerge: true,
    ...rest,
  }
}

const many = (label: string, from: number, to: number, stand: Stand): Record<string, Stand> =>
  Object.fromEntries(
    Array.from({ length: to - from + 1 }, (_, n) => [`${label}${from + n}`, stand]),
  )

const planned = '3 of 12 machines change. Nothing reboots, nothing is removed.'
const logUrl = (machine: string, attempt: number): string =>
  `https://nixcluster.example/logs/${machine}/${attempt}`

export const inputs: Readonly<Record<string, RolloutCommentInput>> = {
  running: rolloutInput(
    {
      ...{ vm0: done, vm1: done, vm2: done, vm3: underWay, vm4: underWay },
      ...many('vm', 5, 11, waits),
    },
    {},
    { planned: '12 of 12 machines change. Nothing reboots, nothing is removed.' },
  ),
  done: rolloutInput(
    { vm0: done, vm1: done, vm2: done, ...many('web', 1, 9, before) },
    { state: 'done' },
    { planned, logUrl, tookMs: { 'vm0.example.com': 3100, 'vm2.example.com': 4200 } },
  ),
  'one-offline': rolloutInput(
    { vm0: done, vm1: offline, vm2: done, ...many('web', 1, 9, before) },
    {},
    { planned },
  ),
  failed: rolloutInput(
    { vm0: held, vm1: waits, vm2: done, ...many('web', 1, 9, before) },
    { state: 'stopped', reason: 'vm0: activation failed; runs what it ran before' },
    {
      planned,
      logUrl,
      lines: {
        'vm0.example.com': [
          'vault.service: Main process exited, code=exited, status=1/FAILURE',
          'vault[2214]: Error initializing storage of type raft: failed to create fsm:',
          'vault[2214]: listen tcp 10.0.0.10:8201: bind: address already in use',
        ],
      },
    },
  ),
  large: rolloutInput(
    {
      ...many('edge', 1, 180, done),
      edge181: held,
      edge182: offline,
      ...many('edge', 183, 400, done),
      ...many('db', 1, 12, before),
      kiosk1: [{ state: 'failed-evaluation', note: "error: undefined variable 'tru'" }],
    },
    { state: 'stopped', reason: 'edge181: activation failed; runs what it ran before' },
  ),
  'one-paused': rolloutInput({ vm0: done, vm1: paused, vm2: done }, {}, { planned }),
  superseded: rolloutInput(
    { vm0: done, vm1: waits },
    { seq: 6, source: '77aa0110000', state: 'superseded' },
    { planned },
  ),
}
