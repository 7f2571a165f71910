import type { CommandAnswer } from '../model/command.ts'
import type { Ledger, Wanted } from '../model/ledger.ts'
import type { Clock, Log, Progress, Topic } from '../model/ports.ts'
import type { MachineEvent } from '../model/remote.ts'
import { diagnosticsText } from '../report/diagnostics.ts'
import { heldBack } from '../report/held-back.ts'
import { eventLines, rolloutEndLines, rolloutStartLines } from '../report/rollout-text.ts'
import { list, shortCommit, shortNames } from '../report/wording.ts'
import { isSettled } from '../rollout/settled.ts'
import type { Announce } from './announce.ts'
import { answerTopic } from './answer-topic.ts'
import { plannedLines } from './planned-lines.ts'
import type { Repository } from './repository.ts'
import type { Ticked } from './tick.ts'

export interface TerminalPorts {
  readonly progress: Progress
  readonly clock: Clock
  readonly log: Log
}

/** What is remembered of a rollout for its last line; without it the line says less. */
interface Course {
  /** Undefined once its end was told. */
  startedMs: number | undefined
  told: 'nothing' | 'waits for adoption' | 'end'
}

/** Tells whoever pushed, each thing once in this process; a repeated job repeats nothing. */
export function createTerminalAnnounce({ progress, clock, log }: TerminalPorts): Announce {
  const courses = new Map<string, Course>()
  const mistaken = new Set<string>()
  /** Attempts whose machine was said not to answer: they are tried again and again. */
  const lost = new Set<string>()
  const saying = new Set<Promise<void>>()
  const nowMs = (): number => clock.now().getTime()

  const say = async (topic: Topic, lines: readonly string[]): Promise<void> => {
    for (const line of lines) await progress.say(topic, line)
  }
  const isAwaited = async ({ repository, ref, commit }: Topic): Promise<boolean> =>
    (await progress.awaited({ repository, ref })).includes(commit)
  /**
   * Whoever pushed what was overtaken before anybody looked at it would wait for ever. The tip is read
   * after the followers: whatever one of them pushed is older by then.
   */
  const letGo = async (
    { name, git }: Repository,
    ref: string,
    going: readonly (string | undefined)[],
  ): Promise<void> => {
    const awaited = await progress.awaited({ repository: name, ref })
    const others = awaited.filter((commit) => !going.includes(commit))
    if (others.length === 0) return
    const tip = await git.remoteTip(ref)
    for (const commit of others) {
      if (commit !== tip) await progress.end({ repository: name, ref, commit }, overtaken)
    }
  }
  /** Topics whose last word is being said: another tick that comes meanwhile has nothing to add. */
  const closing = new Set<string>()
  const closeOnce = async (topic: Topic, lastWords: () => Promise<void>): Promise<void> => {
    const key = JSON.stringify([topic.repository, topic.ref, topic.commit])
    if (closing.has(key)) return
    closing.add(key)
    await lastWords().finally(() => closing.delete(key))
  }
  const courseOf = (repository: Repository, source: string): Course => {
    const key = keyOf(repository, source)
    const known = courses.get(key) ?? { startedMs: nowMs(), told: 'nothing' as const }
    courses.set(key, known)
    return known
  }

  return {
    async mistakes(repository, commit, { mistakes, texts }) {
      const key = keyOf(repository, commit)
      const topic = deployedTopic(repository, commit)
      if (mistaken.has(key) && !(await isAwaited(topic))) return
      mistaken.add(key)
      log.info({ repository: repository.name, commit, mistakes }, 'the tip has mistakes')
      await say(topic, diagnosticsText(mistakes, texts).split('\n'))
      await progress.end(topic, `nothing was rendered, nothing is deployed`)
    },

    received(repository, commit) {
      courseOf(repository, commit)
    },

    // Who pushed waits for one plan, the whole one.
    planning: () => Promise.resolve(),

    outdated: () => Promise.resolve(),

    async planned(repository, proposal, planned) {
      const { head, branch } = proposal
      const topic = { repository: repository.name, ref: branch, commit: head }
      await say(topic, plannedLines(proposal, planned))
      await progress.end(topic)
      if (planned.kind !== 'nothing') await letGo(repository, branch, [head])
    },

    nothingProposed: (repository, branch, head) =>
      progress.end(
        { repository: repository.name, ref: branch, commit: head },
        `${branch} has nothing that is not in ${repository.branch}: no plan`,
      ),

    async answered(repository, id, result, commit) {
      const topic = answerTopic(repository.name, id)
      if (commit === undefined) return progress.end(topic, JSON.stringify(result))
      const { ref } = deployedTopic(repository, commit)
      // Before what they will want to hear is said.
      await progress.expect(deployedTopic(repository, commit), { saidGo: true })
      const answer: CommandAnswer = { ...result, follow: { ref, commit } }
      return progress.end(topic, JSON.stringify(answer))
    },

    status: ({ name }, id, status) => progress.end(answerTopic(name, id), JSON.stringify(status)),

    async nothingWaits(repository, { decision }) {
      const { wanted, published } = decision.ledger
      if (wanted === undefined || published === undefined || decision.waits) {
        const tip = await repository.git.remoteTip(repository.branch)
        if (tip === undefined) return
        const text = `${shortCommit(tip)} does not wait for a person yet: it is being read`
        return progress.end(deployedTopic(repository, tip), text)
      }
      await say(deployedTopic(repository, published.source), ['Nothing waits for a person.'])
      courseOf(repository, wanted.source).told = 'nothing'
    },

    async ticked(repository, { before, decision }, evaluated) {
      // A rollout's last line comes after its machines' lines.
      await Promise.all(saying)
      const { ledger, standing, waits } = decision
      for (const rollout of ledger.rollouts) {
        const was = before.rollouts.find(({ seq }) => seq === rollout.seq)
        if (rollout.state !== 'superseded' || was?.state === 'superseded') continue
        const lines = rolloutEndLines({ ledger, rollout, standings: {} })
        courses.delete(keyOf(repository, rollout.source))
        await progress.end(deployedTopic(repository, rollout.source), lines.join('\n'))
      }
      const held = heldBack(ledger)
      if (held !== undefined) {
        const topic = deployedTopic(repository, held.commit)
        await letGo(repository, repository.branch, [held.commit])
        if (held.commit !== heldBack(before)?.commit || (await isAwaited(topic)))
          return closeOnce(topic, () => progress.wait(topic, held.text))
        return
      }
      const { wanted } = ledger
      await letGo(repository, repository.branch, [wanted?.source, ledger.published?.source])
      const rollout = ledger.rollouts.find(({ seq }) => seq === wanted?.seq)
      if (wanted === undefined) return
      const topic = deployedTopic(repository, wanted.source)
      const course = courseOf(repository, wanted.source)
      if (isApproved(before, ledger)) {
        Object.assign(course, { startedMs: nowMs(), told: 'nothing' })
      }
      if (wanted.systems === undefined) return
      if (evaluated !== undefined || isAdopted(before, ledger)) {
        await say(topic, startLines(wanted, decision, evaluated))
      }
      if (!isSettled(decision)) return
      if (waits === 'adoption') {
        if (course.told !== 'nothing' && !(await isAwaited(topic))) return
        course.told = 'waits for adoption'
        const names = Object.keys(standing).map(shortNames(Object.keys(standing)))
        const text = `Read ${list(names)}. Nothing is deployed before: nixcluster deploy`
        return closeOnce(topic, () => progress.wait(topic, text))
      }
      if (rollout === undefined) return
      if (course.told === 'end' && !(await isAwaited(topic))) return
      const { parents } = await repository.git.readCommit(wanted.source)
      const end = { ledger, rollout, standings: standing, isMerge: parents.length > 1 }
      await closeOnce(topic, async () => {
        course.told = 'end'
        const { startedMs } = course
        course.startedMs = undefined
        const took = startedMs === undefined ? {} : { tookMs: nowMs() - startedMs }
        await say(topic, rolloutEndLines({ ...end, ...took }))
        await progress.end(topic)
      })
    },

    machine(repository, event) {
      const { machine, n, seq, lines } = event
      const about = { repository: repository.name, machine, attempt: n, seq }
      log.info({ ...about, lines }, `machine ${event.event}`)
      const attempt = `${repository.name} ${machine} ${n}`
      if (event.event === 'lost' && lost.has(attempt)) return
      if (event.event === 'lost') lost.add(attempt)
      else lost.delete(attempt)
      const said = sayOfMachine(repository, event).catch((error: unknown) =>
        log.warn({ err: error }, 'a line about a machine is lost'),
      )
      saying.add(said)
      void said.finally(() => saying.delete(said))
    },
  }

  async function sayOfMachine(repository: Repository, event: MachineEvent): Promise<void> {
    const { ledger } = await repository.ledger.read()
    const rollout = ledger.rollouts.find(({ seq }) => seq === event.seq)
    if (rollout === undefined) return
    const name = shortNames(Object.keys(ledger.machines))(event.machine)
    const runs = ledger.machines[event.machine]?.given?.system
    const lines = eventLines(event, { name, ...(runs === undefined ? {} : { runs }) })
    await say(deployedTopic(repository, rollout.source), lines)
  }
}

const keyOf = ({ name }: Repository, source: string): string => `${name} ${source}`

const deployedTopic = ({ name, branch }: Repository, commit: string): Topic => ({
  repository: name,
  ref: branch,
  commit,
})

const overtaken = 'Superseded by a newer push.'

/** A person let the machines, or the rewound branch, be deployed. */
const isApproved = (before: Ledger, after: Ledger): boolean =>
  isAdopted(before, after) ||
  (before.wanted?.seq !== after.wanted?.seq && after.wanted?.approvedBy !== undefined)

const isAdopted = (before: Ledger, after: Ledger): boolean =>
  before.adopted === undefined && after.adopted !== undefined

/** What goes to whom, whether Nix had to be asked, and whom Nix refused. */
function startLines(
  { source, systems = {} }: Wanted,
  { standing, ledger }: Ticked['decision'],
  evaluated: number | undefined,
): readonly string[] {
  const names = Object.keys(standing)
  // One with an open attempt of an older commit may have got that already.
  const affected = names.filter((name) =>
    ['pending', 'deploying', 'lost'].includes(standing[name]?.state ?? ''),
  )
  const known =
    evaluated === 0 && affected.length > 0
      ? ['  every system is known: no evaluation, no build']
      : []
  const failures = names.flatMap((name) => {
    const system = systems[name]
    return system !== undefined && 'failed' in system
      ? [`  ✗ ${name}`, ...system.failed.split('\n').map((line) => `      ${line}`)]
      : []
  })
  return ledger.adopted === undefined
    ? [`${shortCommit(source)} is a first contact: the machines are only read`, ...failures]
    : [...rolloutStartLines(source, affected, names.length), ...known, ...failures]
}
