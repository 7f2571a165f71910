import type { PortChange } from '../model/system-diff.ts'

/** Ports that are let in only now, or no longer. */
export function diffPorts(
  before: readonly string[],
  after: readonly string[],
): readonly PortChange[] {
  // Without a firewall no port is closed, whichever the rules opened before.
  if (after.includes('all')) return before.includes('all') ? [] : [{ port: 'all', kind: 'opens' }]
  const opens = after.filter((port) => !before.includes(port))
  const closes = before.filter((port) => !after.includes(port))
  return [
    ...closes.map((port): PortChange => ({ port, kind: 'closes' })),
    ...opens.map((port): PortChange => ({ port, kind: 'opens' })),
  ]
}
