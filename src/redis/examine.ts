import { Redis } from 'ioredis'
import type { RedisFacts } from '../model/surroundings.ts'
import type { RedisAddress } from './connection.ts'

/** Asks a Redis what it is; throws with its own words, or those of the way to it. */
export async function examineRedis(
  { url, password }: Omit<Extract<RedisAddress, { readonly kind: 'url' }>, 'kind'>,
  limitMs: number,
): Promise<RedisFacts> {
  let failure: Error | undefined
  const connection = new Redis(url, {
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: limitMs,
    commandTimeout: limitMs,
  })
  // What refuses us says so here; the command only tells that the connection is closed.
  connection.on('error', (error: Error) => (failure ??= firstOf(error)))
  try {
    await connection.connect()
    const info = await connection.info()
    const field = (name: string): string =>
      new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? ''
    const valkey = field('valkey_version')
    return {
      name: valkey === '' ? 'Redis' : 'Valkey',
      version: valkey || field('redis_version'),
      policy: field('maxmemory_policy'),
      role: field('role'),
    }
  } catch (error) {
    throw failure ?? error
  } finally {
    connection.disconnect()
  }
}

/** A name with several addresses fails with an error for each, and no words of its own. */
const firstOf = (error: Error): Error =>
  error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error
