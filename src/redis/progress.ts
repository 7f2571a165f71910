import type { Redis } from 'ioredis'
import type { FollowOptions, Log, Progress, Topic } from '../model/ports.ts'
import {
  createFailFastConnection,
  createPatientConnection,
  type RedisAddress,
} from './connection.ts'

const linesKept = 2000
const secondsKept = 24 * 60 * 60

/** The port over Redis streams: one stream for each topic, kept for a day. */
export interface RedisProgress extends Progress {
  close(): void
}

interface Follower extends Topic {
  readonly saidGo: boolean
}

/** Lines of jobs for whoever follows; a dead Redis costs the lines and nothing else. */
export function createProgress(address: RedisAddress, log: Log): RedisProgress {
  const connection = createFailFastConnection(address)
  const awaited = new Set<Follower>()

  async function write(topic: Topic, fields: readonly string[]): Promise<void> {
    const key = keyOf(topic)
    try {
      const [[, last] = []] = await connection.xrevrange(key, '+', '-', 'COUNT', 1)
      const begin =
        last?.[0] === 'end' || last?.[0] === 'wait'
          ? connection.multi().del(key)
          : connection.multi()
      const results = await begin
        .xadd(key, 'MAXLEN', '~', linesKept, '*', ...fields)
        .expire(key, secondsKept)
        .exec()
      const failure = results?.find(([error]) => error !== null)?.[0]
      if (failure) throw failure
    } catch (error) {
      log.warn({ ...topic, err: error }, 'a line for the pusher is lost')
    }
  }

  const letGo = (topic: Topic, those: (follower: Follower) => boolean): void => {
    for (const follower of awaited) {
      if (keyOf(follower) === keyOf(topic) && those(follower)) awaited.delete(follower)
    }
  }

  return {
    say: (topic, line) => write(topic, ['line', line]),
    async end(topic, line) {
      if (line !== undefined) await write(topic, ['line', line])
      await write(topic, ['end', ''])
      letGo(topic, () => true)
    },
    async wait(topic, line) {
      await write(topic, ['wait', line])
      letGo(topic, ({ saidGo }) => !saidGo)
    },
    async *follow(topic, signal, options) {
      // An object of its own for each follower.
      const follower = { ...topic, saidGo: options.saidGo ?? false }
      awaited.add(follower)
      try {
        const connection = createPatientConnection(address)
        return yield* follow(connection, keyOf(topic), signal, options)
      } finally {
        awaited.delete(follower)
      }
    },
    awaited: ({ repository, ref }) => [
      ...new Set(
        [...awaited]
          .filter((topic) => topic.repository === repository && topic.ref === ref)
          .map(({ commit }) => commit),
      ),
    ],
    close: () => connection.disconnect(),
  }
}

/** The connection is the follower's own: it blocks. */
async function* follow(
  connection: Redis,
  key: string,
  signal: AbortSignal,
  { limitMs, since, saidGo = false }: FollowOptions,
): AsyncGenerator<string, 'end' | 'limit' | 'aborted', undefined> {
  const hangUp = (): void => connection.disconnect()
  signal.addEventListener('abort', hangUp, { once: true })
  let last = since === undefined ? '0' : `${since.getTime()}-0`
  try {
    while (!signal.aborted) {
      const answer = await connection.xread('BLOCK', Math.max(1, limitMs), 'STREAMS', key, last)
      const entries = answer?.[0]?.[1]
      if (entries === undefined) return 'limit'
      for (const [id, [field, line = '']] of entries) {
        if (field === 'end') return 'end'
        last = id
        if (field === 'wait' && saidGo) continue
        yield line
        if (field === 'wait') return 'end'
      }
    }
    return 'aborted'
  } catch (error) {
    if (signal.aborted) return 'aborted'
    throw error
  } finally {
    signal.removeEventListener('abort', hangUp)
    connection.disconnect()
  }
}

const keyOf = ({ repository, ref, commit }: Topic): string =>
  `nixcluster:progress:${JSON.stringify([repository, ref, commit])}`
