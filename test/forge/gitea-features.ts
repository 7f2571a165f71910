import type { Feature } from './conformance.ts'

/** What Gitea and Forgejo have. */
export const giteaFeatures: readonly Feature[] = [
  ...(['pull requests', 'forks', 'merged by', 'comments'] as const),
  ...(['statuses', 'permissions', 'visibility'] as const),
]
