import type { EnvironmentDeployment } from '../model/forge.ts'
import type { Ledger, Rollout } from '../model/ledger.ts'
import type { Standing } from '../model/standing.ts'
import { statusLine } from './status-line.ts'
import { count, list, shortNames } from './wording.ts'

/** How a rollout goes in each cluster that it concerns, for the forge's own record of deployments. */
export function clusterDeployments(
  ledger: Ledger,
  rollout: Pick<Rollout, 'seq' | 'state' | 'source'>,
  standings: Readonly<Record<string, Standing>>,
): readonly EnvironmentDeployment[] {
  const names = Object.keys(standings)
  const short = shortNames(names)
  const clusters = Map.groupBy(names, (name) => clusterOf(ledger, name))
  return [...clusters].flatMap(([environment, all]) => {
    const concerned = all.filter(
      (name) =>
        standings[name]!.state !== 'current' || ledger.machines[name]?.given?.seq === rollout.seq,
    )
    if (concerned.length === 0) return []
    const inState = (...states: readonly Standing['state'][]): readonly string[] =>
      concerned.filter((name) => states.includes(standings[name]!.state))
    const parts = [
      `${inState('current').length} of ${count(concerned.length, 'machine')}`,
      ...part('failed', inState('held', 'failed-evaluation').map(short)),
      ...part('offline', inState('lost').map(short)),
      ...part('paused', inState('paused').map(short)),
    ]
    const state = stateOf(ledger, rollout, inState)
    return [
      {
        ...{ commit: rollout.source, environment, state },
        description: statusLine(parts.join(', ')),
      },
    ]
  })
}

const part = (word: string, names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`${list(names)} ${word}`]

function stateOf(
  { adopted }: Ledger,
  { state }: Pick<Rollout, 'state'>,
  inState: (...states: readonly Standing['state'][]) => readonly string[],
): EnvironmentDeployment['state'] {
  if (state === 'stopped' || state === 'back' || inState('held', 'failed-evaluation').length > 0)
    return 'failure'
  if (adopted === undefined) return 'pending'
  if (inState('deploying', 'lost').length > 0) return 'in_progress'
  if (inState('pending', 'unknown').length > 0)
    return inState('current').length > 0 ? 'in_progress' : 'pending'
  return inState('paused').length > 0 ? 'pending' : 'success'
}

/** A machine that nothing was written down of yet has its cluster's name behind its own. */
const clusterOf = ({ machines }: Ledger, name: string): string =>
  machines[name]?.cluster ?? name.slice(name.indexOf('.') + 1)
