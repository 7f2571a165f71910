import type { SourceTree } from '../model/compilation.ts'
import type { ExplainedSetting, Explanation } from '../model/explanation.ts'
import type { ElementKind, Inventory } from '../model/inventory.ts'
import { decode } from '../schema/decode.ts'
import type { Declared, Fleet } from '../schema/fleet.ts'
import { child, flowText, type Tree } from '../schema/tree.ts'
import type * as body from '../schema/types.generated.ts'
import { namesOf, type Names } from '../selectors/names.ts'
import { parseSelector } from '../selectors/selector.ts'
import { select } from '../selectors/select.ts'
import { readFiles } from './compile.ts'
import { below, byKey, createComplaints } from './complaints.ts'

type AnyDeclared = Declared<ElementKind, unknown>

/** Settings of ours: the nearest level that says one wins. */
const nearest = ['system', 'stateVersion', 'nixpkgs']
/** The same for each key of these maps. */
const nearestKeys = ['deployment', 'rollout']
/** What is NixOS': every level's counts, and NixOS merges them. */
const merged = ['modules', 'users', 'config']
/** Elements of their own. */
const ownElements = ['clusters', 'services', 'machines', 'virtualHosts', 'interfaces', 'roles']

/** Where the settings of elements come from; the inventory must be compiled from this very tree. */
export function explain(
  source: SourceTree,
  inventory: Inventory,
  elements: readonly string[],
): readonly Explanation[] {
  const { fleet } = decode(readFiles(source, createComplaints()))
  const declared = new Map(elementsOf(fleet).map((element) => [element.name, element]))
  const context = { inventory, declared, names: namesOf(inventory) }
  return elements.flatMap((name): Explanation[] => {
    const element = declared.get(name)
    if (!element) return []
    const { kind, at } = element
    return [{ kind, name, at, settings: settingsOf(element, context) }]
  })
}

function settingsOf(element: AnyDeclared, context: Context): readonly ExplainedSetting[] {
  if (element.kind === 'machine' || element.kind === 'vhost') return explainHost(element, context)
  if (element.kind === 'service') return explainService(element, context)
  if (element.kind === 'role') return explainRole(element, context)
  return ownSettings(element)
}

interface Context {
  readonly inventory: Inventory
  readonly names: Names
  readonly declared: ReadonlyMap<string, AnyDeclared>
}

const elementsOf = ({ project: _, ...lists }: Fleet): readonly AnyDeclared[] =>
  Object.values(lists).flat()

function explainHost(host: AnyDeclared, context: Context): readonly ExplainedSetting[] {
  const lineage: AnyDeclared[] = []
  for (let level: AnyDeclared | undefined = host; level;)
    level = (lineage.push(level), context.declared.get(level.parent))
  const known = context.inventory.machines.find(({ name }) => name === host.name)
  const ours = [
    ...nearest.flatMap((key) => first(lineage, [key]) ?? []),
    ...nearestKeys.flatMap((key) => {
      const keys = new Set(lineage.flatMap(({ tree }) => keysOf(child(tree, key))))
      return [...keys].flatMap((inner) => first(lineage, [key, inner]) ?? [])
    }),
  ]
  const target = known?.deployment.targetHost
  const isWritten = ours.some(({ setting }) => setting === 'deployment.targetHost')
  return [
    ...ours.map((row) =>
      row.setting === 'deployment.targetHost' && target ? { ...row, value: target } : row,
    ),
    ...(isWritten || target === undefined
      ? []
      : [{ setting: 'deployment.targetHost', from: 'default', value: target }]),
    ...ownSettings(host).filter(
      ({ setting }) => ![...nearest, ...nearestKeys, ...merged].includes(setting.split('.')[0]!),
    ),
    ...keysOf(child(host.tree, 'interfaces')).map((label) => row(host, ['interfaces', label])),
    ...servicesOf(host.name, context),
    ...givingLevels(lineage).flatMap((level) => merged.flatMap((key) => entries(level, key))),
  ]
}

/** The levels whose modules reach a host, the outermost first: a virtual host has none of its machine's. */
function givingLevels(lineage: readonly AnyDeclared[]): readonly AnyDeclared[] {
  const [host] = lineage
  return lineage.filter((level) => level === host || level.kind !== 'machine').toReversed()
}

/** The nearest level's value at a path. */
function first(
  lineage: readonly AnyDeclared[],
  path: readonly string[],
): ExplainedSetting | undefined {
  const level = lineage.find(({ tree }) => path.reduce(child, tree))
  return level && row(level, path)
}

/** What an element says itself, a line for each key; maps of settings have one for each of theirs. */
function ownSettings(element: AnyDeclared): readonly ExplainedSetting[] {
  return keysOf(element.tree)
    .filter((key) => !ownElements.includes(key))
    .flatMap((key) => entries(element, key))
}

const open = [...nearestKeys, ...merged, 'data', 'settings', 'render']

function entries(element: AnyDeclared, key: string): readonly ExplainedSetting[] {
  const tree = child(element.tree, key)
  if (!tree) return []
  if (tree.tag !== undefined || !open.includes(key)) return [row(element, [key])]
  if (tree.kind === 'map') return keysOf(tree).map((inner) => row(element, [key, inner]))
  return tree.kind === 'list' ? tree.items.map((_, index) => row(element, [key, index])) : []
}

function row(element: AnyDeclared, path: readonly (string | number)[]): ExplainedSetting {
  const { kind, place, tree } = element
  const words = path.filter((step) => typeof step === 'string')
  const value = path.reduce<Tree | undefined>(child, tree)
  const at = below(place, ...path)
  const isItem = words.length < path.length
  return {
    setting: words.join('.'),
    from: kind,
    value: value ? flowText(value) : '',
    at: isItem ? at : byKey(at),
  }
}

/** The services of a host, each with the selectors that reach it. */
function servicesOf(host: string, context: Context): readonly ExplainedSetting[] {
  const { inventory, declared } = context
  return inventory.services.flatMap((service): ExplainedSetting[] => {
    const element = declared.get(service.name)
    const roles = service.roles.filter(({ hosts }) => hosts.includes(host))
    if (!element || !(service.hosts.includes(host) || roles.length > 0)) return []
    const by = selectorsOf(element, context).filter(({ hosts }) => hosts.has(host))
    const words = [...by.map(({ text }) => text), ...roles.map(({ label }) => `role ${label}`)]
    const at = by[0]?.at ?? declared.get(roles[0]?.name ?? '')?.at ?? element.at
    return [{ setting: 'services', from: service.label, value: words.join(', '), at }]
  })
}

function explainService(service: AnyDeclared, context: Context): readonly ExplainedSetting[] {
  const { inventory, declared } = context
  const known = inventory.services.find(({ name }) => name === service.name)
  return [
    ...reached(service, 'selectors', context),
    ...(known?.roles ?? []).flatMap((role) => {
      const element = declared.get(role.name)
      return element ? reached(element, `roles.${role.label}`, context) : []
    }),
    ...ownSettings(service).filter(({ setting }) => setting !== 'selectors'),
  ]
}

function explainRole(role: AnyDeclared, context: Context): readonly ExplainedSetting[] {
  const rest = ownSettings(role).filter(({ setting }) => setting !== 'selectors')
  return [...reached(role, 'selectors', context), ...rest]
}

/** Each selector with the hosts that it gives. */
function reached(
  element: AnyDeclared,
  setting: string,
  context: Context,
): readonly ExplainedSetting[] {
  return selectorsOf(element, context).map(({ text, hosts, at }) => {
    const labels = [...hosts].map((host) => context.names.elements.get(host)!.label)
    const shown = labels.slice(0, 6).join(', ')
    const more = labels.length > 6 ? ` and ${labels.length - 6} more` : ''
    return { setting, from: element.kind, value: `${text} → ${shown}${more}`, at }
  })
}

function selectorsOf(
  { kind, body: written, place, name, parent }: AnyDeclared,
  { names }: Context,
): readonly {
  text: string
  hosts: ReadonlySet<string>
  at: NonNullable<ExplainedSetting['at']>
}[] {
  const isList = Array.isArray(written)
  const { selectors = [] } = isList
    ? { selectors: written as body.Selectors }
    : ((written ?? {}) as { selectors?: body.Selectors })
  const scope = kind === 'role' ? parent : name
  return selectors.flatMap((one, index) => {
    const at = below(place, ...(isList ? [] : ['selectors']), index)
    const selector = parseSelector(one as Parameters<typeof parseSelector>[0], at)
    if ('complaint' in selector) return []
    const { targets } = select(names, [{ ...selector, exclude: false }], scope)
    const hosts = new Set(selector.exclude ? [] : targets.map(({ host }) => host))
    return [{ text: selector.text, hosts, at }]
  })
}

const keysOf = (tree: Tree | undefined): readonly string[] =>
  tree?.kind === 'map' ? [...tree.entries.keys()] : []
