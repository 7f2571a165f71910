import type { PackageChange, PortChange, SystemDiff, UserChange } from '../model/system-diff.ts'
import { byteSize, count } from './wording.ts'

/** One thing that changes on a machine, in words that every face uses: `~ user alice: keys`. */
export interface Fact {
  readonly mark: '+' | '-' | '~' | '!'
  readonly kind: 'reboot' | 'virtual host' | 'unit' | 'port' | 'user' | 'file' | 'package'
  /** In front of the name: `user`; empty where the name says what it is. */
  readonly noun: string
  /** Text of others. */
  readonly name: string
  /** Behind the name: `restarts`; may hold text of others. */
  readonly words: string
  /** Hunks of a unified diff. */
  readonly patch?: string
  /** Of a virtual host. */
  readonly inner?: readonly Fact[]
}

/** What a person should know first comes first; each kind keeps the order that it came in. */
export function changeFacts(diff: SystemDiff): readonly Fact[] {
  const { reboot, refusedFor = [], units, ports, users, files, packages, virtualHosts } = diff
  const whole = (noun: string, { name, kind }: { name: string; kind: keyof typeof marks }) => ({
    mark: marks[kind],
    noun,
    name,
    words: '',
  })
  return [
    ...(reboot.length === 0
      ? []
      : [
          fact('reboot', {
            mark: '!',
            noun: 'needs a reboot:',
            name: reboot.join(', '),
            words: '',
          }),
        ]),
    ...(refusedFor.length === 0
      ? []
      : [
          fact('reboot', {
            mark: '!',
            noun: 'NixOS refuses the switch:',
            name: refusedFor.join(', '),
            words: '',
          }),
        ]),
    ...units.map(({ name, kind, effect, patch }) =>
      fact('unit', {
        mark: marks[kind],
        noun: '',
        name,
        words: effect === 'none' ? '' : effect,
        ...patched(patch),
      }),
    ),
    ...ports.map((port) => fact('port', portFact(port))),
    ...users.map((user) => fact('user', userFact(user))),
    ...files.map(({ path, kind, patch, sizeBefore, sizeAfter }) =>
      fact('file', {
        mark: marks[kind],
        noun: '',
        name: path,
        words: patch === undefined ? fileSize(sizeBefore, sizeAfter) : '',
        ...patched(patch),
      }),
    ),
    ...packages.map((change) => fact('package', packageFact(change))),
    ...virtualHosts.map((host) =>
      fact('virtual host', {
        ...whole('virtual host', host),
        words: host.effect ?? '',
        ...(host.diff === undefined ? {} : { inner: changeFacts(host.diff) }),
      }),
    ),
  ]
}

const marks = { added: '+', removed: '-', changed: '~' } as const

const fact = (kind: Fact['kind'], rest: Omit<Fact, 'kind'>): Fact => ({ kind, ...rest })

const patched = (patch: string | undefined) => (patch === undefined ? {} : { patch })

function portFact({ port, kind }: PortChange): Omit<Fact, 'kind'> {
  const isRange = /^\d+-\d+/.test(port)
  const [opens, closes] = isRange ? ['open', 'close'] : ['opens', 'closes']
  return {
    mark: kind === 'opens' ? '+' : '-',
    noun: isRange ? 'ports' : 'port',
    name: port,
    words: kind === 'opens' ? opens! : closes!,
  }
}

const userFact = ({ name, kind, what }: UserChange): Omit<Fact, 'kind'> => ({
  mark: marks[kind],
  noun: 'user',
  name,
  words: kind === 'changed' ? what.join(', ') : '',
})

/** `vault`: `1.16.1 → 1.17.2` */
function packageFact({ name, before, after }: PackageChange): Omit<Fact, 'kind'> {
  const [old, now] = [before, after].map((versions) => versions.join(', '))
  const mark = before.length === 0 ? '+' : after.length === 0 ? '-' : '~'
  const versions = { '+': now, '-': old, '~': `${old} → ${now}` }[mark]
  return { mark, noun: '', name, words: (versions ?? '').trim() }
}

/** `1.2 KiB → 1.4 KiB`; empty where nothing is known. */
function fileSize(before: number | undefined, after: number | undefined): string {
  const known = [before, after].filter((size) => size !== undefined).map(byteSize)
  return known.length === 2 && known[0] === known[1] ? known[0]! : known.join(' → ')
}

/** What a first deployment brings, where listing everything would help nobody. */
export function firstSystem({ units, files, compared }: SystemDiff): string {
  const words = 'gets its first system'
  if (compared !== 'closures') return words
  return `${words}: ${count(units.length, 'unit')}, ${count(files.length, 'file')}`
}

/** What is said of a change in which nothing is found that changes. */
export function unseenChange(diff: SystemDiff | undefined): string {
  switch (diff?.compared) {
    case undefined:
    case 'nothing':
      return 'changes; its systems are not here to be compared'
    case 'derivations':
      return 'changes; its packages stay'
    case 'closures':
      return 'is built anew; units, files and packages stay'
  }
}

/** A unit that is gone and was running, of the machine or one level down. */
export const losesUnits = ({ units, virtualHosts }: SystemDiff): boolean =>
  units.some(({ kind, effect }) => kind === 'removed' && effect === 'stops') ||
  virtualHosts.some(({ kind, diff }) => kind === 'removed' || (diff && losesUnits(diff)))

/** A fact of the machine itself, or of the virtual hosts on the way to it. */
export interface PlacedFact extends Fact {
  readonly hosts: readonly string[]
}

/** All facts, each virtual host's behind its own. */
export const flatFacts = (
  facts: readonly Fact[],
  hosts: readonly string[] = [],
): readonly PlacedFact[] =>
  facts.flatMap((one) => [
    { ...one, hosts },
    ...(one.inner === undefined ? [] : flatFacts(one.inner, [...hosts, one.name])),
  ])

/** Facts of which each kind has a few, and how many more there are of it. */
export interface FactRow {
  readonly fact?: Fact
  /** `and 44 more packages` */
  readonly more?: string
}

/** Facts of a kind in a row of the comment's table. */
export const maxFacts = 3

/** Rows to look over: at most so many of a kind, the rest of it as a number. */
export function overview(facts: readonly Fact[], max: number): readonly FactRow[] {
  const kinds = Map.groupBy(facts, ({ kind }) => kind)
  return [...kinds].flatMap(([kind, all]): FactRow[] => {
    if (all.length <= max + 1) return all.map((one) => ({ fact: one }))
    const more = `and ${count(all.length - max, `more ${kind}`)}`
    return [...all.slice(0, max).map((one) => ({ fact: one })), { more }]
  })
}

/** `port 8201/tcp` */
export const factName = ({ noun, name }: Fact): string => [noun, name].filter(Boolean).join(' ')

/** Text beside text: what follows stands in a column of its own, as far right as it has to. */
export function aligned(
  rows: readonly { readonly start: string; readonly words: string }[],
): readonly string[] {
  const width = Math.max(0, ...rows.filter(({ words }) => words).map(({ start }) => start.length))
  return rows.map(({ start, words }) =>
    words === '' ? start : `${start.padEnd(width)}   ${words}`,
  )
}
