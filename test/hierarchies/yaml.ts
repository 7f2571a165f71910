import type { Hierarchy, InterfaceOf, SelectorOf, ServiceOf } from './hierarchy.ts'

/** A hierarchy as one file, and the lines on which its lists of selectors stand. */
export interface Written {
  readonly text: string
  /** Full name of a service or role -> the line of each of its selectors, from 1. */
  readonly lines: ReadonlyMap<string, readonly number[]>
}

/** Writes everything nested in its domain, one selector to a line. */
export function writeNested({ domains }: Hierarchy): Written {
  const out: string[] = []
  const lines = new Map<string, readonly number[]>()
  const line = (depth: number, text: string): number => out.push(`${'  '.repeat(depth)}${text}`)

  const writeSelectors = (depth: number, key: string, list: readonly SelectorOf[]): number[] => {
    line(depth, key)
    return list.map((one) => line(depth + 1, `- ${JSON.stringify(withoutEmpty(one))}`))
  }
  const writeServices = (depth: number, services: readonly ServiceOf[], parent: string): void => {
    if (services.length > 0) line(depth, 'services:')
    for (const { label, selectors, roles } of services) {
      const name = join(label, parent)
      line(depth + 1, `${label}:`)
      if (selectors) lines.set(name, writeSelectors(depth + 2, 'selectors:', selectors))
      if (roles.length > 0) line(depth + 2, 'roles:')
      for (const role of roles) {
        line(depth + 3, `${role.label}:`)
        if (!role.runs) line(depth + 4, 'runs: false')
        const own = writeSelectors(depth + 4, 'selectors:', role.selectors)
        lines.set(join(role.label.toLowerCase(), name), own)
      }
    }
  }

  for (const { suffix, services, clusters } of domains) {
    if (out.length > 0) out.push('---')
    out.push('apiVersion: nixcluster/v1', 'kind: Domain', `suffix: ${JSON.stringify(suffix)}`)
    out.push('system: x86_64-linux', 'deployment: { targetHost: localhost }')
    writeServices(0, services, suffix)
    if (clusters.length > 0) line(0, 'clusters:')
    for (const cluster of clusters) {
      const place = join(cluster.label, suffix)
      line(1, `${cluster.label}:`)
      writeServices(2, cluster.services, place)
      if (cluster.machines.length > 0) line(2, 'machines:')
      for (const { label, tags, interfaces, virtualHosts } of cluster.machines) {
        const inner = virtualHosts.map((host) => [
          host.label,
          {
            type: 'nixos-container',
            tags: host.tags,
            ...(host.interfaces.length > 0
              ? { network: { bridge: 'br0' }, interfaces: atBridge(wires(host.interfaces)) }
              : { network: 'host' }),
          },
        ])
        const body = {
          tags,
          interfaces: wires(interfaces),
          virtualHosts: Object.fromEntries(inner),
        }
        line(3, `${label}: ${JSON.stringify(body)}`)
      }
    }
  }
  return { text: `${out.join('\n')}\n`, lines }
}

/** A container's end of a bridge is called eth0 in Linux, whatever its YAML calls it. */
function atBridge(written: Record<string, object>): Record<string, object> {
  const [first] = Object.keys(written)
  if (first === undefined || 'eth0' in written) return written
  return { ...written, [first]: { ...written[first], device: 'eth0' } }
}

function wires(interfaces: readonly InterfaceOf[]): Record<string, object> {
  const written = interfaces.map(({ label, addresses, primary }) => [
    label,
    {
      ...(addresses.length > 0 ? { addresses } : { dhcp: true }),
      ...(primary ? { primary } : {}),
    },
  ])
  return Object.fromEntries(written) as Record<string, object>
}

function withoutEmpty(selector: SelectorOf): SelectorOf {
  if (typeof selector === 'string') return selector
  const kept = Object.entries(selector).filter(
    ([, value]) => value !== false && !(Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(kept) as unknown as SelectorOf
}

function join(label: string, parent: string): string {
  return parent === '' ? label : `${label}.${parent}`
}
