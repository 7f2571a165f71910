import { Redis } from 'ioredis'
import type { Log } from '../model/ports.ts'
import { redisFailure } from '../report/findings/redis.ts'

/** Where Redis listens: a URL, or the socket of the server that we started. */
export type RedisAddress =
  | { readonly kind: 'url'; readonly url: string; readonly password?: string }
  | { readonly kind: 'socket'; readonly path: string }

/** A connection for people who wait: a dead Redis is an error at once, a silent one in 800 ms. */
export function createFailFastConnection(address: RedisAddress): Redis {
  return create(address, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 800,
    connectTimeout: 800,
  })
}

/** A connection that waits for Redis as long as it takes: workers and followers. */
export function createPatientConnection(address: RedisAddress): Redis {
  return create(address, { maxRetriesPerRequest: null })
}

interface Patience {
  readonly maxRetriesPerRequest: number | null
  readonly enableOfflineQueue?: boolean
  readonly commandTimeout?: number
  readonly connectTimeout?: number
}

function create(address: RedisAddress, patience: Patience): Redis {
  const all = {
    ...patience,
    // Our own server is back within a second: do not wait longer than that.
    retryStrategy: (times: number) => Math.min(50 * times, 1000),
  }
  const connection =
    address.kind === 'socket'
      ? new Redis({ ...all, path: address.path })
      : new Redis(address.url, {
          ...all,
          ...(address.password === undefined ? {} : { password: address.password }),
        })
  // Each lost connection is an event without listeners otherwise; commands say what happened.
  connection.on('error', () => {})
  return connection
}

/**
 * Says when Redis goes away and why, and when it is back; not at each try in between. What it gives ends
 * the watch.
 */
export function watch(connection: Redis, log: Log): () => void {
  let error: Error | undefined
  let told: string | undefined
  let hasBeen = false
  const onError = (one: Error): void => void (error = one)
  const onClose = (): void => {
    const reason = error?.message ?? 'it closed the connection'
    error = undefined
    // A try that fails as the one before is no news.
    if (!hasBeen || reason === told) return
    const { name, found, advice } = redisFailure(reason, connection.options.password != null)
    const what = name === 'server' ? found : `${name}: ${found}`
    log.warn({ reason }, `Redis is away, jobs wait: ${what}; ${advice}`)
    told = reason
  }
  const onReady = (): void => {
    if (told !== undefined) log.info({}, 'Redis is back')
    told = undefined
    hasBeen = true
  }
  connection.on('error', onError).on('close', onClose).on('ready', onReady)
  return () => void connection.off('close', onClose)
}
