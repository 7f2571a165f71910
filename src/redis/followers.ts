import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Topic } from '../model/ports.ts'

/** Who follows, in any process: one set for each branch, with the time until which each entry counts. */
export interface Followers {
  /** Counts as a follower until the function that it gives is called, or its process ends. */
  enter(topic: Topic, saidGo: boolean): Promise<() => Promise<void>>
  /** Counts as a follower for half a minute, so that whoever will follow is not missed. */
  expect(topic: Topic, saidGo: boolean): Promise<void>
  /** The commits of a branch that somebody follows. */
  commits(branch: Omit<Topic, 'commit'>): Promise<readonly string[]>
  /** They have heard the last word, but for those who said go where it was a wait. */
  letGo(topic: Topic, last: 'end' | 'wait'): Promise<void>
}

/** An entry is renewed while its follower is there: one whose process was killed is forgotten. */
const renewMs = 10_000
const countsMs = 30_000

interface Entry {
  readonly commit: string
  readonly saidGo: boolean
  readonly id: string
}

/** Keeps followers in Redis; throws where it is away. */
export function createFollowers(connection: Redis): Followers {
  const add = async (topic: Topic, member: string): Promise<void> => {
    const key = keyOf(topic)
    const until = Date.now() + countsMs
    await connection
      .multi()
      .zremrangebyscore(key, '-inf', Date.now())
      .zadd(key, until, member)
      .pexpire(key, countsMs)
      .exec()
  }
  const memberOf = (topic: Topic, saidGo: boolean): string => {
    const entry: Entry = { commit: topic.commit, saidGo, id: randomUUID() }
    return JSON.stringify(entry)
  }
  const entries = async (branch: Omit<Topic, 'commit'>) => {
    const members = await connection.zrangebyscore(keyOf(branch), Date.now(), '+inf')
    return members.map((member) => ({ member, ...(JSON.parse(member) as Entry) }))
  }

  return {
    async enter(topic, saidGo) {
      const member = memberOf(topic, saidGo)
      // What cannot be renewed now is renewed the next time: an emptied Redis has forgotten it.
      const renew = setInterval(() => void add(topic, member).catch(() => {}), renewMs)
      await add(topic, member).catch(() => {})
      return async () => {
        clearInterval(renew)
        await connection.zrem(keyOf(topic), member)
      }
    },
    expect: (topic, saidGo) => add(topic, memberOf(topic, saidGo)),
    async commits(branch) {
      return [...new Set((await entries(branch)).map(({ commit }) => commit))]
    },
    async letGo(topic, last) {
      const gone = (await entries(topic)).filter(
        ({ commit, saidGo }) => commit === topic.commit && (last === 'end' || !saidGo),
      )
      if (gone.length > 0) {
        await connection.zrem(keyOf(topic), ...gone.map(({ member }) => member))
      }
    },
  }
}

const keyOf = ({ repository, ref }: Omit<Topic, 'commit'>): string =>
  `nixcluster:followers:${JSON.stringify([repository, ref])}`
