import type { Proposal } from '../model/forge.ts'
import type { Allowance, Approval, Ledger } from '../model/ledger.ts'
import { unchanged, type Change } from './record.ts'

/** What a consent is bound to: a push drops it. */
type Head = Pick<Proposal, 'id' | 'head'>

/** Who let the code of exactly this head be evaluated. */
export const approvalOf = ({ approvals = [] }: Ledger, head: Head): Approval | undefined =>
  approvals.find(isOf(head))

/** Whether somebody let the code of exactly this head be evaluated. */
export const isApproved = (ledger: Ledger, head: Head): boolean =>
  approvalOf(ledger, head) !== undefined

/** How much the head of a proposal may remove beyond what any change may; 0 where nobody said so. */
export const allowedRemovals = ({ allowances = [] }: Ledger, head: Head): number =>
  Math.max(0, ...allowances.filter(isOf(head)).map(({ removals }) => removals))

const isOf =
  ({ id, head }: Head) =>
  ({ proposal, commit }: Approval): boolean =>
    proposal === id && commit === head

/** Who said it, and when: ISO 8601. */
export interface Saying {
  readonly by: string
  readonly at: string
}

/** Lets the code of a head be evaluated; takes the place of what was approved of this proposal before. */
export function approveHead(ledger: Ledger, head: Head, { by, at }: Saying): Change {
  if (isApproved(ledger, head)) return unchanged(ledger)
  const approval: Approval = { proposal: head.id, commit: head.head, by, at }
  const others = (ledger.approvals ?? []).filter(({ proposal }) => proposal !== head.id)
  return {
    ledger: { ...ledger, approvals: [...others, approval] },
    message: `${by} approves ${head.head.slice(0, 12)} of ${head.id}`,
  }
}

/** Lets a head remove so much; a smaller number takes a larger one back. */
export function allowRemovals(
  ledger: Ledger,
  head: Head,
  removals: number,
  { by, at }: Saying,
): Change {
  if (allowedRemovals(ledger, head) === removals) return unchanged(ledger)
  const allowance: Allowance = { proposal: head.id, commit: head.head, by, at, removals }
  const others = (ledger.allowances ?? []).filter(({ proposal }) => proposal !== head.id)
  return {
    ledger: { ...ledger, allowances: [...others, allowance] },
    message: `${by} lets ${head.head.slice(0, 12)} of ${head.id} remove ${removals}`,
  }
}

/**
 * Drops what was said of heads that are gone: a push makes another head, and a closed proposal has none.
 * `open` was listed at `listedAt`; what was said since is left. Of a closed one it stays while a tip
 * waits (`isTakenUp` is false), for its merge may be what waits.
 */
export function dropStale(
  ledger: Ledger,
  open: readonly Head[],
  { listedAt, isTakenUp }: { readonly listedAt: string; readonly isTakenUp: boolean },
): Change {
  const heads = new Map(open.map(({ id, head }) => [id, head]))
  const isFresh = ({ proposal, commit, at }: Approval): boolean => {
    const head = heads.get(proposal)
    return at >= listedAt || (head === undefined ? !isTakenUp : head === commit)
  }
  const { approvals = [], allowances = [], ...rest } = ledger
  const [approved, allowed] = [approvals.filter(isFresh), allowances.filter(isFresh)]
  const dropped = approvals.length + allowances.length - approved.length - allowed.length
  if (dropped === 0) return unchanged(ledger)
  return {
    ledger: {
      ...rest,
      ...(approved.length > 0 ? { approvals: approved } : {}),
      ...(allowed.length > 0 ? { allowances: allowed } : {}),
    },
    message: 'what was said of older commits is dropped',
  }
}
