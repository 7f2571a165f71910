import type { Proposal } from '../model/forge.ts'
import type { Ledger, Rollout } from '../model/ledger.ts'
import type { Attempt } from '../model/remote.ts'
import { clusterDeployments } from '../report/cluster-deployments.ts'
import { heldBack } from '../report/held-back.ts'
import { rolloutComment, waitingComment } from '../report/rollout-comment.ts'
import { rolloutEndLines } from '../report/rollout-text.ts'
import type { Repository } from './repository.ts'
import type { Teller } from './teller.ts'
import type { Ticked } from './tick.ts'

export interface RolloutPorts {
  readonly teller: Teller
  /** Address of the log of a machine's attempt; undefined where none is kept. */
  readonly logUrl?: (attempt: Attempt) => Promise<string | undefined>
}

/** People read a comment; nobody needs each machine's end within the second. */
const paceMs = 3_000

/** So many commits are asked for the pull requests that brought them. */
const askedCommits = 20

/** Of so many rollouts that were superseded before us the end is told once more. */
const oldRollouts = 5

/** So many proposals are remembered. */
const remembered = 200

/**
 * Tells merged proposals how the rollout that they are in goes, and the forge's own record of deployments.
 * All of it follows from the ledger, so that whoever starts again says the same.
 */
export function createRolloutTelling({ teller, logUrl }: RolloutPorts) {
  /** The rollout's commit -> whose merges it has. */
  const merged = new Map<string, readonly Proposal[]>()
  const seen = new Set<string>()

  const mergedIn = async (
    { name, git, forge }: Repository,
    older: string | undefined,
    newer: string,
  ): Promise<readonly Proposal[]> => {
    const key = `${name} ${newer}`
    const known = merged.get(key)
    if (known !== undefined) return known
    const commits = await git.commitsSince(older, newer, askedCommits)
    const proposals = new Map<string, Proposal>()
    for (const commit of older === undefined ? commits.slice(0, 1) : commits) {
      const proposal = await forge.mergedBy(commit)
      if (proposal !== undefined && !proposals.has(proposal.id)) {
        proposals.set(proposal.id, proposal)
      }
    }
    // A forge takes its time to know of a merge: nobody found is asked for again.
    if (proposals.size > 0) merged.set(key, [...proposals.values()])
    for (const oldest of merged.keys()) {
      if (merged.size <= remembered) break
      merged.delete(oldest)
    }
    return [...proposals.values()]
  }

  const tellMerged = (
    repository: Repository,
    older: string | undefined,
    newer: string,
    report: () => Promise<{ readonly markdown: string; readonly text: string }>,
    key: string,
  ): void =>
    teller.tell({ repository: repository.name, name: `merge ${newer}`, paceMs }, key, async () => {
      const proposals = await mergedIn(repository, older, newer)
      if (proposals.length === 0) return 'unheard'
      const said = await report()
      for (const proposal of proposals) await repository.forge.ensureComment(proposal, said)
      return 'heard'
    })

  /** Of the machines that this rollout has reached. */
  const logsOf = async (
    repository: string,
    { machines }: Ledger,
    { seq }: Rollout,
    standings: Ticked['decision']['standing'],
  ): Promise<ReadonlyMap<string, string>> => {
    const urls = new Map<string, string>()
    for (const [machine, { state }] of Object.entries(standings)) {
      const { attempt: n, given } = machines[machine] ?? {}
      const isReached = given?.seq === seq || state === 'held' || state === 'lost'
      const url = n && isReached ? await logUrl?.({ repository, machine, n }) : undefined
      if (url !== undefined) urls.set(machine, url)
    }
    return urls
  }

  const tellRollout = (
    repository: Repository,
    ledger: Ledger,
    rollout: Rollout,
    standings: Ticked['decision']['standing'],
  ): void => {
    const { git, forge, showContents, name } = repository
    const older = ledger.rollouts.findLast(({ seq }) => seq < rollout.seq)?.source
    const key = JSON.stringify([rollout, ledger.adopted, standings, attempts(ledger, standings)])
    tellMerged(
      repository,
      older,
      rollout.source,
      async () => {
        const isMerge = (await git.readCommit(rollout.source)).parents.length > 1
        const isOpen = showContents ?? (await forge.isPrivate())
        const urls = isOpen ? await logsOf(name, ledger, rollout, standings) : new Map()
        const input = {
          ...{ ledger, rollout, standings, isMerge },
          logUrl: (machine: string) => urls.get(machine),
        }
        const text = rolloutEndLines(input).join('\n')
        return { markdown: rolloutComment(input), text }
      },
      key,
    )
    if (rollout.state === 'superseded') return
    for (const deployment of clusterDeployments(ledger, rollout, standings)) {
      const thing = { repository: name, name: `deployment to ${deployment.environment}`, paceMs }
      teller.tell(thing, JSON.stringify(deployment), () => forge.ensureDeployment(deployment))
    }
  }

  return (repository: Repository, { before, decision }: Ticked): void => {
    // Nobody is there to be told.
    if (repository.forge.kind === 'git') return
    const { ledger, standing } = decision
    const { wanted } = ledger
    const isFirst = !seen.has(repository.name)
    seen.add(repository.name)
    const known = isFirst ? ledger.rollouts.slice(-oldRollouts) : ledger.rollouts
    for (const rollout of known) {
      const was = before.rollouts.find(({ seq }) => seq === rollout.seq)
      const isNews = isFirst || was?.state !== 'superseded'
      if (rollout.state !== 'superseded' || !isNews || rollout.source === wanted?.source) continue
      tellRollout(repository, asOfItsEnd(ledger, rollout), rollout, {})
    }
    const held = heldBack(ledger)
    if (held !== undefined) {
      const markdown = waitingComment(held.commit, held.text)
      const report = () => Promise.resolve({ markdown, text: held.text })
      tellMerged(repository, wanted?.source, held.commit, report, markdown)
    }
    const rollout = ledger.rollouts.find(({ seq }) => seq === wanted?.seq)
    // What waits keeps nothing from being told of what is wanted.
    if (rollout !== undefined && Object.keys(standing).length > 0)
      tellRollout(repository, ledger, rollout, standing)
  }
}

/** Superseded by the rollout after it, whatever came later. */
function asOfItsEnd(ledger: Ledger, { seq }: Rollout): Ledger {
  const next = ledger.rollouts.find((rollout) => rollout.seq > seq)
  if (next === undefined) return ledger
  const { source, generated } = next
  return { ...ledger, wanted: { seq: next.seq, source, generated } }
}

/** What of the machines' records a comment shows beside their standings. */
const attempts = (
  { machines }: Ledger,
  standings: Ticked['decision']['standing'],
): readonly unknown[] =>
  Object.keys(standings).map((name) => [machines[name]?.attempt, machines[name]?.given?.seq])
