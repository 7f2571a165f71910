import type { Ledger, Pause, WantedSystem } from '../model/ledger.ts'
import type { Standing } from '../model/standing.ts'

/** A machine of the wanted commit; `roles` are full domain names. */
export interface FleetMachine {
  readonly name: string
  readonly cluster: string
  readonly roles: readonly string[]
}

/** Where each machine of the fleet stands, by name; `paused` are those that a pause is about. */
export function standings(
  ledger: Ledger,
  fleet: readonly FleetMachine[],
  paused: Readonly<Record<string, Pause>> = {},
): Readonly<Record<string, Standing>> {
  const systems = ledger.wanted?.systems
  return Object.fromEntries(
    fleet.map(({ name }) => [
      name,
      withPause(standing(ledger, name, systems?.[name]), paused[name]),
    ]),
  )
}

/** (R25) What would start does not; what runs as wanted is said to be paused as well. */
function withPause(standing: Standing, pause: Pause | undefined): Standing {
  if (pause === undefined || (standing.state !== 'pending' && standing.state !== 'current')) {
    return standing
  }
  const { by, since, until } = pause
  const note = `paused ${until === undefined ? `since ${since}` : `until ${until}`} by ${by}`
  return { state: standing.state === 'pending' ? 'paused' : 'current', note }
}

function standing(ledger: Ledger, name: string, wanted: WantedSystem | undefined): Standing {
  const record = ledger.machines[name]
  const { intent, given } = record ?? {}
  if (intent?.lost) {
    const { since, begun } = intent.lost
    const when = begun ? 'in mid-deployment, since' : 'since'
    return { state: 'lost', note: `does not answer, ${when} ${since}` }
  }
  if (intent) {
    return intent.withdrawn ? { state: 'deploying', note: 'withdrawn' } : { state: 'deploying' }
  }
  if (wanted === undefined) return { state: 'unknown' }
  if ('failed' in wanted) return { state: 'failed-evaluation', note: wanted.failed }
  const hold = record?.held[wanted.system]
  if (hold) return { state: 'held', note: hold.reason }
  return { state: given?.system === wanted.system ? 'current' : 'pending' }
}
