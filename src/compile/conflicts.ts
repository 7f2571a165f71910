import type { Position } from '../model/diagnostic.ts'
import type {
  Inventory,
  Machine,
  ModuleReference,
  NixosSettings,
  OptionSetting,
  Service,
} from '../model/inventory.ts'
import type { Value } from '../model/value.ts'
import { machineOptions } from '../render/machine-options.ts'
import { attributePath } from '../render/nix-text.ts'
import { below, byKey, type Complaints } from './complaints.ts'

type Scalar = Extract<Value, { kind: 'null' | 'boolean' | 'integer' | 'float' | 'text' }>

/** A plain value of an option, with the priority that `!force` gives or not. */
interface Leaf {
  readonly path: readonly string[]
  readonly value: Scalar
  readonly isForced: boolean
  /** Absent where it is ours. */
  readonly at?: Position
}
type Leaves = ReadonlyMap<string, Leaf>

/**
 * Complains about plain values of one option and one priority that cannot merge: at one level, and
 * on a host between it and its services. What types join, such as lists and lines, is left to NixOS.
 */
export function checkConflicts(
  inventory: Pick<Inventory, 'domains' | 'clusters' | 'machines' | 'virtualHosts'> & {
    readonly services: readonly SettingService[]
  },
  complaints: Complaints,
): void {
  for (const { settings } of [...inventory.domains, ...inventory.clusters])
    leavesOf(optionsOf(settings), complaints)
  const services = new Map(
    inventory.services.map((each) => [each.name, leavesOf(optionsOfService(each), complaints)]),
  )
  /** Hosts with the same services share what these give. */
  const given = new Map<string, Leaves>()
  for (const host of [...inventory.machines, ...inventory.virtualHosts]) {
    const own = leavesOf(optionsOf(host.settings), complaints)
    if (host.kind === 'machine') checkOurs(own, host, complaints)
    const relevant = host.services.filter((name) => services.get(name)!.size > 0)
    const key = relevant.join(' ')
    const known =
      given.get(key) ??
      merged(
        relevant.map((name) => services.get(name)!),
        complaints,
      )
    given.set(key, known)
    for (const [id, leaf] of known) compare(leaf, own.get(id), complaints)
  }
}

function optionsOf({ modules, config, users }: NixosSettings): readonly OptionSetting[] {
  const ofUsers = users.flatMap(({ name, settings }) =>
    settings.map((setting) => ({ ...setting, path: ['users', 'users', name, ...setting.path] })),
  )
  return [...config, ...inline(modules), ...ofUsers]
}

type SettingService = Pick<Service, 'name' | 'modules' | 'definition'>

function optionsOfService({ modules, definition }: SettingService): readonly OptionSetting[] {
  return [...(definition?.kind === 'config' ? definition.config : []), ...inline(modules)]
}

function inline(modules: readonly ModuleReference[]): readonly OptionSetting[] {
  return modules.flatMap((module) => (module.kind === 'config' ? module.config : []))
}

/** The plain values of one place, each option's first; complains about the others. */
function leavesOf(options: readonly OptionSetting[], complaints: Complaints): Leaves {
  const leaves = new Map<string, Leaf>()
  const visit = (path: readonly string[], value: Value, at: Position, isForced: boolean): void => {
    if (value.kind === 'force') return visit(path, value.value, at, true)
    if (value.kind === 'map') {
      for (const [key, inner] of value.entries)
        visit([...path, key], inner, below(at, key), isForced)
      return
    }
    if (!isScalar(value)) return
    const id = JSON.stringify([isForced, path])
    const leaf = { path, value, at, isForced }
    const first = leaves.get(id)
    if (first) compare(first, leaf, complaints, true)
    else leaves.set(id, leaf)
  }
  for (const { path, value, at } of options) visit(path, value, at, false)
  return leaves
}

function merged(sources: readonly Leaves[], complaints: Complaints): Leaves {
  const leaves = new Map<string, Leaf>()
  for (const source of sources)
    for (const [id, leaf] of source) {
      const first = leaves.get(id)
      if (first) compare(first, leaf, complaints)
      else leaves.set(id, leaf)
    }
  return leaves
}

/** What a machine says of itself becomes options too. */
function checkOurs(own: Leaves, machine: Machine, complaints: Complaints): void {
  for (const { path, value } of machineOptions(machine)) {
    const leaf = own.get(JSON.stringify([false, path]))
    if (leaf && isScalar(value)) compare({ path, value, isForced: false }, leaf, complaints, true)
  }
}

/** Texts may be lines, which NixOS joins: only where one place says both is that worth a warning. */
function compare(
  first: Leaf,
  second: Leaf | undefined,
  complaints: Complaints,
  isOnePlace = false,
): void {
  if (!second || shown(first.value) === shown(second.value)) return
  const areTexts = first.value.kind === 'text' && second.value.kind === 'text'
  const isOurs = first.at === undefined
  const { isForced } = second
  if (areTexts && !isOurs && (!isOnePlace || /\n/.test(first.value.value + second.value.value)))
    return
  const name = attributePath(second.path)
  complaints.add({
    severity: areTexts && !isOurs ? 'warning' : 'error',
    code: 'compile/conflict',
    message: isOurs
      ? `'${name}' is ${shown(first.value)} already, by what the machine is`
      : `'${name}' is ${shown(second.value)} here and ${shown(first.value)} elsewhere: ${areTexts ? 'most texts' : 'they'} cannot merge`,
    at: second.at!,
    ...(first.at ? { related: byKey(first.at) } : {}),
    hint: isOurs
      ? `take it out here${switchFor(second.path)}`
      : isOnePlace || isForced
        ? 'keep one of them'
        : 'put !force in front of the one that counts',
  })
}

/** How to keep us from setting an option, where there is a way. */
function switchFor([root, name]: readonly string[]): string {
  if (root !== 'networking') return ''
  const key = name === 'hostName' || name === 'domain' ? name : 'interfaces'
  return `, or let ours be: render: { ${key}: false }`
}

function isScalar(value: Value): value is Scalar {
  return ['null', 'boolean', 'integer', 'float', 'text'].includes(value.kind)
}

function shown(value: Scalar): string {
  switch (value.kind) {
    case 'null':
      return 'null'
    case 'boolean':
      return String(value.value)
    case 'text':
      return JSON.stringify(value.value)
    default:
      return value.text
  }
}
