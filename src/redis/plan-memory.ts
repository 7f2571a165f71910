import type { Log, PlanMemory } from '../model/ports.ts'
import { createFailFastConnection, type RedisAddress } from './connection.ts'

/** What is forgotten is planned once more: that is no harm, and nobody looks at a proposal for ever. */
const secondsKept = 7 * 24 * 60 * 60

/** Keeps in Redis what was planned; a Redis that is away costs a plan that is made twice. */
export function createPlanMemory(address: RedisAddress, log: Log): PlanMemory & { close(): void } {
  const connection = createFailFastConnection(address)
  const keyOf = (repository: string, proposal: string): string =>
    `nixcluster:planned:${JSON.stringify([repository, proposal])}`
  const orWarn = (error: unknown): undefined => {
    log.warn({ err: error }, 'it cannot be told what was planned')
  }
  return {
    read: async (repository, proposal) =>
      (await connection.get(keyOf(repository, proposal)).catch(orWarn)) ?? undefined,
    async write(repository, proposal, mark) {
      await connection.set(keyOf(repository, proposal), mark, 'EX', secondsKept).catch(orWarn)
    },
    close: () => connection.disconnect(),
  }
}
