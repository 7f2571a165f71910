import type { Code, Complaint, Position } from '../model/diagnostic.ts'
import type { ElementKind } from '../model/inventory.ts'
import { joinName, parentName } from '../model/names.ts'
import { closest, didYouMean } from '../model/suggestion.ts'
import type {
  Declared,
  DeclaredCluster,
  DeclaredDomain,
  DeclaredInterface,
  DeclaredMachine,
  DeclaredProject,
  DeclaredRole,
  DeclaredService,
  DeclaredVirtualHost,
  Fleet,
} from './fleet.ts'
import type { SourceFile } from './parse.ts'
import { child, describe, type MapTree, type ScalarTree, type Tree } from './tree.ts'
import type * as body from './types.generated.ts'
import { validate } from './validate.ts'

const apiVersion = 'nixcluster/v1'
const kinds = ['Project', 'Domain', 'Cluster', 'Service', 'Machine'] as const
type Kind = (typeof kinds)[number]

/** The file in which a Project document stands. */
export const projectFile = 'nixcluster.yaml'

/** Documents -> elements with their full names; nested and separate documents give the same. */
export function decode(files: readonly SourceFile[]): {
  fleet: Fleet
  complaints: readonly Complaint[]
} {
  const complaints: Complaint[] = []
  const found = {
    projects: [] as DeclaredProject[],
    domains: [] as DeclaredDomain[],
    clusters: [] as DeclaredCluster[],
    services: [] as DeclaredService[],
    roles: [] as DeclaredRole[],
    machines: [] as DeclaredMachine[],
    virtualHosts: [] as DeclaredVirtualHost[],
    interfaces: [] as DeclaredInterface[],
  }

  const complain = (code: Code, message: string, at: Position, hint?: string): void => {
    complaints.push({ severity: 'error', code, message, at, ...(hint ? { hint } : {}) })
  }

  /** Reads one document: its head in code, its body by the schema of its kind. */
  const readDocument = (file: string, document: number, tree: Tree): void => {
    const at: Position = { file, document, path: [] }
    if (tree.kind !== 'map') {
      complain('schema/type', `expected a map, found ${describe(tree)}`, at)
      return
    }
    const kind = readHead(tree, at, complain)
    if (!kind) return
    const naming = kind === 'Domain' ? 'suffix' : 'name'
    // The wrong one in place of the right one is said once, below.
    const misspelt = child(tree, naming) ? undefined : misspeltKey(tree, naming)
    const names = child(tree, naming) ? [naming] : ['suffix', 'name', misspelt]
    const known = ['apiVersion', 'kind', ...(kind === 'Project' ? [] : names)]
    const entries = new Map([...tree.entries].filter(([key]) => !known.includes(key)))
    const bodyTree: MapTree = { ...tree, entries }
    const checked = validate(kind.toLowerCase() as Lowercase<Kind>, bodyTree, at)
    complaints.push(...checked.complaints)
    const data = checked.data ?? {}
    if (kind === 'Project') {
      found.projects.push({ place: at, body: data as body.Project })
      return
    }
    const name = readName(tree, naming, at, complain)
    if (name === undefined) return
    const nameAt = { ...at, path: [naming] }
    const [first = ''] = name.split('.')
    const place =
      kind === 'Domain'
        ? { written: name, parent: '' }
        : { written: first, parent: parentName(name).toLowerCase() }
    const declared = { ...place, at: nameAt, place: at, tree: bodyTree }
    declare[kind](declared, data)
  }

  const element = <K extends ElementKind, Body>(
    kind: K,
    where: Where,
    data: Body,
  ): Declared<K, Body> => {
    const label = where.written.toLowerCase()
    const name = kind === 'domain' ? label : joinName(label, where.parent)
    for (const part of kind === 'domain' && label !== '' ? label.split('.') : [label]) {
      const problem = labelProblem(part, kind === 'domain' && label === '')
      if (problem)
        complain(
          'names/label',
          `'${where.written}' cannot be a name: ${problem}`,
          where.at,
          kind === 'interface'
            ? `choose a name, and write the real one as device: ${where.written}`
            : kind === 'domain'
              ? undefined
              : betterLabel(label, where.parent),
        )
    }
    if (name.length > 253) complain('names/label', `the name '${name}' is too long`, where.at)
    return { kind, name, label, ...where, body: data }
  }

  /** The elements below a key, each with its place. */
  const inside = <Body>(
    owner: Declared<ElementKind, unknown>,
    key: string,
    map: Readonly<Record<string, Body>> | undefined,
    visit: (where: Where, data: Body) => void,
  ): void => {
    const below = child(owner.tree, key)
    for (const written of Object.keys(map ?? {})) {
      const at = { ...owner.place, path: [...owner.place.path, key, written] }
      const tree = child(below, written)
      visit(
        { written, parent: owner.name, at: { ...at, atKey: true }, place: at, tree },
        map![written]!,
      )
    }
  }

  const declare = {
    Domain: (where: Where, data: body.Domain | undefined): void => {
      const domain = element('domain', where, data ?? {})
      found.domains.push(domain)
      inside(domain, 'services', domain.body.services, declare.Service)
      inside(domain, 'clusters', domain.body.clusters, declare.Cluster)
    },
    Cluster: (where: Where, data: body.Cluster | undefined): void => {
      const cluster = element('cluster', where, data ?? {})
      found.clusters.push(cluster)
      inside(cluster, 'services', cluster.body.services, declare.Service)
      inside(cluster, 'machines', cluster.body.machines, declare.Machine)
    },
    Service: (where: Where, data: body.Service | undefined): void => {
      const service = element('service', where, data ?? {})
      found.services.push(service)
      inside(service, 'roles', service.body.roles, (role, roleBody) => {
        found.roles.push(element('role', role, roleBody))
      })
    },
    Machine: (where: Where, data: body.Machine | undefined): void => {
      const machine = element('machine', where, data ?? {})
      found.machines.push(machine)
      inside(machine, 'interfaces', machine.body.interfaces, declare.Interface)
      inside(machine, 'virtualHosts', machine.body.virtualHosts, declare.VirtualHost)
    },
    Interface: (where: Where, data: body.Interface | undefined): void => {
      found.interfaces.push(element('interface', where, data ?? {}))
    },
    VirtualHost: (where: Where, data: body.VirtualHost | undefined): void => {
      // Without a type it was complained about, and is still known by its name.
      const vhost = element('vhost', where, data ?? ({} as body.VirtualHost))
      found.virtualHosts.push(vhost)
      inside(vhost, 'interfaces', vhost.body.interfaces, declare.Interface)
      const { addresses, gateway, nameservers } = vhost.body
      const network = {
        ...(addresses ? { addresses } : {}),
        ...(gateway ? { gateway } : {}),
        ...(nameservers ? { nameservers } : {}),
      }
      const [key] = Object.keys(network)
      if (key === undefined) return
      const { tree, place } = vhost
      if (vhost.body.interfaces !== undefined)
        complain(
          'schema/value',
          `${key} beside interfaces: at which of them?`,
          { ...place, path: [...place.path, key], atKey: true },
          'write it below the interface',
        )
      else
        declare.Interface(
          { written: 'eth0', parent: vhost.name, at: vhost.at, place, tree },
          network,
        )
    },
  }

  for (const file of files)
    for (const [index, tree] of file.documents.entries())
      if (tree && !isEmpty(tree)) readDocument(file.path, index, tree)

  const [project, ...others] = found.projects
  for (const other of others)
    complaints.push({
      severity: 'error',
      code: 'names/duplicate',
      message: 'there is another Project document',
      at: at(other.place, 'kind'),
      related: at(project!.place, 'kind'),
    })
  if (project && project.place.file !== projectFile)
    complain(
      'schema/project',
      `a Project document stands in ${projectFile}`,
      at(project.place, 'kind'),
      'move it there',
    )
  const { projects: _, ...elements } = found
  return { fleet: { ...(project ? { project } : {}), ...elements }, complaints }
}

type Where = Pick<Declared<ElementKind, unknown>, 'written' | 'parent' | 'at' | 'place' | 'tree'>
type Complain = (code: Code, message: string, at: Position, hint?: string) => void

function readHead(tree: MapTree, root: Position, complain: Complain): Kind | undefined {
  const version = child(tree, 'apiVersion')
  if (!version) {
    const misspelt = misspeltKey(tree, 'apiVersion')
    if (misspelt) complainMisspelt(misspelt, 'apiVersion', root, complain)
    else
      complain(
        'schema/missing-key',
        "the key 'apiVersion' is missing",
        firstKey(tree, root),
        `begin the document with apiVersion: ${apiVersion}`,
      )
    return undefined
  }
  if (version.kind !== 'scalar' || version.source !== apiVersion) {
    const message = `expected apiVersion: ${apiVersion}, found ${describe(version)}`
    complain('schema/value', message, at(root, 'apiVersion'))
    return undefined
  }
  const kind = child(tree, 'kind')
  if (!kind) {
    const misspelt = misspeltKey(tree, 'kind')
    if (misspelt) complainMisspelt(misspelt, 'kind', root, complain)
    else
      complain(
        'schema/missing-key',
        "the key 'kind' is missing",
        firstKey(tree, root),
        `one of ${kinds.join(', ')}`,
      )
    return undefined
  }
  const written = kind.kind === 'scalar' ? kind.source : ''
  const known = kinds.find((candidate) => candidate === written)
  if (!known) {
    const message = `expected ${kinds.join(', ')}, found ${describe(kind)}${didYouMean(written, kinds)}`
    complain('schema/value', message, at(root, 'kind'))
  }
  return known
}

function readName(
  tree: MapTree,
  key: string,
  root: Position,
  complain: Complain,
): string | undefined {
  const name = child(tree, key)
  if (!name) {
    const other = key === 'suffix' ? 'name' : 'suffix'
    const written = child(tree, other)
    const kind = child(tree, 'kind') as ScalarTree
    const misspelt = misspeltKey(tree, key)
    if (misspelt) complainMisspelt(misspelt, key, root, complain)
    else if (written)
      complain(
        'schema/unknown-key',
        `a ${kind.source} is named by '${key}', not by '${other}'`,
        { ...at(root, other), atKey: true },
        written.kind === 'scalar' ? `write ${key}: ${written.source}` : undefined,
      )
    else
      complain(
        'schema/missing-key',
        `the key '${key}' is missing`,
        { ...at(root, 'kind'), atKey: true },
        `for example ${key === 'suffix' ? 'suffix: example.com' : 'name: vm0.example.com'}`,
      )
    return undefined
  }
  if (name.kind === 'scalar' && typeof name.value === 'string' && name.tag === undefined)
    if (name.value !== '' || key === 'suffix') return name.value
  const hint =
    name.kind === 'scalar' && name.tag === undefined && name.source !== ''
      ? `write it in quotes: "${name.source}"`
      : undefined
  complain('schema/type', `expected text, found ${describe(name)}`, at(root, key), hint)
  return undefined
}

/** Why it is no label of RFC 1123, if it is none. */
function labelProblem(label: string, isRoot: boolean): string | undefined {
  if (isRoot) return undefined
  if (label === 'all') return "'all' is reserved"
  if (label.length > 63) return 'it has more than 63 characters'
  if (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label)) return undefined
  return 'letters, digits and hyphens only, with a letter or digit at both ends'
}

/** The label that was probably meant. */
function betterLabel(label: string, parent: string): string | undefined {
  const suffix = `.${parent}`
  const relative = label.endsWith(suffix) ? label.slice(0, -suffix.length) : label
  const better = relative.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')
  return labelProblem(better, false) ? undefined : `for example ${better}`
}

/** A key of a document that was probably meant as another, which is missing. */
function misspeltKey(tree: MapTree, key: string): string | undefined {
  return [...tree.entries.keys()].find(
    (written) => !heads.includes(written) && closest(written, [key]) !== undefined,
  )
}

const heads = ['apiVersion', 'kind', 'suffix', 'name']

function complainMisspelt(written: string, key: string, root: Position, complain: Complain): void {
  const place = { ...at(root, written), atKey: true }
  complain('schema/unknown-key', `unknown key '${written}', did you mean '${key}'?`, place)
}

/** A whole document is too much to underline. */
function firstKey(tree: MapTree, root: Position): Position {
  const [key] = tree.entries.keys()
  return key === undefined ? root : { ...at(root, key), atKey: true }
}

function isEmpty(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null && tree.tag === undefined
}

function at(root: Position, key: string): Position {
  return { ...root, path: [...root.path, key] }
}
