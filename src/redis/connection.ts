import { Redis } from 'ioredis'

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
