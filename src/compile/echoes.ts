import type { Complaint, Position } from '../model/diagnostic.ts'
import { closest } from '../model/suggestion.ts'

/** What declares elements: without it, whoever names them seems to be wrong. */
const declaring = ['machines', 'clusters', 'services', 'roles', 'virtualHosts', 'interfaces']
const heads = ['apiVersion', 'kind', 'name', 'suffix']
const elements = [...declaring, ...heads]

/** code -> the keys without which it is said */
const follows: Readonly<Record<string, readonly string[]>> = {
  'names/parent': elements,
  'selectors/dangling': elements,
  'selectors/no-match': [...elements, 'tags', 'optional'],
  'selectors/empty': [...elements, 'optional'],
  'selectors/outside': elements,
  'selectors/arity': elements,
  'selectors/member': elements,
  'selectors/several': elements,
  'selectors/missing': ['selectors', 'roles', 'services'],
  'selectors/no-address': [...declaring, 'addresses', 'primary'],
  'compile/builtin': ['roles'],
  'compile/gateway': ['addresses'],
  'compile/primary': ['primary'],
  'compile/virtual-host': [
    ...['image', 'type', 'network', 'bridge', 'macvlan'],
    ...['interfaces', 'addresses', 'gateway', 'device'],
  ],
  'compile/unmanaged': ['managed'],
  'selectors/no-modules': ['managed', 'runs'],
  'compile/system': ['system', ...declaring],
  'compile/unknown-input': ['inputs', 'url', ...heads],
}
const keys = new Set(Object.values(follows).flat())

/** Complaints without those that follow from a key which was refused, by its name or by its value. */
export function withoutEchoes(complaints: readonly Complaint[]): readonly Complaint[] {
  const refused = new Set<string>()
  for (const { severity, code, at } of complaints)
    if (severity === 'error' && code.startsWith('schema/') && at)
      for (const key of refusedKeys(code, at)) refused.add(key)
  if (refused.size === 0) return complaints
  return complaints.filter(({ code }) => !follows[code]?.some((key) => refused.has(key)))
}

/** The key that was meant; or whose value it is, or in whose map of elements. */
function refusedKeys(code: string, { path }: Position): readonly string[] {
  const [outer = '', key = ''] = path
    .map(String)
    .filter((step) => !/^\d+$/.test(step))
    .slice(-2)
  if (code !== 'schema/unknown-key') return [outer, key]
  const written = key === '' ? outer : key
  return keys.has(written) ? [written] : [closest(written, keys) ?? '']
}
