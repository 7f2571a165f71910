import { columns } from './plain.ts'

/** What of a resolved selector has to do with names. */
export interface NamedAddresses {
  /** Full names of hosts, in order. */
  readonly hosts: readonly string[]
  readonly ipToNames: Readonly<Record<string, readonly string[]>>
}

/** Lines for /etc/hosts: an address, its host's full and short name, then its other names. */
export function hostsFile({ hosts, ipToNames }: NamedAddresses): string {
  const short = shortHostNames(hosts)
  const rows = Object.entries(ipToNames).map(([ip, names]) => {
    // The first name is the one that an address is called back.
    const own = names.filter((name) => short.has(name))
    const others = names.filter((name) => !short.has(name))
    const written = own.flatMap((name) => [name, ...short.get(name)!])
    return [ip, [...written, ...others].join(' ')]
  })
  return columns(rows)
    .map((line) => `${line}\n`)
    .join('')
}

/** Full name of a host -> its label, where no other host among these has it too. */
export function shortHostNames(hosts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const byLabel = Map.groupBy(hosts, (name) => name.split('.')[0]!)
  return new Map(
    hosts.map((name) => {
      const label = name.split('.')[0]!
      return [name, label !== name && byLabel.get(label)!.length === 1 ? [label] : []]
    }),
  )
}
