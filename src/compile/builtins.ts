import { parseAddress, parseIp } from '../model/addresses.ts'
import type { Position } from '../model/diagnostic.ts'
import { didYouMean } from '../model/suggestion.ts'
import type { Value } from '../model/value.ts'
import type { DeclaredRole } from '../schema/fleet.ts'
import { describe, type Tree } from '../schema/tree.ts'
import { parseSelector, type Selector } from '../selectors/selector.ts'
import { select } from '../selectors/select.ts'
import { below, byKey, type Complaints } from './complaints.ts'
import type { Level } from './settings.ts'
import { toHost, toValue, type ValueContext } from './values.ts'

/** What a definition that comes with us takes; what it means stands at the top of its Nix file. */
interface Builtin {
  readonly settings: readonly string[]
  /** Settings that are lists of selectors; a definition gets the hosts. */
  readonly hosts?: readonly string[]
  readonly roles?: { readonly needed: readonly string[]; readonly known: readonly string[] }
}

const builtins: Readonly<Record<string, Builtin>> = {
  'static-dns': { settings: ['names', 'aliases'], hosts: ['names'] },
  'known-hosts': { settings: ['names'], hosts: ['names'] },
  'wireguard-mesh': {
    settings: ['interface', 'port', 'privateKeyFile', 'persistentKeepalive', 'openFirewall'],
  },
  k3s: {
    settings: [
      'tokenFile',
      'clusterInit',
      'serverAddr',
      'interface',
      'disable',
      'extraFlags',
      'openFirewall',
    ],
    roles: { needed: ['server'], known: ['server', 'agent'] },
  },
  'node-exporter': {
    settings: [
      'port',
      'enabledCollectors',
      'disabledCollectors',
      'listenAddress',
      'extraFlags',
      'allowFrom',
      'openFirewall',
    ],
    hosts: ['allowFrom'],
  },
}

/** The settings of a service with a built-in definition: their keys are known, and some are selectors. */
export function builtinSettings(
  name: string,
  { tree, place, scope }: Level,
  context: ValueContext,
): Value | undefined {
  const builtin = builtins[name]
  if (!builtin || tree?.kind !== 'map' || tree.tag !== undefined)
    return tree && toValue(tree, place, scope, context)
  const entries = [...tree.entries].flatMap(([key, { value }]) => {
    const at = below(place, key)
    if (!builtin.settings.includes(key)) {
      const message = `${name} has no setting '${key}'${didYouMean(key, builtin.settings)}`
      const hint = `its settings: ${builtin.settings.join(', ')}`
      context.complaints.error('compile/builtin', message, byKey(at), hint)
      return []
    }
    const found = builtin.hosts?.includes(key)
      ? toHosts(value, at, scope, context)
      : toValue(value, at, scope, context)
    return found ? [[key, found] as const] : []
  })
  return { kind: 'map', entries: entries.sort(([a], [b]) => (a < b ? -1 : 1)) }
}

/** Complains about roles that a built-in definition does not know or does not get. */
export function checkBuiltinRoles(
  name: string,
  roles: readonly DeclaredRole[],
  at: Position,
  complaints: Complaints,
): void {
  const { needed, known } = builtins[name]?.roles ?? {}
  if (!needed || !known) return
  const unknown = roles.filter(({ written }) => !known.includes(written))
  for (const { written, at: here } of unknown) {
    const message = `${name} has no role '${written}'${didYouMean(written, known)}`
    complaints.error('compile/builtin', message, here, `its roles: ${known.join(', ')}`)
  }
  // What is misspelt is not missing too.
  if (unknown.length > 0) return
  for (const role of needed)
    if (!roles.some(({ written }) => written === role))
      complaints.error('compile/builtin', `${name} needs a role '${role}'`, at)
}

/** A list of selectors as hosts, in front of what is an address, a network or has a tag of its own. */
function toHosts(
  tree: Tree,
  at: Position,
  scope: string,
  context: ValueContext,
): Value | undefined {
  if (tree.tag !== undefined) return toValue(tree, at, scope, context)
  const items =
    tree.kind === 'list'
      ? tree.items.map((item, index) => ({ item, here: below(at, index) }))
      : [{ item: tree, here: at }]
  const selectors: Selector[] = []
  const values: Value[] = []
  for (const { item, here } of items) {
    const isAddress = item.kind === 'scalar' && (parseIp(item.source) ?? parseAddress(item.source))
    if (item.tag !== undefined || isAddress) {
      const value = toValue(item, here, scope, context)
      if (value) values.push(...(value.kind === 'list' ? value.items : [value]))
      continue
    }
    if (item.kind !== 'scalar') {
      const message = `expected a selector, found ${describe(item)}`
      const hint =
        item.kind === 'map' ? 'a selector as a map needs !hosts in front of it' : undefined
      context.complaints.error('schema/type', message, here, hint)
      continue
    }
    const selector = parseSelector(item.source, here)
    if ('complaint' in selector) context.complaints.add(selector.complaint)
    else selectors.push(selector)
  }
  const { targets, complaints } = select(context.names, selectors, scope)
  context.complaints.addAll(complaints)
  const hosts = [...new Set(targets.map(({ host }) => host))]
  return { kind: 'list', items: [...hosts.map((host) => toHost(host, context.names)), ...values] }
}
