import picocolors from 'picocolors'
import { plain, wrap } from './plain.ts'
import { capital } from './summary.ts'
import { commaList, count, shortNames } from './wording.ts'

/** A machine and why it is concerned, places worked out. */
export interface ShownMachine {
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly reasons: readonly { readonly place?: string; readonly text: string }[]
}

const signs = { added: '+', removed: '-', changed: '~' } as const

/** What a change may do to a fleet, for a terminal: machines for the same reasons together. */
export function fleetDiffText(
  machines: readonly ShownMachine[],
  unaffected: readonly string[],
  { colour = false }: { readonly colour?: boolean } = {},
): string {
  const { bold, dim, green, red, yellow } = picocolors.createColors(colour)
  const tints = { added: green, removed: red, changed: yellow }
  const short = shortNames([...machines.map(({ name }) => name), ...unaffected])
  const groups = Map.groupBy(machines, ({ change, reasons }) => JSON.stringify([change, reasons]))
  const blocks = [...groups.values()].map((members) => {
    const { change, reasons } = members[0]!
    const names = commaList(
      members.map(({ name }) => short(name)),
      12,
    )
    const lines = reasons.map(({ place, text }) =>
      [place === undefined ? '' : dim(plain(place)), plain(text)].filter(Boolean).join('  '),
    )
    const why = lines.length > 0 ? lines : ['no single line is the reason']
    const heads = wrap(names, 78).map(
      (line, index) => `${index === 0 ? tints[change](signs[change]) : ' '} ${bold(line)}`,
    )
    return [...heads, ...why.map((line) => `    ${line}`), '']
  })
  return [headline(machines, unaffected), '', ...blocks.flat()].join('\n')
}

function headline(machines: readonly ShownMachine[], unaffected: readonly string[]): string {
  const of = (change: ShownMachine['change']): number =>
    machines.filter((machine) => machine.change === change).length
  if (machines.length === 0) return `No machine changes; ${count(unaffected.length, 'machine')}.`
  const is = (n: number): string => (n === 1 ? 'is' : 'are')
  const parts = [
    ...(of('changed') > 0
      ? [`${of('changed')} of ${count(of('changed') + unaffected.length, 'machine')} may change`]
      : []),
    ...(of('added') > 0 ? [`${of('added')} ${is(of('added'))} new`] : []),
    ...(of('removed') > 0 ? [`${of('removed')} ${is(of('removed'))} removed`] : []),
  ]
  return `${capital(parts.join(', '))}.`
}
