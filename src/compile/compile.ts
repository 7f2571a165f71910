import type { Compilation, RenderedTree, SourceTree } from '../model/compilation.ts'
import type { Position } from '../model/diagnostic.ts'
import type { Inventory, Role, Service } from '../model/inventory.ts'
import { sortByName } from '../model/names.ts'
import { renderTree } from '../render/tree.ts'
import { decode, projectFile } from '../schema/decode.ts'
import type { DeclaredRole, DeclaredService, Fleet } from '../schema/fleet.ts'
import { checkLock, lockFile } from '../schema/lock.ts'
import { parse, type SourceFile } from '../schema/parse.ts'
import { sourceFlakeFile } from '../schema/source-flake.ts'
import { child } from '../schema/tree.ts'
import type { Names } from '../selectors/names.ts'
import { builtinSettings, checkBuiltinRoles } from './builtins.ts'
import { below, byKey, createComplaints, type Complaints } from './complaints.ts'
import { checkConflicts } from './conflicts.ts'
import { createInclude, defaultInclude } from './configuration.ts'
import { createDeployments } from './deployment.ts'
import { toDiagnostics } from './diagnostics.ts'
import { flakeInputs } from './inputs.ts'
import { hostInterfaces } from './interfaces.ts'
import { withoutEchoes } from './echoes.ts'
import { toCluster, toDomain } from './levels.ts'
import { checkNixpkgs, isManaged, toMachine, toUnmanaged } from './machines.ts'
import { locateIn } from './locate.ts'
import { uniqueFleet } from './hierarchy.ts'
import { memberSettings } from './member-settings.ts'
import { remember, type Examined, type Memory, type Resolved } from './memory.ts'
import { checkEntries, oddityCode, oddityMessage, oddityOf } from './oddities.ts'
import { createPaths } from './paths.ts'
import { checkReserved } from './reserved.ts'
import { resolvers } from './resolvers.ts'
import { resolveServices, type ResolvedNames } from './services.ts'
import { at, definition, modules, warnOfOptions, type SettingsContext } from './settings.ts'
import { toValue } from './values.ts'
import { toVirtualHost, withSharedNetworks } from './virtual-hosts.ts'

/** Turns a source tree into an inventory and the files rendered from it, or into diagnostics. */
export function compile(source: SourceTree): Compilation {
  return toCompilation(source, examine(source))
}

/** The same, with what a compilation of nearly the same tree may start from, unless there are errors. */
export function compileAndRemember(source: SourceTree): {
  readonly compilation: Compilation
  readonly memory?: Memory
} {
  const examined = examine(source)
  const memory = remember(source, examined)
  return { compilation: toCompilation(source, examined), ...(memory ? { memory } : {}) }
}

function toCompilation(
  { texts }: SourceTree,
  { diagnostics, inventory, lock, counts }: Examined,
): Compilation {
  // From the texts, so that what was parsed of them is garbage when the tree is rendered.
  const result = { diagnostics, lock, counts, locate: locateIn(texts) }
  if (!inventory) return result
  let rendered: RenderedTree | undefined
  return {
    ...result,
    inventory,
    // Whoever only validates is spared a third of the work.
    get rendered() {
      return (rendered ??= renderTree(inventory, resolvers(inventory, texts)))
    },
  }
}

/** Everything but the rendered tree: an inventory only where there is no error. */
function examine(source: SourceTree): Examined {
  const complaints = createComplaints()
  const files = readFiles(source, complaints)
  const byPath = new Map(files.map((file) => [file.path, file]))
  const locate = locateIn(source.texts, (path) => byPath.get(path))
  const decoded = decode(files)
  complaints.addAll(decoded.complaints)
  checkReserved(source.paths, complaints)
  checkEntries(source, complaints)
  const { fleet } = decoded
  // What a broken document declares is not known: everything else would be called dangling.
  const isBroken = files.some((file) =>
    file.complaints.some(({ code }) => code === 'schema/syntax'),
  )
  const inputs = flakeInputs(fleet.project, source.texts.get(sourceFlakeFile), complaints)
  const resolved = isBroken ? undefined : resolveFleet(fleet, inputs, source, complaints)
  if (resolved) checkConflicts(resolved.inventory, complaints)
  const lock = checkLock(source.texts.get(lockFile), inputs, (name) =>
    fleet.project?.body.inputs?.[name]
      ? byKey(below(fleet.project.place, 'inputs', name))
      : undefined,
  )
  complaints.addAll(lock.complaints)
  const isFine = !complaints.all.some(({ severity }) => severity === 'error')
  // How machines are reached is a matter of a fleet that compiles; beside a mistake it is noise.
  const told = withoutEchoes(complaints.all).filter(
    ({ code }) => isFine || code !== 'compile/target-host',
  )
  return {
    diagnostics: toDiagnostics(told, locate),
    ...(isFine && resolved ? resolved : {}),
    complaints: told,
    files: files.map(({ path }) => path),
    locate,
    lock: lock.state,
    counts: {
      files: files.length,
      machines: fleet.machines.length,
      services: fleet.services.length,
    },
  }
}

/** The YAML files of a source tree that belong to the configuration, parsed. */
export function readFiles(tree: SourceTree, complaints: Complaints): readonly SourceFile[] {
  const { texts } = tree
  const isOdd = (path: string): boolean => oddityOf(path, tree) !== undefined
  const hasProject = texts.has(projectFile) && !isOdd(projectFile)
  const first = hasProject ? parse(projectFile, texts.get(projectFile)!) : undefined
  const globs = readInclude(first)
  const include = createInclude(globs?.map(({ glob }) => glob) ?? defaultInclude)
  const paths = [...texts.keys()].filter((path) => path !== projectFile && include(path)).sort()
  for (const { glob, at: place } of globs ?? []) {
    const matches = createInclude([glob])
    if (!paths.some(matches)) complaints.warn('compile/include', `no file matches '${glob}'`, place)
  }
  const readable = paths.filter((path) => !isOdd(path))
  const files = [
    ...(first ? [first] : []),
    ...readable.map((path) => parse(path, texts.get(path)!)),
  ]
  for (const file of files) complaints.addAll(file.complaints)
  const isOurs = (path: string): boolean => path === projectFile || include(path)
  const odd = [...texts.keys(), ...(tree.oddities?.keys() ?? [])].filter(
    (path) => isOurs(path) && isOdd(path),
  )
  for (const path of [...new Set(odd)].sort()) {
    const oddity = oddityOf(path, tree)!
    complaints.error(oddityCode(oddity), oddityMessage(path, oddity), {
      ...{ file: path, document: 0, path: [] },
    })
  }
  if (files.length + odd.length === 0)
    complaints.error(
      'compile/nothing',
      `there is no ${projectFile} and no file that matches ${defaultInclude.join(', ')}`,
      { file: projectFile, document: 0, path: [] },
      'nixcluster init writes a first one',
    )
  return files
}

/** The globs of the Project document; whether they are well-formed is checked with the rest of it. */
function readInclude(
  file: SourceFile | undefined,
): readonly { readonly glob: string; readonly at: Position }[] | undefined {
  for (const [document, tree] of file?.documents.entries() ?? []) {
    const kind = child(tree, 'kind')
    const include = child(tree, 'include')
    if (kind?.kind !== 'scalar' || kind.source !== 'Project' || include?.kind !== 'list') continue
    return include.items.flatMap((item, index) => {
      if (item.kind !== 'scalar' || item.source === '') return []
      const place = { file: projectFile, document, path: ['include', index] }
      return [{ glob: item.source, at: place }]
    })
  }
  return undefined
}

function resolveFleet(
  declared: Fleet,
  inputs: Inventory['inputs'],
  tree: SourceTree,
  complaints: Complaints,
): Resolved {
  const { paths } = tree
  const { fleet, elements } = uniqueFleet(declared, complaints)
  const names = resolveServices(fleet, elements, complaints)
  const { interfaces, owners } = hostInterfaces(fleet, complaints)
  const context: SettingsContext = {
    names,
    paths: createPaths(tree),
    complaints,
    interfaces: withSharedNetworks(interfaces, fleet),
    asked: new Set(),
    inputs: new Set(inputs.map(({ name }) => name)),
  }
  const domains = new Map(fleet.domains.map((domain) => [domain.name, domain]))
  const clusters = new Map(fleet.clusters.map((cluster) => [cluster.name, cluster]))
  for (const level of [...fleet.domains, ...fleet.clusters, ...fleet.machines])
    checkNixpkgs(level, context)
  const services = resolvedServices(fleet, names, context)
  const servicesOf = new Map<string, string[]>()
  for (const service of services)
    for (const host of service.hosts) {
      const known = servicesOf.get(host)
      if (known) known.push(service.name)
      else servicesOf.set(host, [service.name])
    }
  const deploymentOf = createDeployments(context)
  const machines = new Map(fleet.machines.map((machine) => [machine.name, machine]))
  const byName = <T extends { name: string }>(items: readonly T[]): T[] =>
    sortByName(items, ({ name }) => name)
  const inventory: Inventory = {
    generation: 1,
    inputs,
    hasSourceFlake: paths.has(sourceFlakeFile),
    rollout: { parallel: fleet.project?.body.rollout?.parallel ?? 2 },
    domains: byName(fleet.domains).map((domain) => toDomain(domain, context)),
    clusters: byName(fleet.clusters).map((cluster) => toCluster(cluster, context)),
    services,
    machines: byName(fleet.machines.filter(isManaged)).flatMap((machine) => {
      const cluster = clusters.get(machine.parent)!
      const domain = domains.get(cluster.parent)!
      return (
        toMachine(
          [machine, cluster, domain],
          servicesOf.get(machine.name) ?? [],
          deploymentOf,
          context,
        ) ?? []
      )
    }),
    unmanaged: byName(fleet.machines.filter((machine) => !isManaged(machine))).map((machine) =>
      toUnmanaged(machine, clusters.get(machine.parent)!.parent, context),
    ),
    virtualHosts: byName(fleet.virtualHosts).flatMap((vhost) => {
      const machine = machines.get(vhost.parent)!
      const cluster = clusters.get(machine.parent)!
      const lineage = [vhost, machine, cluster, domains.get(cluster.parent)!] as const
      return toVirtualHost(lineage, servicesOf.get(vhost.name) ?? [], context) ?? []
    }),
  }
  return { inventory, elements, asked: context.asked, claimed: owners.keys() }
}

function resolvedServices(
  fleet: Fleet,
  names: ResolvedNames,
  context: SettingsContext,
): readonly Service[] {
  const rolesOf = Map.groupBy(
    sortByName(fleet.roles, ({ name }) => name),
    ({ parent }) => parent,
  )
  return sortByName(fleet.services, ({ name }) => name).map((service) =>
    toService(service, rolesOf.get(service.name) ?? [], names, context),
  )
}

function toService(
  service: DeclaredService,
  roles: readonly DeclaredRole[],
  names: ResolvedNames,
  context: SettingsContext,
): Service {
  const { body, name, label, parent, at: place } = service
  const level = { tree: service.tree, place: service.place, scope: name }
  const key = body.config !== undefined && body.settings === undefined ? 'config' : 'settings'
  const settings = at(level, key)
  if (body.config !== undefined && body.settings !== undefined)
    context.complaints.error(
      'schema/value',
      "'config' is another word for 'settings': write one of them",
      byKey(below(service.place, 'config')),
    )
  const made = body.definition && definition(body.definition, at(level, 'definition'), context)
  if (made?.kind !== 'builtin') warnOfOptions(settings, context.complaints)
  const isBuiltin = made?.kind === 'builtin'
  if (isBuiltin) checkBuiltinRoles(made.name, roles, made.at, context.complaints)
  const value = isBuiltin
    ? builtinSettings(made.name, settings, context)
    : settings.tree && toValue(settings.tree, settings.place, name, context)
  const data = at(level, 'data')
  const dataValue = data.tree && toValue(data.tree, data.place, name, context)
  const members = memberSettings(roles, context)
  if (value && value.kind !== 'map' && value.kind !== 'null')
    context.complaints.error('schema/type', `the ${key} of a service are a map`, settings.place)
  return {
    kind: 'service',
    name,
    label,
    at: place,
    parent,
    hosts: names.members(name),
    selected: names.selected(name),
    roles: roles.map((role) => toRole(role, names)),
    ...(made ? { definition: made } : {}),
    ...(value?.kind === 'map' ? { settings: value, settingsAt: settings.place } : {}),
    modules: modules(body.modules, at(level, 'modules'), context),
    ...(dataValue ? { data: dataValue } : {}),
    ...(members.length > 0 ? { memberSettings: members } : {}),
  }
}

function toRole({ name, written, at: place, body }: DeclaredRole, names: Names): Role {
  const limit = Array.isArray(body) ? undefined : body?.maxUnavailable
  return {
    kind: 'role',
    name,
    label: written,
    at: place,
    hosts: names.members(name),
    ...(limit === undefined ? {} : { maxUnavailable: limit }),
  }
}
