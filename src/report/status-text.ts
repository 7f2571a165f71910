import type { Ledger } from '../model/ledger.ts'
import type { Standing } from '../model/standing.ts'
import { columns, plain } from './plain.ts'
import { count, shortCommit, shortNames, shortSystem } from './wording.ts'

export interface Status {
  /** The deployed branch. */
  readonly branch: string
  readonly ledger: Ledger
  /** Of every machine, in the order to show. */
  readonly standings: Readonly<Record<string, Standing>>
  /** The machines of each pause, by its selector. */
  readonly meant?: Readonly<Record<string, readonly string[]>>
  /** The branch's tip, where it has mistakes. */
  readonly mistaken?: { readonly tip: string; readonly mistakes: number }
  /** Shows each machine, however many stand well. */
  readonly all?: boolean
}

/** So many machines that stand well have a line each; of more one line tells. */
const manyMachines = 12
const noteWidth = 46

/** `nixcluster status`: one line that says it all, then the machines. */
export function statusText(status: Status): string {
  const { branch, ledger, standings, mistaken, meant = {}, all = false } = status
  const names = Object.keys(standings)
  const short = shortNames(names)
  const states = new Map<string, number>()
  for (const { state } of Object.values(standings)) {
    states.set(word(state), (states.get(word(state)) ?? 0) + 1)
  }
  const tip = ledger.wanted ?? ledger.published
  const first = [
    count(names.length, 'machine'),
    ...[...states].map(([state, n]) => `${n} ${state}`),
    tip === undefined
      ? `${plain(branch)}: nothing deployed yet`
      : `${plain(branch)} ${shortCommit(tip.source)}`,
  ].join('   ')
  const folded = !all && names.length > manyMachines
  const isQuiet = (name: string): boolean =>
    folded && standings[name]?.state === 'current' && standings[name].note === undefined
  const quiet = names.filter(isQuiet)
  const rows = names
    .filter((name) => !isQuiet(name))
    .map((name) => [
      short(name),
      word(standings[name]!.state),
      runs(ledger, name),
      note(standings[name]!),
    ])
  return [
    first,
    ...remarks(ledger),
    ...pauseLines(ledger, meant),
    ...(mistaken === undefined
      ? []
      : [
          `${plain(branch)} is at ${shortCommit(mistaken.tip)}, which has ${count(mistaken.mistakes, 'mistake')}: nothing of it is deployed`,
        ]),
    '',
    ...columns([
      ['MACHINE', 'STATE', 'RUNS', 'NOTE'],
      ...rows,
      ...(quiet.length > 0
        ? [[rows.length === 0 ? 'all' : 'the others', 'current', '', `(${quiet.length})`]]
        : []),
    ]),
    '',
  ].join('\n')
}

const word = (state: Standing['state']): string =>
  ({ lost: 'offline', 'failed-evaluation': 'not evaluated' })[state as string] ?? state

/** What holds up more than one machine. */
function remarks({ adopted, rewound, removal, rollouts }: Ledger): readonly string[] {
  const last = rollouts.at(-1)
  return [
    ...(adopted === undefined
      ? ['Nothing is deployed before somebody says: nixcluster deploy']
      : []),
    ...(rewound === undefined
      ? []
      : [`The branch was rewound to ${shortCommit(rewound.tip)}; waits for: nixcluster deploy`]),
    ...(removal === undefined
      ? []
      : [
          `${shortCommit(removal.source)} removes ${removal.count} at once; waits for: nixcluster deploy`,
        ]),
    ...(last?.state === 'stopped'
      ? [`The last rollout stopped${last.reason === undefined ? '' : `: ${plain(last.reason)}`}`]
      : []),
  ]
}

/** One line for each pause; one that means no machine any more is told, and stays. */
function pauseLines(
  { pauses = [] }: Ledger,
  meant: NonNullable<Status['meant']>,
): readonly string[] {
  return pauses.map(({ selector, by, since, until }) => {
    const machines = meant[selector]?.length ?? 0
    const whom = machines === 0 ? 'means no machine now' : count(machines, 'machine')
    const when = until === undefined ? `since ${since}` : `until ${until}`
    return `Paused ${when} by ${plain(by)}: ${plain(selector)} (${whom})`
  })
}

function runs({ machines, wanted }: Ledger, name: string): string {
  const record = machines[name]
  const now = record?.given === undefined ? 'unknown' : shortSystem(record.given.system)
  const system = wanted?.systems?.[name]
  const next =
    record?.intent?.system ??
    (system !== undefined && 'system' in system ? system.system : undefined)
  if (next === undefined || next === record?.given?.system) return now
  return `${now} → ${shortSystem(next)}`
}

function note({ note: text }: Standing): string {
  const [first = ''] = (text ?? '').split('\n')
  return first.length > noteWidth ? `${plain(first).slice(0, noteWidth - 1)}…` : plain(first)
}
