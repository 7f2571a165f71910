import { GitError } from '../model/errors.ts'

/** Whether a failed push lost a race: the lease did not hold, or somebody was faster on the remote. */
export function isStale(error: unknown): boolean {
  if (!(error instanceof GitError)) return false
  // A branch `nixcluster` leaves no room for `nixcluster/main`: trying again would not help.
  if (error.message.includes('cannot create')) return false
  return /stale info|fetch first|cannot lock ref|failed to (update|lock) ref|reference already exists|incorrect old value provided/.test(
    error.message,
  )
}
