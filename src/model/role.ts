import type { Job } from './ports.ts'

/** What a process of the controller does; one does all of it, or each is a process of its own. */
export type Role = 'webhook' | 'plan' | 'deploy'

/** All of them, the most exposed one first. */
export const allRoles = ['webhook', 'plan', 'deploy'] as const satisfies readonly Role[]

/**
 * The kinds of jobs that a role runs: what pushes, or touches machines, is `deploy`'s alone, and nobody
 * waits for another role to have looked.
 */
export const jobsOf = {
  webhook: [],
  plan: ['look', 'plan', 'status'],
  deploy: [
    ...['publish', 'evaluate', 'rollout', 'machine', 'contact'],
    ...['comments', 'command', 'tidy', 'show'],
  ] as Job['kind'][],
} as const satisfies Readonly<Record<Role, readonly Job['kind'][]>>
