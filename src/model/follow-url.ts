import type { Topic } from './ports.ts'

/** Where a topic is followed, relative to the controller's URL; with `go` by whoever says it. */
export function followUrl({ repository, ref, commit }: Topic, since: Date, go?: 'go'): string {
  const query = new URLSearchParams({ repository, ref, commit, since: String(since.getTime()) })
  if (go !== undefined) query.set(go, '')
  return `follow?${query}`
}
