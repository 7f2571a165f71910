import type { Ledger, Rollout } from '../model/ledger.ts'
import type { MachineEvent } from '../model/remote.ts'
import { plain, plainLines, terminalWidth, wrap } from './plain.ts'
import type { Standing } from '../model/standing.ts'
import { count, duration, list, shortCommit, shortNames, shortSystem } from './wording.ts'

/** The first line of a rollout: what goes to whom. */
export function rolloutStartLines(
  source: string,
  machines: readonly string[],
  total: number,
): readonly string[] {
  // Its last line says that already.
  if (machines.length === 0) return []
  const whom = list(machines.map(shortNames(machines)))
  return wrap(
    `deploying ${shortCommit(source)} to ${machines.length} of ${count(total, 'machine')}: ${whom}`,
    terminalWidth,
  )
}

/** What happened on one machine; `name` is how it is called, `runs` the system that it runs now. */
export function eventLines(
  event: MachineEvent,
  { name, runs }: { readonly name: string; readonly runs?: string },
): readonly string[] {
  const text = event.text === undefined ? undefined : plain(event.text)
  const system = runs === undefined ? '' : ` (${shortSystem(runs)})`
  const line = (mark: string, words: string): readonly string[] => {
    const [first = '', ...rest] = wrap(words, terminalWidth - 4 - Math.max(name.length, 6) - 3)
    const start = `  ${mark} ${name.padEnd(6)}   `
    return [start + first, ...rest.map((more) => ' '.repeat(start.length) + more)]
  }
  const said = (event.lines ?? []).flatMap((words) =>
    plainLines(words, terminalWidth - 6, 4).map((words) => `      ${words}`),
  )
  const shown = said.slice(-6)
  switch (event.event) {
    // Between the first line and the result nobody needs another.
    case 'copying':
    case 'activating':
      return []
    case 'waiting':
      return line('…', text ?? 'another activation is under way')
    case 'confirmed':
      return line('✓', duration(event.durationMs))
    case 'found':
      return line('✓', text ?? 'was read for the first time')
    case 'rolled-back':
      return [
        ...line(
          '✗',
          `activation failed, rolled back by deploy-rs; runs what it ran before${system}`,
        ),
        ...shown,
      ]
    case 'unhealthy':
      return [
        ...line('✗', `runs what is wanted${system}, but ${text ?? 'its checks failed'}`),
        ...shown,
      ]
    case 'failed':
      return [...line('✗', text ?? `failed; look at what it runs${system}`), ...shown]
    case 'not-started':
      return line('-', `not started${text === undefined ? '' : `: ${text}`}`)
    case 'lost':
      return line('…', text ?? 'does not answer SSH; gets the newest state when it is back')
  }
}

export interface RolloutEnd {
  readonly ledger: Ledger
  readonly rollout: Pick<Rollout, 'seq' | 'state' | 'source' | 'reason'>
  /** Of the machines of the wanted commit. */
  readonly standings: Readonly<Record<string, Standing>>
  readonly tookMs?: number
  /** The source commit is a merge, which a revert has to be told. */
  readonly isMerge?: boolean
}

/** The last sentences of a rollout. */
export function rolloutEndLines(end: RolloutEnd): readonly string[] {
  const { ledger, rollout, standings, tookMs, isMerge } = end
  const all = Object.keys(standings)
  const short = shortNames(all)
  const inState = (...states: readonly Standing['state'][]): readonly string[] =>
    all.filter((name) => states.includes(standings[name]!.state)).map(short)
  const done = all.filter((name) => ledger.machines[name]?.given?.seq === rollout.seq)
  const lost = inState('lost')
  const away =
    lost.length === 0
      ? []
      : [
          `${list(lost)} ${lost.length === 1 ? 'does' : 'do'} not answer and ${lost.length === 1 ? 'gets' : 'get'} the newest state when back.`,
        ]
  const paused = inState('paused')
  const later =
    paused.length === 0
      ? []
      : [
          `${list(paused)} ${paused.length === 1 ? 'is' : 'are'} paused and ${paused.length === 1 ? 'gets' : 'get'} the newest state afterwards.`,
        ]
  const source = shortCommit(rollout.source)
  switch (rollout.state) {
    case 'superseded':
      return ['Superseded by a newer commit.']
    case 'stopped':
    case 'back': {
      const begun = done.filter((name) => standings[name]?.state === 'current').map(short)
      const waiting = inState('pending')
      const parts = [
        ...(begun.length > 0 ? [`${list(begun)} done`] : []),
        ...(waiting.length > 0 ? [`${list(waiting)} not begun`] : []),
      ]
      return [
        ['Stopped.', ...(parts.length > 0 ? [`${parts.join(', ')}.`] : [])].join(' '),
        ...away,
        `Revert with: git revert ${isMerge ? '-m1 ' : ''}${source}`,
      ].flatMap((sentence) => wrap(sentence, terminalWidth))
    }
    case 'running':
    case 'done': {
      const time = tookMs === undefined ? '' : ` in ${duration(tookMs)}`
      const failed = inState('failed-evaluation', 'held')
      if ([done, failed, lost, paused].every(({ length }) => length === 0))
        return [`${source} changes no machine.`]
      return [
        ...(done.length > 0
          ? [`Deployed ${source} to ${count(done.length, 'machine')}${time}.`]
          : []),
        ...(failed.length > 0 ? [`Not deployed to ${list(failed)}: see nixcluster status.`] : []),
        ...away,
        ...later,
      ].flatMap((sentence) => wrap(sentence, terminalWidth))
    }
  }
}
