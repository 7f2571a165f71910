import { ForgeError, NotReadyError } from '../model/errors.ts'
import { fine, warning, wrong, type Finding } from '../model/finding.ts'

/** So far off, requests that we sign or that are signed for us are on the edge of being refused. */
const littleMs = 60_000
const muchMs = 300_000

/** How far our clock is from the forge's, by the `date` of an answer. */
export function clockFinding(date: string | null | undefined, now: Date): readonly Finding[] {
  const aheadMs = now.getTime() - Date.parse(date ?? '')
  if (Number.isNaN(aheadMs)) return []
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  const found = `ours is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the forge's`
  const advice = 'let this machine follow a time server: a signature holds for five minutes'
  if (Math.abs(aheadMs) > muchMs) return [wrong('clock', found, advice)]
  if (Math.abs(aheadMs) > littleMs) return [warning('clock', found, advice)]
  return [fine('clock', 'agrees with the forge’s')]
}

/** What a check comes to; where the forge does not answer it, a finding that says so. */
export async function examined(
  name: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof NotReadyError) {
      const seconds = Math.ceil(error.retryAfterMs / 1000)
      return [warning(name, error.message, `ask again in ${seconds} s`)]
    }
    if (!(error instanceof ForgeError)) throw error
    return [warning(name, `could not be seen: ${error.message}`, 'ask again later')]
  }
}

/** Whether only we may push a branch. */
export type Guard =
  | { readonly kind: 'ours' | 'open' | 'unseen' }
  /** We are kept out as well. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'shared'; readonly others: string }

/** One finding about all branches that are ours. */
export function guardFinding(
  guards: readonly (readonly [branch: string, guard: Guard])[],
  { how, see, pushes }: { readonly how: string; readonly see: string; readonly pushes: boolean },
): Finding {
  const name = 'own branches'
  const of = (kind: Guard['kind']) => guards.filter(([, guard]) => guard.kind === kind)
  const named = (found: typeof guards): string => found.map(([branch]) => branch).join(' and ')
  const closed = of('closed')
  if (closed.length > 0)
    return wrong(name, `a rule keeps us from pushing ${named(closed)}, too`, how)
  const open = of('open')
  if (open.length > 0)
    return warning(name, `whoever may push anything may push ${named(open)}`, how)
  const shared = guards.flatMap(([, guard]) => (guard.kind === 'shared' ? [guard.others] : []))
  if (shared.length > 0)
    return warning(name, `not only we may push them: ${[...new Set(shared)].join(', ')}`, how)
  const unseen = of('unseen')
  if (unseen.length > 0)
    return warning(name, `who may push ${named(unseen)} could not be seen`, see)
  return fine(
    name,
    pushes ? `only we may push ${named(guards)}` : `not everybody may push ${named(guards)}`,
  )
}
