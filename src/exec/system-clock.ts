import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../model/ports.ts'

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) => pause(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
}
