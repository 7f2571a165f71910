import type { Command, CommandResult } from '../model/command.ts'
import type { Proposal } from '../model/forge.ts'
import type { Ledger, Pause } from '../model/ledger.ts'
import { count, list, shortCommit, shortNames } from '../report/wording.ts'
import { approve, release } from '../rollout/approve.ts'
import { allowRemovals, approveHead, type Saying } from '../rollout/consent.ts'
import { pause, resume } from '../rollout/pause.ts'
import { unchanged, type Change } from '../rollout/record.ts'
import type { SelectedMachines } from './select-machines.ts'

/** Who asks, where, and what a selector means there. */
export interface Asked extends Saying {
  /** In the wanted fleet. */
  readonly select: (selector: string) => SelectedMachines
  /** Of a comment. */
  readonly on?: AskedOn
}

/** The proposal that a comment is on. */
export interface AskedOn extends Pick<Proposal, 'id' | 'head' | 'trusted'> {
  /** Not closed, not merged. */
  readonly isOpen: boolean
  /** The head that our comment was about when theirs was written. */
  readonly planned?: string | undefined
}

type CarriedOut = Change & { readonly result: CommandResult }

/** Commands that a tick does; the others only add a job or are answered. */
export type LedgerCommand = Exclude<Command, { readonly kind: 'plan' | 'help' }>

/** Does what a person says in the ledger, or says why not; permission is the caller's. */
export function carryOut(ledger: Ledger, command: LedgerCommand, asked: Asked): CarriedOut {
  switch (command.kind) {
    case 'approve':
      return asked.on ? approveCode(ledger, command.commit, asked.on, asked) : noProposal(ledger)
    case 'allow-removal':
      return asked.on ? allow(ledger, command.count, asked.on, asked) : noProposal(ledger)
    case 'deploy': {
      const change = approve(ledger, asked.by)
      return change.ledger === ledger ? refused(ledger, 'nothing waits for a person') : done(change)
    }
    case 'retry':
      return retry(ledger, command.selector, asked)
    case 'pause':
      return pauseMachines(ledger, command, asked)
    case 'resume':
      return resumeMachines(ledger, command.selector, asked)
  }
}

/** Two commits that begin alike are cheap to make up to here: what is named for sure is longer. */
const sureLength = 12

function approveCode(
  ledger: Ledger,
  commit: string | undefined,
  on: AskedOn,
  saying: Saying,
): CarriedOut {
  const head = shortCommit(on.head)
  if (!on.isOpen) return refused(ledger, 'this pull request is closed')
  if (on.trusted) {
    return refused(ledger, 'its author may push, so it is evaluated without an approval')
  }
  const again = `approve ${on.head.slice(0, sureLength)}`
  const meant = commit ?? on.planned
  if (meant !== undefined && !on.head.startsWith(meant)) {
    return refused(ledger, moved(meant, head, again))
  }
  // What our comment was about then is what they had looked at; else they have to name it.
  if (on.planned !== on.head && (meant === undefined || meant.length < sureLength)) {
    return refused(
      ledger,
      `it cannot be told for sure which commit is meant; look at the plan of ${head}, then answer \`/nixcluster ${again}\``,
    )
  }
  return done(approveHead(ledger, on, saying))
}

function allow(ledger: Ledger, removals: number, on: AskedOn, saying: Saying): CarriedOut {
  const head = shortCommit(on.head)
  if (on.planned !== undefined && on.planned !== on.head) {
    return refused(ledger, moved(on.planned, head, `allow removal ${removals}`))
  }
  const text = `${head} may remove ${count(removals, 'machine')}, or so many members of services`
  return done(allowRemovals(ledger, on, removals, saying), text)
}

const moved = (meant: string, head: string, again: string): string =>
  `${shortCommit(meant)} is not the newest commit any more, that is ${head}; look at its plan, then answer \`/nixcluster ${again}\``

/** Lifts what holds machines (R5), and has evaluated again what could not be. */
function retry(ledger: Ledger, selector: string | undefined, asked: Asked): CarriedOut {
  const selected = selector === undefined ? undefined : asked.select(selector)
  if (selected?.problem !== undefined) return refused(ledger, selected.problem)
  const names = selected?.machines ?? allNames(ledger)
  const short = shortNames(allNames(ledger))
  const busy = names.filter((name) => isHeld(ledger, name) && ledger.machines[name]?.intent)
  const lifted = names.filter((name) => isHeld(ledger, name) && !busy.includes(name))
  const failed = names.filter((name) => 'failed' in (ledger.wanted?.systems?.[name] ?? {}))
  if (lifted.length + failed.length === 0) {
    return busy.length > 0
      ? refused(ledger, `an attempt is open on ${list(busy.map(short))}; wait for its end`)
      : refused(ledger, `nothing holds ${selector ?? 'any machine'}`)
  }
  const released = lifted.reduce((now, name) => release(now, name).ledger, ledger)
  const after = failed.length > 0 ? withoutSystems(released) : released
  const what = [
    ...(lifted.length > 0 ? [`${list(lifted.map(short))} will be tried again`] : []),
    ...(failed.length > 0 ? [`${list(failed.map(short))} will be evaluated again`] : []),
  ].join('; ')
  const whom = [...lifted, ...failed].join(', ')
  return done({ ledger: after, message: `${asked.by} has ${whom} tried again` }, what)
}

/** By the hold of what is wanted; a hold of another system stays, it is of no use to anybody now. */
function isHeld({ wanted, machines }: Ledger, name: string): boolean {
  const system = wanted?.systems?.[name]
  const record = machines[name]
  return system !== undefined && 'system' in system && record?.held[system.system] !== undefined
}

function withoutSystems({ wanted, ...rest }: Ledger): Ledger {
  if (wanted === undefined) return rest
  const { systems: _, ...again } = wanted
  return { ...rest, wanted: again }
}

const allNames = ({ wanted, machines }: Ledger): readonly string[] => [
  ...new Set([...Object.keys(wanted?.systems ?? {}), ...Object.keys(machines)]),
]

function pauseMachines(
  ledger: Ledger,
  { selector, until }: Extract<Command, { kind: 'pause' }>,
  asked: Asked,
): CarriedOut {
  const { machines, problem } = asked.select(selector)
  if (problem !== undefined || machines.length === 0) {
    return refused(ledger, problem ?? `${selector} means no machine`)
  }
  const whom = list(machines.map(shortNames(allNames(ledger))))
  const when =
    until === undefined
      ? `until ${say(asked, `resume ${selector}`)}`
      : `until ${literal(asked, until)}`
  const text = `${whom} ${machines.length === 1 ? 'gets' : 'get'} nothing new ${when}`
  return done(pause(ledger, { selector, ...(until === undefined ? {} : { until }) }, asked), text)
}

/** Ends the pauses that were written so, and those whose machines are all meant. */
function resumeMachines(ledger: Ledger, selector: string | undefined, asked: Asked): CarriedOut {
  const { pauses = [] } = ledger
  if (pauses.length === 0) return refused(ledger, 'nothing is paused')
  if (selector === undefined) return resumed(pauses, [])
  const { machines, problem } = asked.select(selector)
  const isMeant = (name: string): boolean => machines.includes(name)
  const ended = pauses.filter((each) => {
    if (each.selector === selector) return true
    const of = asked.select(each.selector).machines
    return of.length > 0 && of.every(isMeant)
  })
  const others = pauses.filter(
    (each) => !ended.includes(each) && asked.select(each.selector).machines.some(isMeant),
  )
  if (ended.length > 0) return resumed(ended, others)
  if (problem !== undefined) return refused(ledger, problem)
  const [wider] = others
  return refused(
    ledger,
    wider === undefined
      ? `${selector} is not paused`
      : `${selector} is paused with others; end that by ${say(asked, `resume ${wider.selector}`)}`,
  )

  function resumed(ended: readonly Pause[], others: readonly Pause[]): CarriedOut {
    const names = (of: readonly Pause[]): string =>
      list(of.map((each) => literal(asked, each.selector)))
    const over = `${names(ended)} ${ended.length === 1 ? 'is' : 'are'} not paused any more`
    const still = `; the pause of ${names(others)} goes on`
    return done(resume(ledger, ended, asked), over + (others.length > 0 ? still : ''))
  }
}

/** A command as it is written where somebody asks. */
const say = ({ on }: Asked, words: string): string =>
  `\`${on === undefined ? '' : '/'}nixcluster ${words}\``

/** What Markdown must not change. */
const literal = ({ on }: Asked, text: string): string => (on === undefined ? text : `\`${text}\``)

const noProposal = (ledger: Ledger): CarriedOut =>
  refused(ledger, 'this is said in a comment on a pull request')

const done = (change: Change, text?: string): CarriedOut => ({
  ...change,
  result: { kind: 'done', ...(text === undefined ? {} : { text }) },
})

const refused = (ledger: Ledger, text: string): CarriedOut => ({
  ...unchanged(ledger),
  result: { kind: 'refused', text },
})
