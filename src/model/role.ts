import type { Job } from './ports.ts'

/** What a process of the controller does; one does all of it, or each is a process of its own. */
export type Role = 'webhook' | 'plan' | 'deploy'

/** All of them, the most exposed one first. */
export const allRoles = ['webhook', 'plan', 'deploy'] as const satisfies readonly Role[]

/**
 * Whose each kind of job is: what pushes, or touches machines, is `deploy`'s alone, and nobody waits for
 * another role to have looked.
 */
const roleOf: Readonly<Record<Job['kind'], Role>> = {
  look: 'plan',
  publish: 'deploy',
  plan: 'plan',
  evaluate: 'deploy',
  rollout: 'deploy',
  machine: 'deploy',
  contact: 'deploy',
  comments: 'deploy',
  command: 'deploy',
  status: 'plan',
  tidy: 'deploy',
  show: 'deploy',
}

export const jobKinds = Object.keys(roleOf) as readonly Job['kind'][]

/** The kinds of jobs that a process with these roles runs. */
export const jobKindsOf = (roles: readonly Role[]): readonly Job['kind'][] =>
  jobKinds.filter((kind) => roles.includes(roleOf[kind]))

/** Whether a process with these roles runs jobs at all, and so needs programs and a folder. */
export const runsJobs = (roles: readonly Role[]): boolean => jobKindsOf(roles).length > 0
