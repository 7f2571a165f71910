import type { Position } from '../model/diagnostic.ts'
import type {
  Cluster,
  Domain,
  Host,
  Inventory,
  Machine,
  ModuleReference,
  NixosSettings,
  OptionSetting,
  Service,
  VirtualHost,
} from '../model/inventory.ts'
import { hostsOf, ownInterfaces, serviceNames } from '../model/names.ts'
import type { Value } from '../model/value.ts'
import { hostsOfChange, keys, onOneSide, withCauses, type Ties } from './causes.ts'
import { type Uses, usesOf } from './uses.ts'

/** A change of the YAML and the machines that it may concern; whether their systems differ is seen by evaluating them. */
export interface ConfigurationChange {
  /** In the inventory that `side` names; absent where no line stands for it. */
  readonly at?: Position
  readonly side: 'before' | 'after'
  /** `role storage of vault gains vm2` */
  readonly text: string
  /** Full names, in natural order. */
  readonly machines: readonly string[]
  /** What it follows from; absent where somebody wrote it. */
  readonly because?: readonly ConfigurationChange[]
}

/**
 * What changed between two inventories, by their values: where a thing stands makes no difference.
 * `files` are changed files of the repository; the modules and definitions among them are reasons too.
 * `resolvers` are the machines whose Nix may ask for any host.
 */
export function reasons(
  before: Inventory | undefined,
  after: Inventory,
  files: ReadonlySet<string> = new Set(),
  resolvers: ReadonlySet<string> = new Set(),
): readonly ConfigurationChange[] {
  const nothing = {
    domains: [],
    clusters: [],
    services: [],
    machines: [],
    unmanaged: [],
    virtualHosts: [],
  }
  const old = before ?? { ...after, ...nothing }
  const changes: (readonly [ConfigurationChange, Ties])[] = []
  const order = new Map(
    [...old.machines, ...after.machines].map(({ name }, index) => [name, index]),
  )
  // What concerns a virtual host concerns its machine: that is what is deployed.
  const machineOf = new Map(
    [...old.virtualHosts, ...after.virtualHosts].map(({ name, machine }) => [name, machine]),
  )
  const note: Note = (text, hosts, at, side = 'after', ties = {}) => {
    // What only is known is deployed nowhere.
    const concerned = hosts
      .map((host) => machineOf.get(host) ?? host)
      .filter((host) => order.has(host))
    const machines = [...new Set(concerned)].sort(
      (a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0),
    )
    if (machines.length > 0) changes.push([{ ...(at ? { at } : {}), side, text, machines }, ties])
  }
  compareInputs(old, after, note)
  compareMachines(old, after, note)
  compareVirtualHosts(old, after, note)
  compareFacts(old, after, note)
  compareLevels(old, after, note)
  compareServices(old, after, note)
  compareResolved(old, after, resolvers, note)
  const inside = machinesByLevel(after.machines)
  const uses = usesOf(after, (level) => inside.get(level) ?? [])
  compareReferences(old, after, uses.hosts, note)
  compareFiles(uses.files, files, note)
  return withCauses(changes)
}

type Note = (
  text: string,
  machines: readonly string[],
  at: Position | undefined,
  side?: ConfigurationChange['side'],
  ties?: Ties,
) => void

function compareInputs(before: Inventory, after: Inventory, note: Note): void {
  const all = after.machines.map(({ name }) => name)
  for (const [old, input] of pairs(before.inputs, after.inputs, ({ name }) => name)) {
    if (!input || !old || JSON.stringify(old) === JSON.stringify(input)) continue
    const isSystem = after.machines.some(({ nixpkgs }) => nixpkgs === input.name)
    const built = after.machines.filter(({ nixpkgs }) => nixpkgs === input.name)
    note(`input ${input.name} changes`, isSystem ? built.map(({ name }) => name) : all, undefined)
  }
}

function compareMachines(before: Inventory, after: Inventory, note: Note): void {
  const known = new Set(after.unmanaged.map(({ name }) => name))
  for (const [old, machine] of pairs(before.machines, after.machines, ({ name }) => name)) {
    if (!machine) {
      const text = `${old!.label} is ${known.has(old!.name) ? 'no longer managed' : 'removed'}`
      note(text, [old!.name], old!.at, 'before', { subjects: [keys.host(old!.name)] })
      continue
    }
    const { name, label } = machine
    if (!old) {
      note(`${label} is new`, [name], machine.at, 'after', { subjects: [keys.host(name)] })
      continue
    }
    compareSettings(old.settings, machine.settings, label, [name], old.at, machine.at, note)
  }
}

/** A virtual host is named with its machine: `web.vm0`. */
function compareVirtualHosts(before: Inventory, after: Inventory, note: Note): void {
  for (const [old, vhost] of pairs(before.virtualHosts, after.virtualHosts, ({ name }) => name)) {
    const label = shortName((vhost ?? old)!)
    if (!vhost || !old) {
      const one = (vhost ?? old)!
      note(
        `${label} is ${vhost ? 'new' : 'removed'}`,
        [one.name],
        one.at,
        vhost ? 'after' : 'before',
        { subjects: [keys.host(one.name)] },
      )
      continue
    }
    const { name, at } = vhost
    for (const [key, word, verb] of virtualHostFacts)
      if (!isSame(factOfVirtualHost(old, key), factOfVirtualHost(vhost, key)))
        note(`${word} of ${label} ${verb}`, [name], below(at, word), 'after', tiesOf(name, word))
    compareSettings(old.settings, vhost.settings, label, [name], old.at, at, note)
  }
}

const virtualHostFacts = [
  ['type', 'type', 'changes'],
  ['network', 'network', 'changes'],
  ['interfaces', 'interfaces', 'change'],
  ['image', 'image', 'changes'],
  ['typeSettings', 'settings', 'change'],
  ['tags', 'tags', 'change'],
  ['data', 'data', 'changes'],
] as const

function factOfVirtualHost(vhost: VirtualHost, key: (typeof virtualHostFacts)[number][0]): unknown {
  // With its machine's network, the change is its machine's.
  return key === 'interfaces' ? ownInterfaces(vhost) : vhost[key]
}

/** A host as it is written in its cluster. */
function shortName({ name, cluster }: Pick<Host, 'name' | 'cluster'>): string {
  return name.slice(0, -cluster.length - 1)
}

/** Settings of ours: what a whole cluster inherits is said once. */
function compareFacts(before: Inventory, after: Inventory, note: Note): void {
  const old = new Map(before.machines.map((machine) => [machine.name, machine]))
  const clusters = new Map(after.clusters.map((cluster) => [cluster.name, cluster]))
  for (const [cluster, machines] of Map.groupBy(after.machines, (machine) => machine.cluster))
    for (const [path, verb] of facts) {
      const changed = machines.filter((machine) => {
        const was = old.get(machine.name)
        return was && !isSame(factOf(was, path), factOf(machine, path))
      })
      const word = path.join('.')
      const isInherited = inherited.has(path[0]) && changed.length === machines.length
      if (isInherited && changed.length > 1) {
        const at = below(clusters.get(cluster)!.at, ...path)
        const names = changed.map(({ name }) => name)
        const subjects = names.flatMap((name) => tiesOf(name, word).subjects ?? [])
        note(`${word} of ${cluster} ${verb}`, names, at, 'after', { subjects })
        continue
      }
      for (const { name, label, at } of changed)
        note(`${word} of ${label} ${verb}`, [name], below(at, ...path), 'after', tiesOf(name, word))
    }
}

/** What may follow from a change of a host's own setting, or what it may follow from. */
function tiesOf(host: string, setting: string): Ties {
  if (setting === 'tags') return { subjects: [keys.host(host), keys.seen(host)] }
  if (setting === 'interfaces') return { subjects: [keys.addresses(host), keys.seen(host)] }
  if (setting === 'deployment.targetHost') return { from: [keys.addresses(host)] }
  const isSeen = ['data', 'deployment.hostKey', 'deployment.port'].includes(setting)
  return isSeen ? { subjects: [keys.seen(host)] } : {}
}

const facts = [
  [['system'], 'changes'],
  [['stateVersion'], 'changes'],
  [['nixpkgs'], 'changes'],
  [['tags'], 'change'],
  [['interfaces'], 'change'],
  [['data'], 'change'],
  [['render'], 'changes'],
  [['deployment', 'port'], 'changes'],
  [['deployment', 'sshUser'], 'changes'],
  [['deployment', 'user'], 'changes'],
  [['deployment', 'sudo'], 'changes'],
  [['deployment', 'buildOn'], 'changes'],
  [['deployment', 'sshOptions'], 'change'],
  [['deployment', 'tempPath'], 'changes'],
  [['deployment', 'fastConnection'], 'changes'],
  [['deployment', 'hostKey'], 'changes'],
  [['deployment', 'magicRollback'], 'changes'],
  [['deployment', 'autoRollback'], 'changes'],
  [['deployment', 'confirmTimeout'], 'changes'],
  [['deployment', 'activationTimeout'], 'changes'],
  [['deployment', 'targetHost'], 'changes'],
] as const
type FactPath = (typeof facts)[number][0]
const inherited: ReadonlySet<string> = new Set(['system', 'stateVersion', 'nixpkgs', 'deployment'])

function factOf(machine: Machine, path: FactPath): unknown {
  return path[0] === 'deployment' ? machine.deployment[path[1]] : machine[path[0]]
}

function compareLevels(before: Inventory, after: Inventory, note: Note): void {
  const levels = ({ domains, clusters }: Inventory): (Domain | Cluster)[] => [
    ...domains,
    ...clusters,
  ]
  const none: NixosSettings = { modules: [], config: [], users: [] }
  const old = new Set(before.machines.map(({ name }) => name))
  const inside = machinesByLevel(after.machines.filter(({ name }) => old.has(name)))
  for (const [was, level] of pairs(levels(before), levels(after), ({ name }) => name)) {
    const one = (level ?? was)!
    if (!isSame(was?.data, level?.data))
      note(
        `data of ${one.name} ${verb(was?.data, level?.data)}`,
        inside.get(one.name) ?? [],
        below(one.at, 'data'),
        level ? 'after' : 'before',
      )
    const [from, to] = [was?.settings ?? none, level?.settings ?? none]
    compareSettings(from, to, one.name, inside.get(one.name) ?? [], was?.at ?? one.at, one.at, note)
  }
}

/** What a level gives to NixOS: options, users, modules. */
function compareSettings(
  before: NixosSettings,
  after: NixosSettings,
  owner: string,
  machines: readonly string[],
  oldAt: Position,
  at: Position,
  note: Note,
): void {
  const optionPath = ({ path }: OptionSetting): string => pathText(path)
  for (const [old, setting] of pairs(before.config, after.config, optionPath)) {
    if (isSame(old?.value, setting?.value)) continue
    const one = (setting ?? old)!
    const text = `config ${optionPath(one)} of ${owner} ${verb(old, setting)}`
    note(text, machines, keyOf(one.at), setting ? 'after' : 'before')
  }
  for (const [old, user] of pairs(before.users, after.users, ({ name }) => name)) {
    if (isSame(old, user)) continue
    const one = (user ?? old)!
    const text = `user ${one.name} of ${owner} ${verb(old, user)}`
    note(text, machines, one.at, user ? 'after' : 'before')
  }
  compareModules(
    before.modules,
    after.modules,
    owner,
    machines,
    below(oldAt, 'modules'),
    below(at, 'modules'),
    note,
  )
}

function compareModules(
  before: readonly ModuleReference[],
  after: readonly ModuleReference[],
  owner: string,
  machines: readonly string[],
  oldAt: Position,
  at: Position,
  note: Note,
): void {
  if (isSame(before, after)) return
  const gained = after.filter((module) => !before.some((other) => isSame(other, module)))
  const lost = before.filter((module) => !after.some((other) => isSame(other, module)))
  for (const module of gained) note(`${owner} gains ${moduleText(module)}`, machines, module.at)
  for (const module of lost)
    if (!gained.some((other) => moduleText(other) === moduleText(module)))
      note(`${owner} loses ${moduleText(module)}`, machines, module.at ?? oldAt, 'before')
  if (gained.length + lost.length === 0) note(`the modules of ${owner} change order`, machines, at)
}

function compareServices(before: Inventory, after: Inventory, note: Note): void {
  const byName = (inventory: Inventory): ReadonlyMap<string, Host> =>
    new Map(hostsOf(inventory).map((host) => [host.name, host]))
  const [old, now] = [byName(before), byName(after)]
  const labels = (hosts: readonly string[]): string =>
    shorten(
      hosts.map((name) => {
        const host = now.get(name) ?? old.get(name)
        return host ? (host.kind === 'vhost' ? shortName(host) : host.label) : name
      }),
    )
  const names = [serviceNames(before), serviceNames(after)] as const
  for (const [was, service] of pairs(before.services, after.services, ({ name }) => name)) {
    if (!service || !was) {
      const one = (service ?? was)!
      const text = `service ${one.label} of ${one.parent} is ${service ? 'new' : 'removed'}`
      note(text, one.hosts, one.at, service ? 'after' : 'before')
      continue
    }
    const { label, hosts } = service
    const all = [...was.hosts, ...hosts]
    const at = below(service.at, 'selectors')
    const moved = new Set<string>()
    const compareMembers = (
      title: string,
      a: readonly string[],
      b: readonly string[],
      where: Position,
    ) => {
      const changed = onOneSide(a, b)
      for (const host of changed) moved.add(host)
      compareHosts(title, a, b, all, where, labels, note, {
        subjects: changed.map((host) => keys.member(service.name, host)),
        from: changed.map(keys.host),
      })
    }
    compareMembers(`service ${label}`, was.selected, service.selected, at)
    for (const [oldRole, role] of pairs(was.roles, service.roles, ({ name }) => name)) {
      const one = (role ?? oldRole)!
      const title = `role ${one.label} of ${label}`
      if (oldRole && role) compareMembers(title, oldRole.hosts, role.hosts, role.at)
      else note(`${title} is ${role ? 'new' : 'removed'}`, all, one.at, role ? 'after' : 'before')
    }
    const seen = changedHosts(service, old, now)
    const about = [...moved, ...seen]
      .flatMap((name) => [now.get(name) ?? [], old.get(name) ?? []])
      .flat()
    compareServiceSettings(was, service, all, about, note)
    compareMemberSettings(was, service, all, labels, note)
    if (!isSame(was.data, service.data))
      note(`data of ${label} ${verb(was.data, service.data)}`, all, below(service.at, 'data'))
    if (!isSame(was.definition, service.definition)) {
      const { definition: made } = service
      note(`definition of ${label} ${verb(was.definition, made)}`, all, made?.at ?? service.at)
    }
    compareModules(was.modules, service.modules, label, all, was.at, service.at, note)
    compareSeenHosts(service, seen, now, labels, note)
    compareSeenNames(service, names, labels, note)
  }
}

function compareHosts(
  title: string,
  before: readonly string[],
  after: readonly string[],
  machines: readonly string[],
  at: Position,
  labels: (hosts: readonly string[]) => string,
  note: Note,
  ties: Ties,
): void {
  const [had, has] = [new Set(before), new Set(after)]
  const gained = after.filter((host) => !had.has(host))
  const lost = before.filter((host) => !has.has(host))
  const steps = [
    ...(gained.length > 0 ? [`gains ${labels(gained)}`] : []),
    ...(lost.length > 0 ? [`loses ${labels(lost)}`] : []),
  ]
  if (steps.length > 0) note(`${title} ${steps.join(' and ')}`, machines, at, 'after', ties)
  else if (!isSame(before, after)) note(`${title} has another order`, machines, at)
}

function compareServiceSettings(
  before: Service,
  after: Service,
  machines: readonly string[],
  /** Those whose membership changes, or what others see of them. */
  hosts: readonly Host[],
  note: Note,
): void {
  const entries = (value: Value | undefined): readonly (readonly [string, Value])[] =>
    value?.kind === 'map' ? value.entries : []
  const [old, now] = [entries(before.settings), entries(after.settings)]
  const causes = (host: string) => [keys.member(after.name, host), keys.addresses(host)]
  for (const [was, setting] of pairs(old, now, ([key]) => key)) {
    if (isSame(was?.[1], setting?.[1])) continue
    const [key] = (setting ?? was)!
    const place = setting ? after.settingsAt : before.settingsAt
    const text = `setting ${key} of ${after.label} ${verb(was, setting)}`
    note(
      text,
      machines,
      place && keyOf({ ...place, path: [...place.path, key] }),
      setting ? 'after' : 'before',
      { from: (hostsOfChange(was?.[1], setting?.[1], hosts) ?? []).flatMap(causes) },
    )
  }
}

/** What the roles of a service say about single members. */
function compareMemberSettings(
  before: Service,
  after: Service,
  machines: readonly string[],
  labels: (hosts: readonly string[]) => string,
  note: Note,
): void {
  const all = pairs(before.memberSettings ?? [], after.memberSettings ?? [], ({ host }) => host)
  const changed = all.filter(([was, said]) => !isSame(was, said))
  if (changed.length === 0) return
  const hosts = changed.map(([was, said]) => (said ?? was)!.host)
  note(`settings of ${labels(hosts)} in ${after.label} change`, machines, below(after.at, 'roles'))
}

/** What a service's function sees of a host besides its name concerns the service's other hosts too. */
function compareSeenHosts(
  service: Service,
  changed: readonly string[],
  now: ReadonlyMap<string, Host>,
  labels: (hosts: readonly string[]) => string,
  note: Note,
): void {
  if (changed.length === 0) return
  const at = now.get(changed[0]!)!.at
  const text = `service ${service.label} sees changes of ${labels(changed)}`
  note(text, service.hosts, at, 'after', { from: changed.map(keys.seen) })
}

/** The hosts that a service sees and of which something changed that it sees. */
function changedHosts(
  service: Service,
  old: ReadonlyMap<string, Host>,
  now: ReadonlyMap<string, Host>,
): readonly string[] {
  return seenHosts(service).filter((name) => {
    const [was, host] = [old.get(name), now.get(name)]
    return was && host && seenFacts.some((fact) => !isSame(fact(was), fact(host)))
  })
}

const seenFacts: readonly ((host: Host) => unknown)[] = [
  ({ tags }) => tags,
  ({ interfaces }) => interfaces,
  ({ data }) => data,
  (host) => (host.kind === 'machine' ? host.deployment.hostKey : undefined),
  (host) => (host.kind === 'machine' ? host.deployment.port : undefined),
]

/** The hosts of a service, of its roles, and those that its settings name. */
function seenHosts({ selected, roles, settings }: Service): readonly string[] {
  const inRoles = roles.flatMap((role) => role.hosts)
  return [...new Set([...selected, ...inRoles, ...(settings ? hostsInValue(settings) : [])])]
}

function hostsInValue(value: Value): readonly string[] {
  if (value.kind === 'host') return [value.name]
  if (value.kind === 'list') return value.items.flatMap(hostsInValue)
  return value.kind === 'map' ? value.entries.flatMap(([, entry]) => hostsInValue(entry)) : []
}

/** These write down every name of their hosts, those in other services too. */
const writesNames: ReadonlySet<string> = new Set(['static-dns', 'known-hosts'])

function compareSeenNames(
  service: Service,
  [old, now]: readonly [HostNames, HostNames],
  labels: (hosts: readonly string[]) => string,
  note: Note,
): void {
  const { definition, name: own } = service
  if (definition?.kind !== 'builtin' || !writesNames.has(definition.name)) return
  const others = (names: HostNames, host: string) =>
    (names.get(host) ?? []).filter((name) => name !== own && !name.endsWith(`.${own}`))
  const changed = seenHosts(service).filter((host) => !isSame(others(old, host), others(now, host)))
  if (changed.length === 0) return
  note(`service ${service.label} sees other names of ${labels(changed)}`, service.hosts, service.at)
}

type HostNames = ReturnType<typeof serviceNames>

/** Of what `resolve` says, every host and every name may be a part. */
function compareResolved(
  before: Inventory,
  after: Inventory,
  resolvers: ReadonlySet<string>,
  note: Note,
): void {
  if (resolvers.size === 0) return
  const [oldNames, names] = [serviceNames(before), serviceNames(after)]
  const all = pairs(hostsOf(before), hostsOf(after), ({ name }) => name)
  const changed = all.flatMap(([was, host]) => {
    const { name } = (host ?? was)!
    const isOther = !was || !host || seenFacts.some((fact) => !isSame(fact(was), fact(host)))
    return isOther || !isSame(oldNames.get(name), names.get(name)) ? [(host ?? was)!] : []
  })
  if (changed.length === 0) return
  const labels = shorten(changed.map(({ label }) => label))
  note(`resolve may say something else of ${labels}`, [...resolvers], undefined)
}

/** What `!host` gives of a host concerns whoever asks for it. */
function compareReferences(before: Inventory, after: Inventory, uses: Uses, note: Note): void {
  const old = new Map(hostsOf(before).map((host) => [host.name, host]))
  for (const host of hostsOf(after)) {
    const was = old.get(host.name)
    const machines = uses.get(host.name)
    if (!was || !machines || seenFacts.every((fact) => isSame(fact(was), fact(host)))) continue
    note(`!host ${host.label} changes`, machines.flat(), host.at)
  }
}

function compareFiles(uses: Uses, files: ReadonlySet<string>, note: Note): void {
  for (const file of files) {
    const machines = selfAndFolders(file).flatMap((path) => (uses.get(path) ?? []).flat())
    note(`${file} changes`, machines, { file, document: 0, path: [] })
  }
}

/** A path and those of the folders that it lies in; the root is the empty one. */
function selfAndFolders(path: string): readonly string[] {
  const steps = path.split('/')
  return steps.map((_, index) => steps.slice(0, steps.length - index).join('/')).concat('')
}

/** Full name of a domain or cluster -> the machines in it. */
function machinesByLevel(machines: readonly Machine[]): ReadonlyMap<string, readonly string[]> {
  const inside = new Map<string, string[]>()
  for (const { name, cluster, domain } of machines)
    for (const level of [cluster, domain]) {
      const list = inside.get(level)
      if (list) list.push(name)
      else inside.set(level, [name])
    }
  return inside
}

/** Things of one name, side by side; what is only on one side has undefined on the other. */
function pairs<T>(
  before: readonly T[],
  after: readonly T[],
  nameOf: (item: T) => string,
): readonly (readonly [T | undefined, T | undefined])[] {
  const old = new Map(before.map((item) => [nameOf(item), item]))
  const now = new Map(after.map((item) => [nameOf(item), item]))
  const names = new Set([...now.keys(), ...old.keys()])
  return [...names].map((name) => [old.get(name), now.get(name)])
}

/** Equal but for the places where things stand. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || bare(a) === bare(b)
}

function bare(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (key === 'at' ? undefined : inner)) ?? ''
}

function verb(before: unknown, after: unknown): string {
  if (before === undefined) return 'is new'
  return after === undefined ? 'is removed' : 'changes'
}

function moduleText(module: ModuleReference): string {
  if (module.kind === 'path') return `module ${module.path}`
  return module.kind === 'flake'
    ? `module ${module.attribute} of ${module.input}`
    : 'an inline module'
}

function pathText(path: readonly string[]): string {
  return path.map((step) => (/^[\w'-]+$/.test(step) ? step : JSON.stringify(step))).join('.')
}

function shorten(labels: readonly string[]): string {
  const shown = labels.slice(0, 5).join(', ')
  return labels.length > 5 ? `${shown} and ${labels.length - 5} more` : shown
}

function keyOf(at: Position): Position {
  return { ...at, atKey: true }
}

/** A setting of an element that is named at `at`. */
function below(at: Position, ...steps: string[]): Position {
  // A separate document is named by its `name:` and has its settings at the root.
  const root = at.atKey ? at.path : []
  return { file: at.file, document: at.document, path: [...root, ...steps], atKey: true }
}
