import type { Job } from '../model/ports.ts'
import { allRoles, type Role } from '../model/role.ts'

/** What a poll of a repository adds: each role looks after its own work, none waits for another one's. */
export function jobsOfPoll(repository: string, roles: readonly Role[] = allRoles): readonly Job[] {
  const deploy: readonly Job[] = [
    { kind: 'rollout', repository },
    { kind: 'tidy', repository },
  ]
  const plan: readonly Job[] = [{ kind: 'look', repository }]
  return [...(roles.includes('deploy') ? deploy : []), ...(roles.includes('plan') ? plan : [])]
}
