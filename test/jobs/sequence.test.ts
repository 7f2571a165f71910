import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jobsOfPoll } from '../../src/jobs/poll.ts'
import { jobKinds } from '../../src/model/role.ts'
import { createQueue } from '../../src/redis/queue.ts'
import { startWorker } from '../../src/redis/worker.ts'
import { toJobs } from '../../src/server/webhook.ts'
import { silent, startRedis, until } from '../redis/redis-of-the-test.ts'
import { createDeployedSite, type PullsSite } from './pulls-site.ts'

// Webhooks are hints: whatever happens to them, one look of the poll later everything is as if each had
// arrived once, at once, in order. Real git, real Redis, real jobs; forge, Nix and machines in memory.

type Action =
  | { readonly kind: 'open'; readonly id: string; readonly text: string; readonly trusted: boolean }
  | { readonly kind: 'push'; readonly id: string; readonly text: string }
  | { readonly kind: 'approve' | 'close' | 'merge'; readonly id: string }

/** What becomes of the webhooks of an action. */
interface Fate {
  /** 0 is lost, 2 is doubled. */
  readonly times: number
  /** It arrives after so many further actions. */
  readonly delay: number
  readonly reversed: boolean
  /** Whether everything has come to rest before the next action. */
  readonly rest: boolean
}

/** GitHub's events, as far as they are read. */
type Event = readonly [name: string, payload: Record<string, unknown>]

const fleet = { alpha: 'one', beta: 'one', gamma: 'one' }
/** Which machines a proposal changes: the third meets both of the others. */
const changes: Readonly<Record<string, readonly string[]>> = {
  '1': ['alpha'],
  '2': ['beta'],
  '3': ['alpha', 'beta'],
}

const ids = fc.constantFrom('1', '2', '3')
const texts = fc.constantFrom('two', 'three', 'throw')
const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ kind: fc.constant('open' as const), id: ids, text: texts, trusted: fc.boolean() },
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('push' as const), id: ids, text: texts }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('approve', 'close', 'merge', 'merge'), id: ids }),
  },
)
const fates: fc.Arbitrary<Fate> = fc.record({
  times: fc.constantFrom(0, 0, 1, 2),
  delay: fc.nat(3),
  reversed: fc.boolean(),
  rest: fc.boolean(),
})
const undisturbed: Fate = { times: 1, delay: 0, reversed: false, rest: true }

/** Everything that there is at the end. */
async function run(
  story: readonly (readonly [Action, Fate])[],
  address: Parameters<typeof createQueue>[0],
): Promise<object> {
  const queue = createQueue(address, silent)
  await until('the queue is ready', () => queue.isReady())
  const site = await createDeployedSite(fleet)
  site.useQueue(queue)
  const worker = startWorker({ address, kinds: jobKinds, handle: site.handle, log: silent })
  site.forge.letPush('ann')
  const known = new Map<string, string | undefined>()
  const rest = async (): Promise<void> => {
    let calm = 0
    await until('nothing is left to do', async () => {
      const depths = [...(await queue.depths()).values()]
      calm = depths.every(({ waiting, delayed, active }) => waiting + delayed + active === 0)
        ? calm + 1
        : 0
      return calm > 3
    })
  }
  try {
    const late: { readonly at: number; readonly events: readonly Event[] }[] = []
    for (const [at, [action, fate]] of story.entries()) {
      const events = await perform(site, action, known)
      const sent = fate.reversed ? events.toReversed() : events
      late.push({ at: at + fate.delay, events: Array(fate.times).fill(sent).flat() })
      for (const due of late.filter((one) => one.at === at)) await deliver(due.events)
      if (fate.rest) await rest()
    }
    for (const due of late.filter((one) => one.at >= story.length)) await deliver(due.events)
    await rest()
    for (const job of jobsOfPoll('fleet')) await queue.add(job)
    await rest()
    return await see(
      site,
      [...known].flatMap(([id, merge]) => (merge ? [id] : [])),
    )
  } finally {
    await worker.close({ machineMs: 5_000, othersMs: 5_000 })
    await queue.close()
    site.close()
  }

  async function deliver(events: readonly Event[]): Promise<void> {
    for (const [name, payload] of events) {
      for (const job of toJobs(name, payload, { name: 'fleet' })) await queue.add(job)
    }
  }
}

/** Does what the action says where it can be done, and gives the webhooks of it; `known` are proposals and their merges. */
async function perform(
  site: PullsSite,
  action: Action,
  known: Map<string, string | undefined>,
): Promise<readonly Event[]> {
  const { id } = action
  const { forge } = site
  const open = await forge.proposal(id)
  const about = (name: string): Event => ['pull_request', { action: name, number: Number(id) }]
  const pushed = (branch: string): Event => ['push', { ref: `refs/heads/${branch}` }]
  const change = (text: string): Promise<string> =>
    site.pushFleet(`pr-${id}`, {
      ...fleet,
      ...Object.fromEntries(changes[id]!.map((name) => [name, `${text} of ${id}`])),
    })
  switch (action.kind) {
    case 'open': {
      if (known.has(id)) return []
      known.set(id, undefined)
      const head = await change(action.text)
      forge.open({ id, head, branch: `pr-${id}`, trusted: action.trusted })
      return [pushed(`pr-${id}`), about('opened')]
    }
    case 'push':
      if (open === undefined) return []
      forge.push(id, await change(action.text))
      return [pushed(`pr-${id}`), about('synchronize')]
    case 'approve': {
      if (open === undefined) return []
      const body = `/nixcluster approve ${open.head.slice(0, 12)}`
      forge.write(id, 'ann', body)
      const issue = { number: Number(id), pull_request: {} }
      return [['issue_comment', { action: 'created', issue, comment: { body } }]]
    }
    case 'close':
      if (open === undefined) return []
      forge.close(id)
      return [about('closed')]
    case 'merge': {
      if (open === undefined) return []
      const commit = await site.merge(open.head)
      if (commit === undefined) return []
      forge.merge(id, commit)
      known.set(id, commit)
      return [about('closed'), pushed('main')]
    }
  }
}

/** Without times, numbers of attempts and how many merges a rollout had. */
async function see({ forge, ...site }: PullsSite, merged: readonly string[]): Promise<object> {
  const ledger = await site.ledger()
  const open = await forge.proposals()
  const main = await site.tip('main')
  return {
    running: site.machines.running(),
    main,
    published: ledger.published?.source,
    wanted: ledger.wanted?.source,
    machines: Object.values(ledger.machines).map(({ name, given, intent, held }) => [
      ...[name, given?.system, intent, Object.values(held).map(({ reason }) => reason)],
    ]),
    approvals: ledger.approvals
      ?.map(({ proposal, commit, by }) => `${proposal} ${commit} ${by}`)
      .toSorted(),
    rollout: ledger.rollouts.at(-1)?.state,
    answers: forge.answers.map(({ comment, kind }) => `${comment} ${kind}`).toSorted(),
    open: open.map(({ id, head }) => ({
      ...{ id, comment: forge.commentOn(id), statuses: [...(forge.statuses.get(head) ?? [])] },
      checks: [...(forge.checks.get(head) ?? [])],
    })),
    // Several merges may be one rollout or more of them.
    merged: merged.map((id) => {
      const comment = forge.commentOn(id)
      return merged.length === 1 ? comment : comment?.markdown.replace(/ [^]*/, '')
    }),
    deployed: merged.length === 1 ? [...(forge.statuses.get(main) ?? [])] : [],
  }
}

const twoOpen: readonly (readonly [Action, Fate])[] = [
  [{ kind: 'open', id: '1', text: 'two', trusted: true }, undisturbed],
  [{ kind: 'open', id: '2', text: 'two', trusted: false }, undisturbed],
]
const lost: Fate = { times: 0, delay: 0, reversed: false, rest: false }
const late: Fate = { times: 2, delay: 2, reversed: true, rest: false }

/** Chance seldom tells these: nobody hears of an approval and of a merge; all is late, doubled and turned round. */
const hard: readonly (readonly (readonly [Action, Fate])[])[] = [
  [...twoOpen, [{ kind: 'approve', id: '2' }, lost], [{ kind: 'merge', id: '1' }, lost]],
  [
    ...twoOpen,
    [{ kind: 'push', id: '2', text: 'three' }, late],
    [{ kind: 'merge', id: '1' }, late],
    [{ kind: 'approve', id: '2' }, late],
  ],
]

test('whatever becomes of webhooks, one look later everything is as if they had come at once and in order', async () => {
  const redis = await startRedis()
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(actions, fates), { minLength: 3, maxLength: 8 }),
      async (story) => {
        const calm = story.map(([action]) => [action, undisturbed] as const)
        expect(await run(story, redis.address)).toEqual(await run(calm, redis.address))
      },
    ),
    // More of them: SEQUENCES=100.
    {
      examples: hard.map((story) => [story.map(([action, fate]) => [action, fate])]),
      numRuns: Number(process.env['SEQUENCES'] ?? 5),
      endOnFailure: true,
    },
  )
}, 600_000)
