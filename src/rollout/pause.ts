import type { Ledger, Pause } from '../model/ledger.ts'
import type { Saying } from './consent.ts'
import { unchanged, type Change } from './record.ts'

/** Machines by the selector of a pause, as the wanted inventory has them. */
export type Meant = Readonly<Record<string, readonly string[]>>

/** (R25) The pause that a machine is in, by the machine's name: the one that lasts longest of several. */
export function pausesOf(
  { pauses = [] }: Ledger,
  meant: Meant,
  now: string,
): Readonly<Record<string, Pause>> {
  const paused: Record<string, Pause> = {}
  for (const pause of pauses) {
    if (isOver(pause, now)) continue
    for (const machine of meant[pause.selector] ?? []) {
      const other = paused[machine]
      if (other === undefined || endOf(other) < endOf(pause)) paused[machine] = pause
    }
  }
  return paused
}

/** The ledger without the pauses whose time is over; the same object where there are none. */
export function dropOver(ledger: Ledger, now: string): Ledger {
  const left = (ledger.pauses ?? []).filter((pause) => !isOver(pause, now))
  return left.length === (ledger.pauses ?? []).length ? ledger : withPauses(ledger, left)
}

/** Starts nothing on these machines; takes the place of a pause that was written the same way. */
export function pause(
  ledger: Ledger,
  { selector, until }: Pick<Pause, 'selector' | 'until'>,
  { by, at }: Saying,
): Change {
  const pauses = ledger.pauses ?? []
  const same = pauses.find((other) => other.selector === selector)
  if (same !== undefined && same.until === until) return unchanged(ledger)
  const added: Pause = { selector, by, since: at, ...(until === undefined ? {} : { until }) }
  return {
    ledger: withPauses(ledger, [...pauses.filter((other) => other !== same), added]),
    message: `${by} pauses ${selector}${until === undefined ? '' : ` until ${until}`}`,
  }
}

/** Ends these pauses. */
export function resume(ledger: Ledger, ended: readonly Pause[], { by }: Saying): Change {
  if (ended.length === 0) return unchanged(ledger)
  const left = (ledger.pauses ?? []).filter((each) => !ended.includes(each))
  return {
    ledger: withPauses(ledger, left),
    message: `${by} resumes ${ended.map(({ selector }) => selector).join(', ')}`,
  }
}

function withPauses({ pauses: _, ...rest }: Ledger, pauses: readonly Pause[]): Ledger {
  return pauses.length === 0 ? rest : { ...rest, pauses }
}

const endOf = ({ until }: Pause): number => (until === undefined ? Infinity : Date.parse(until))

const isOver = (pause: Pause, now: string): boolean => endOf(pause) <= Date.parse(now)
