import type { LeaseStage, Lease } from '../model/reading.ts'
import type { Look } from '../model/remote.ts'

const stages: readonly string[] = [
  'taken',
  'started',
  'ok',
  'failed',
  'unconfirmed',
  'unset',
  'closed',
] satisfies LeaseStage[]

/** Reads what a script on a machine answered; undefined when the answer is not whole. */
export function parseLook(stdout: string): Omit<Look, 'hostKey'> | undefined {
  // Whatever a login shell says stands before the answer.
  const lines = stdout.split('\n')
  const from = lines.indexOf('nixcluster-answer')
  const to = lines.indexOf('nixcluster-end', from)
  if (from === -1 || to === -1) return undefined
  const pairs = lines.slice(from + 1, to).flatMap(toPair)
  const all = (key: string): string[] =>
    pairs.filter(([name]) => name === key).map(([, value]) => value)
  const text = (key: string): string => all(key).at(-1) ?? ''
  const number = (key: string): number => Number.parseInt(text(key), 10) || 0
  const lease = toLease(text, number)
  return {
    reading: {
      locked: text('locked') === 'true',
      switching: text('switching') === 'true',
      profile: text('profile'),
      profileSystem: text('profileSystem'),
      running: text('running'),
      booted: text('booted'),
      generation: number('generation'),
      newest: number('newest'),
      activatable: text('activatable') === 'true',
      bootId: text('bootId'),
      uptime: number('uptime'),
      failedUnits: all('failedUnit'),
      ...(lease === undefined ? {} : { lease }),
    },
    failedBefore:
      lease === undefined ? undefined : text('lease.failedBefore').split(' ').filter(Boolean),
    activeSeconds: activeSeconds(text, number),
    log: all('log'),
  }
}

/** A lease that another version wrote, or nobody of ours: it has a number and a nonce, or is none. */
function toLease(
  text: (key: string) => string,
  number: (key: string) => number,
): Lease | undefined {
  if (text('lease.run') === '') return undefined
  const stage = text('lease.stage')
  return {
    ledger: text('lease.ledger'),
    n: number('lease.n'),
    run: text('lease.run'),
    owner: text('lease.owner'),
    path: text('lease.path'),
    bootId: text('lease.bootId'),
    uptime: number('lease.uptime'),
    before: text('lease.before'),
    // What is not known proves nothing: neither a fault of the system nor a success.
    stage: stages.includes(stage) ? (stage as LeaseStage) : 'started',
  }
}

function activeSeconds(
  text: (key: string) => string,
  number: (key: string) => number,
): number | undefined {
  if (text('lease.started') === '') return undefined
  // Another boot: its clock began anew.
  if (text('lease.bootId') !== text('bootId')) return undefined
  const end = text('lease.ended') === '' ? number('uptime') : number('lease.ended')
  return end - number('lease.started')
}

function toPair(line: string): [string, string][] {
  const equals = line.indexOf('=')
  return equals === -1 ? [] : [[line.slice(0, equals), line.slice(equals + 1)]]
}
