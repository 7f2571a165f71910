import { setTimeout as pause } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { FollowOptions, Log, Progress, Topic } from '../model/ports.ts'
import {
  createFailFastConnection,
  createPatientConnection,
  type RedisAddress,
} from './connection.ts'
import { createFollowers } from './followers.ts'

const linesKept = 2000
/** An answer, which is of no branch, has one reader, who waits for it; it may be large. */
const secondsKept = ({ ref }: Topic): number => (ref === '' ? 60 : 24 * 60 * 60)
const graceMs = 1_000

/** The port over Redis streams: one stream for each topic, kept for a day. */
export interface RedisProgress extends Progress {
  close(): void
}

/** Lines of jobs for whoever follows; a dead Redis costs the lines and nothing else. */
export function createProgress(address: RedisAddress, log: Log): RedisProgress {
  const connection = createFailFastConnection(address)
  const followers = createFollowers(connection)

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
        .expire(key, secondsKept(topic))
        .exec()
      const failure = results?.find(([error]) => error !== null)?.[0]
      if (failure) throw failure
    } catch (error) {
      log.warn({ ...topic, err: error }, 'a line for the pusher is lost')
    }
  }

  /** Who follows is worth a better last word, and no failure. */
  const orWarn = async <T>(topic: Omit<Topic, 'commit'>, asking: Promise<T>, without: T) =>
    asking.catch((error: unknown) => {
      log.warn({ ...topic, err: error }, 'it cannot be told who follows')
      return without
    })

  return {
    say: (topic, line) => write(topic, ['line', line]),
    async end(topic, line) {
      if (line !== undefined) await write(topic, ['line', line])
      await write(topic, ['end', ''])
      await orWarn(topic, followers.letGo(topic, 'end'), undefined)
    },
    async wait(topic, line) {
      await write(topic, ['wait', line])
      await orWarn(topic, followers.letGo(topic, 'wait'), undefined)
    },
    async *follow(topic, signal, options) {
      const leave = await followers.enter(topic, options.saidGo ?? false)
      try {
        const connection = createPatientConnection(address)
        return yield* follow(connection, keyOf(topic), signal, options)
      } finally {
        await leave().catch(() => {})
      }
    },
    expect: (topic, { saidGo = false }) =>
      orWarn(topic, followers.expect(topic, saidGo), undefined),
    awaited: (branch) => orWarn(branch, followers.commits(branch), []),
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
      const reading = connection.xread('BLOCK', Math.max(1, limitMs), 'STREAMS', key, last)
      // Redis itself counts the limit; one that is away counts nothing.
      const heard = new AbortController()
      const silent = silence(limitMs + graceMs, AbortSignal.any([signal, heard.signal]))
      const answer = await Promise.race([reading, silent]).finally(() => heard.abort())
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

const silence = (ms: number, signal: AbortSignal): Promise<undefined> =>
  pause(ms, undefined, { ref: false, signal })

const keyOf = ({ repository, ref, commit }: Topic): string =>
  `nixcluster:progress:${JSON.stringify([repository, ref, commit])}`
