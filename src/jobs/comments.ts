import type { CommandResult } from '../model/command.ts'
import type { Answer, CommandComment, Proposal } from '../model/forge.ts'
import type { KeptAnswer, Ledger } from '../model/ledger.ts'
import type { Outcome } from '../model/ports.ts'
import { doneText, helpText, refusedText, unknownText } from '../report/command-answers.ts'
import { dropStale } from '../rollout/consent.ts'
import { parseComment, toIso, type Parsed } from '../rollout/parse-command.ts'
import type { Announce } from './announce.ts'
import { carryOut, type Asked, type LedgerCommand } from './carry-out.ts'
import { done } from './outcome.ts'
import type { Repository } from './repository.ts'
import { selectMachines } from './select-machines.ts'
import { inventoryOf } from './source.ts'
import { tick } from './tick.ts'
import type { TickPorts } from './tick.ts'

export interface CommandPorts extends TickPorts {
  readonly announce: Announce
}

/**
 * Does what the comments of a proposal say, the oldest first, each in one commit of the ledger that
 * keeps its answer (R27), and answers it. A proposal that was merged last can still be commented.
 */
export async function doComments(
  repository: Repository,
  id: string,
  ports: CommandPorts,
): Promise<Outcome> {
  const { forge } = repository
  const open = await forge.proposal(id)
  const proposal = open ?? (await mergedProposal(repository, id))
  if (proposal === undefined) return done
  const comments = await forge.commands(proposal)
  for (const comment of comments) {
    const where = { proposal, isOpen: open !== undefined, comment, comments }
    await forge.answer(proposal, comment, await obey(repository, where, ports))
  }
  return done
}

/** Drops what was said of heads that these open proposals, listed at that time, do not have any more. */
export async function dropStaleSayings(
  repository: Repository,
  open: readonly Proposal[],
  listedAt: Date,
  ports: CommandPorts,
): Promise<void> {
  const drop = (ledger: Ledger, tip: string | undefined) =>
    dropStale(ledger, open, {
      listedAt: toIso(listedAt),
      isTakenUp: tip === ledger.wanted?.source,
    })
  const { ledger } = await repository.ledger.read()
  if (ledger.approvals === undefined && ledger.allowances === undefined) return
  await ports.announce.ticked(repository, await tick(repository, ports, drop))
}

/** A comment, and the others that have no answer yet. */
interface Where {
  readonly proposal: Proposal
  readonly isOpen: boolean
  readonly comment: CommandComment
  readonly comments: readonly CommandComment[]
}

/** The proposal that the newest commit of the deployed branch came by: people go on commenting there. */
async function mergedProposal(
  { ledger, forge }: Repository,
  id: string,
): Promise<Proposal | undefined> {
  const { published, wanted } = (await ledger.read()).ledger
  for (const commit of new Set([published?.source, wanted?.source])) {
    const merged = commit === undefined ? undefined : await forge.mergedBy(commit)
    if (merged?.id === id) return merged
  }
  return undefined
}

async function obey(repository: Repository, where: Where, ports: CommandPorts): Promise<Answer> {
  const { forge } = repository
  const { proposal, isOpen, comment } = where
  const now = ports.clock.now()
  const parsed = parseComment(comment.body, now)
  const isDone = keptAnswer((await repository.ledger.read()).ledger, where) !== undefined
  // Whoever might when it was done may have lost that since: it is only answered now.
  const mayPush = once(() => (isDone ? Promise.resolve(true) : forge.mayPush(comment.author)))
  const may = async (one: Parsed): Promise<boolean> => {
    if (one.kind !== 'command' || one.command.kind === 'help') return true
    const isOwn = one.command.kind === 'plan' && comment.author === proposal.author
    return isOwn || mayPush()
  }
  const permitted = await Promise.all(parsed.map(may))
  const asked = {
    ...{ by: comment.author, at: toIso(now) },
    on: { ...proposal, isOpen, planned: comment.planned },
  }
  const given = parsed.map((one, index): Parsed | CommandResult =>
    permitted[index] ? one : { kind: 'refused', text: 'that takes permission to push' },
  )
  const isSaid = given.some((one) => one.kind === 'command' && isOfLedger(one.command))
  const answer = isSaid
    ? await inLedger(repository, where, given, asked, ports)
    : answerOf(given.map((one) => resultOf(one, isOpen)))
  // Also where it was done by a run that died: nobody else asks for it.
  const replans = given.some(
    (one) =>
      one.kind === 'command' && ['plan', 'approve', 'allow-removal'].includes(one.command.kind),
  )
  if (replans && isOpen) {
    await ports.queue.add({ kind: 'plan', repository: repository.name, proposal: proposal.id })
  }
  return answer
}

/** Everything that a comment says in one commit, with its answer: a second run finds that. */
async function inLedger(
  repository: Repository,
  where: Where,
  given: readonly (Parsed | CommandResult)[],
  asked: Omit<Asked, 'select'>,
  ports: CommandPorts,
): Promise<Answer> {
  const { proposal, isOpen, comment, comments } = where
  let answer: Answer = { kind: 'done' }
  const ticked = await tick(repository, ports, async (before) => {
    const kept = keptAnswer(before, where)
    if (kept !== undefined) {
      answer = { kind: kept.kind, ...(kept.text === undefined ? {} : { text: kept.text }) }
      return undefined
    }
    const select = await selectorOf(repository, before)
    let ledger = before
    const messages: string[] = []
    const results = given.map((one) => {
      if (one.kind !== 'command' || !isOfLedger(one.command)) return resultOf(one, isOpen)
      const carried = carryOut(ledger, one.command, { ...asked, select })
      ledger = carried.ledger
      if (carried.message !== '') messages.push(carried.message)
      return carried.result
    })
    answer = answerOf(results)
    const said: KeptAnswer = { proposal: proposal.id, comment: comment.id, ...answer }
    const message = messages.join('; ') || `answer ${asked.by}`
    return { ledger: withAnswer(ledger, said, comments), message }
  })
  await ports.announce.ticked(repository, ticked)
  return answer
}

const keptAnswer = (
  { answers }: Ledger,
  { proposal, comment }: Pick<Where, 'proposal' | 'comment'>,
): KeptAnswer | undefined =>
  answers?.find((one) => one.proposal === proposal.id && one.comment === comment.id)

const isOfLedger = (command: { readonly kind: string }): command is LedgerCommand =>
  command.kind !== 'plan' && command.kind !== 'help'

/** What a selector means in the wanted fleet, or in the one that is about to be wanted. */
export async function selectorOf(
  repository: Repository,
  { wanted, published }: Ledger,
): Promise<Asked['select']> {
  const inventory = await inventoryOf(repository, wanted?.source ?? published?.source)
  return (selector) =>
    inventory === undefined
      ? { machines: [], problem: 'nothing was deployed yet, so no machine is known' }
      : selectMachines(selector, inventory)
}

/** So many answers are kept at most: the forge shows the older ones, or will never be asked again. */
const keptAnswers = 50

/** Answers that the forge shows by now are dropped. */
function withAnswer(ledger: Ledger, said: KeptAnswer, open: readonly CommandComment[]): Ledger {
  const isShown = ({ proposal, comment }: KeptAnswer): boolean =>
    proposal === said.proposal && !open.some(({ id }) => id === comment)
  const kept = (ledger.answers ?? []).filter((one) => !isShown(one))
  return { ...ledger, answers: [...kept, said].slice(-keptAnswers) }
}

type Spoken =
  CommandResult | { readonly kind: 'help' } | { readonly kind: 'unknown'; readonly word: string }

/** What is answered to what changes no ledger. */
function resultOf(one: Parsed | CommandResult, isOpen: boolean): Spoken {
  switch (one.kind) {
    case 'unknown':
    case 'done':
    case 'refused':
      return one
    case 'mistake':
      return { kind: 'refused', text: one.text }
    case 'command':
      if (one.command.kind === 'help') return { kind: 'help' }
      return isOpen ? { kind: 'done' } : { kind: 'refused', text: 'this pull request is closed' }
  }
}

/** One answer for all that a comment says; help comes once, and last. */
function answerOf(results: readonly Spoken[]): Answer {
  const unknown = results.find((one) => one.kind === 'unknown')
  const wantsHelp = results.length === 0 || results.some(({ kind }) => kind === 'help')
  const texts = results.flatMap((one) => {
    if (one.kind === 'refused') return [refusedText(one.text ?? '')]
    return one.kind === 'done' && one.text !== undefined ? [doneText(one.text)] : []
  })
  const help = unknown ? [unknownText(unknown.word)] : wantsHelp ? [helpText()] : []
  const text = [...new Set(texts), ...help].join('\n\n')
  const kind =
    unknown || results.length === 0
      ? 'unknown'
      : results.some((one) => one.kind === 'refused')
        ? 'refused'
        : 'done'
  return { kind, ...(text === '' ? {} : { text }) }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined
  return () => (asked ??= ask())
}
