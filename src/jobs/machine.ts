import { CommandError, UnreachableError } from '../model/errors.ts'
import type { Intent, Ledger } from '../model/ledger.ts'
import type { Clock, LedgerStore, Log, Outcome } from '../model/ports.ts'
import type { Reading } from '../model/reading.ts'
import type { Deployer, Look, MachineEvent, Remote, Target } from '../model/remote.ts'
import { conclude, type Verdict } from '../rollout/conclude.ts'
import { lost, reached } from '../rollout/contact.ts'
import { decideRun } from '../rollout/decide-run.ts'
import { unchanged, withRecord, type Change } from '../rollout/record.ts'
import { done } from './outcome.ts'
import { writeChange } from './write-change.ts'

export interface MachineJobPorts {
  readonly ledger: LedgerStore
  readonly remote: Remote
  readonly deployer: Deployer
  /** Undefined where the wanted commit does not have the machine any more. */
  readonly targetOf: (machine: string) => Promise<Target | undefined>
  readonly clock: Clock
  /** A new name for a run, never given before; letters, digits and dashes. */
  readonly nonce: () => string
  /** Whom to ask about a lease: the controller's host and process. */
  readonly owner: string
  readonly log: Log
  readonly report: (event: MachineEvent) => void
  /**
   * Writes an outcome and lets the rollout go on from it, in one commit.
   */
  readonly settle: <Made extends Change>(change: (ledger: Ledger) => Made) => Promise<Settled<Made>>
  /** Seconds for which another run's untouched lease is respected (R8). */
  readonly patience?: number
}

/** An outcome that is written. */
export interface Settled<Made extends Change> {
  readonly made: Made
  /** Tells what follows from it, after the machine's own line. */
  readonly tell: () => Promise<void>
}

/** Seconds beyond the confirmation within which a machine that was cut off has rolled back and answers again. */
const comeback = 30

/** Between two looks at a machine on which something is under way. */
const lookAgainMs = 1_000

/**
 * The `machine` job: brings one open intent to its end, whatever an earlier run of it left behind (protocol 4, R7).
 * Any number of them at any time does no harm.
 */
export function createMachineJob(ports: MachineJobPorts): (machine: string) => Promise<Outcome> {
  return async (machine) => {
    const { ledger } = await ports.ledger.read()
    const intent = ledger.machines[machine]?.intent
    if (intent === undefined) return done
    const target = await ports.targetOf(machine)
    if (target === undefined) return { kind: 'stop', reason: `${machine} is not configured` }
    return createRun(ports, target, intent)()
  }
}

/** One run of one intent, under a nonce of its own. */
function createRun(
  ports: MachineJobPorts,
  configured: Target,
  intent: Intent,
): () => Promise<Outcome> {
  const { ledger: store, remote, deployer, clock } = ports
  const { name } = configured
  const { n, path, seq } = intent
  const run = ports.nonce()
  let target = configured
  const began = clock.now().getTime()
  /** A run of this intent has had the machine's lease, so its system may be why the machine is lost (R6). */
  let begun = false

  const report = (event: MachineEvent['event'], rest: Pick<MachineEvent, 'text' | 'lines'> = {}) =>
    ports.report({
      ...{ machine: name, event, n, seq, ...rest },
      durationMs: clock.now().getTime() - began,
    })

  const seen = (look: Look): Look => {
    begun ||= look.reading.lease?.n === n
    return look
  }

  /** A machine that was never contacted: its key is in the ledger before anything is done there. */
  const trust = async (stranger: Target): Promise<Target> => {
    const { hostKey } = await remote.look(stranger)
    const { ledger } = await writeChange(store, (before) => {
      const record = before.machines[name]
      if (record === undefined || record.hostKey !== undefined) return unchanged(before)
      return { ledger: withRecord(before, { ...record, hostKey }), message: `${name}: host key` }
    })
    return { ...stranger, hostKey: ledger.machines[name]?.hostKey ?? hostKey }
  }

  const advance = async (): Promise<Outcome> => {
    if (target.hostKey === undefined) target = await trust(target)
    let look = seen(await remote.look(target))
    if (intent.lost !== undefined) await writeChange(store, (ledger) => reached(ledger, name, n))
    let seated = false
    let waiting = false
    for (;;) {
      // The machine first, the ledger after it: nothing starts without the ledger's word (R10).
      const { ledger } = await store.read()
      const patience = ports.patience ?? 20
      const step = decideRun({ machine: name, n, run, reading: look.reading, ledger, patience })
      ports.log.debug({ machine: name, attempt: n, run, step }, `next step: ${step.kind}`)
      switch (step.kind) {
        case 'end':
          return done
        case 'refuse':
          report('failed', { text: step.reason })
          return { kind: 'stop', reason: step.reason }
        case 'drop':
          await remote.drop(target, step.run)
          return done
        case 'wait':
          if (!waiting) report('waiting', { text: waitingFor(step.reason, look) })
          waiting = true
          await clock.sleep(lookAgainMs)
          look = seen(await remote.look(target))
          break
        case 'take':
          // Before the lease is taken (R11); what is there already costs little.
          report('copying')
          await deployer.copy(target, path)
          look = seen(await remote.take(target, claim(ledger.id), step.over))
          break
        case 'seat':
          if (seated) return { kind: 'stop', reason: `${name} cannot be seated` }
          seated = true
          look = seen(await remote.seat(target, run))
          break
        case 'deploy': {
          report('activating')
          const { exitCode, lines } = await deployer.deploy({ target, run, path })
          ports.log.info({ machine: name, attempt: n, exitCode, lines }, 'deploy-rs ended')
          return exitCode === 0 ? finish(run, []) : finishFailed(lines)
        }
        case 'read':
          return finish(step.run, [])
      }
    }
  }

  const claim = (ledger: string) => ({ ledger, n, run, owner: ports.owner, path })

  /** Where nothing reached the machine the attempt stays open: closed, the next tick would begin it anew at once. */
  const finishFailed = async (lines: readonly string[]): Promise<Outcome> => {
    const { reading } = await patiently(() => remote.look(target))
    const { ledger } = await store.read()
    const withdrawn = ledger.machines[name]?.intent?.withdrawn === true
    const { lease } = reading
    if (reading.locked || lease?.run !== run || lease.stage !== 'taken' || withdrawn)
      return finish(run, lines)
    const reason = `deploy-rs could not start: ${lines.at(-1) ?? 'it did not say why'}`
    report('failed', { text: reason, lines })
    return { kind: 'retry', afterMs: 30_000, reason }
  }

  /** Steps 8 to 11: reads back under the nonce of the attempt, writes the outcome, drops the lease. */
  const finish = async (attempt: string, said: readonly string[]): Promise<Outcome> => {
    let look = await readBack(attempt)
    for (let looks = 0; ; looks += 1) {
      // Checks look at this very reading, so nothing can have changed since (R18).
      const evidence = {
        reading: look.reading,
        health: healthOf(look),
        at: clock.now().toISOString(),
      }
      const { lease } = look.reading
      if (lease?.n === n && lease.run !== attempt) return done
      const settled = await ports.settle((ledger) => conclude(ledger, name, n, evidence))
      const { verdict } = settled.made
      switch (verdict.kind) {
        case 'stale':
          // The number is closed, so the lease is not needed as evidence any more.
          if (lease?.n === n) await remote.drop(target, attempt)
          return done
        case 'take':
          return { kind: 'retry', afterMs: lookAgainMs, reason: verdict.reason }
        case 'open':
          if (looks > 2) return { kind: 'stop', reason: `${name}: ${verdict.reason}` }
          break
        case 'wait':
          looks = 0
          await clock.sleep(lookAgainMs)
          break
        default:
          tell(verdict, look, said)
          // The outcome is in, and with it the next intents: none of them waits for the tidying (R21).
          await settled.tell()
          await remote.drop(target, attempt)
          return done
      }
      look = await readBack(attempt)
    }
  }

  const readBack = (attempt: string): Promise<Look> => patiently(() => remote.read(target, attempt))

  /** A machine that its new system cut off answers again when it has rolled back: it is given the time for that. */
  const patiently = async (ask: () => Promise<Look>): Promise<Look> => {
    const patience = (target.confirmTimeout + comeback) * 1_000
    const from = clock.now().getTime()
    for (;;) {
      try {
        return seen(await ask())
      } catch (error) {
        if (!(error instanceof UnreachableError) || clock.now().getTime() - from > patience)
          throw error
        await clock.sleep(lookAgainMs)
      }
    }
  }

  const tell = ({ kind, reason }: Verdict, look: Look, said: readonly string[]): void => {
    if (kind === 'given') return report('confirmed', { text: reason })
    const { running, lease } = look.reading
    const explained = deployer.explain(look.log)
    const rest = { text: reason, lines: explained.length > 0 ? explained : said }
    if (kind === 'unhealthy' || kind === 'not-started') return report(kind, rest)
    report(running === lease?.before ? 'rolled-back' : 'failed', rest)
  }

  return async () => {
    try {
      return await advance()
    } catch (error) {
      if (error instanceof UnreachableError) {
        const now = clock.now().toISOString()
        // Left as it is, and its intent stays open (R4).
        await writeChange(store, (ledger) => lost(ledger, name, n, { since: now, begun }))
        report('lost', error.isStranger ? { text: stranger } : {})
        return { kind: 'retry', afterMs: untilNextTry(intent, clock), reason: error.message }
      }
      if (!(error instanceof CommandError)) throw error
      report('failed', { text: error.message })
      return { kind: 'retry', afterMs: 30_000, reason: error.message }
    }
  }
}

/** `ok`, or the units that have failed since the lease was taken. */
function healthOf({ reading, failedBefore }: Look): string {
  const before = failedBefore ?? []
  const fresh = reading.failedUnits.filter((unit) => !before.includes(unit))
  return fresh.length === 0 ? 'ok' : `failed units: ${fresh.join(', ')}`
}

function waitingFor(reason: string, { reading, activeSeconds }: Look): string {
  const owner = ownerOf(reading)
  return activeSeconds === undefined
    ? `${reason}${owner}`
    : `${reason} for ${activeSeconds} s${owner}`
}

const ownerOf = ({ lease }: Reading): string => (lease === undefined ? '' : ` (${lease.owner})`)

const stranger = 'its host key is not the known one: nothing is done there'

/** A machine that was away for long is asked less often: from 5 seconds to 5 minutes. */
function untilNextTry({ lost: mark }: Intent, clock: Clock): number {
  const away = mark === undefined ? 0 : clock.now().getTime() - Date.parse(mark.since)
  return Math.min(Math.max(away / 4, 5_000), 300_000)
}
