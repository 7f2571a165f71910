import type { Position } from '../model/diagnostic.ts'
import type { ElementKind } from '../model/inventory.ts'
import type { Tree } from './tree.ts'
import type * as body from './types.generated.ts'

/** An element as it was written: its place in the hierarchy is known, its selectors are not resolved. */
export interface Declared<Kind extends ElementKind, Body> {
  readonly kind: Kind
  /** Full domain name, lower case. */
  readonly name: string
  readonly label: string
  /** The label with its capitals. */
  readonly written: string
  /** Full name of the element that it stands in. */
  readonly parent: string
  /** Where it is named. */
  readonly at: Position
  /** Where its settings begin. */
  readonly place: Position
  /** Checked against the schema; what was wrong is undefined. */
  readonly body: Body
  readonly tree: Tree | undefined
}

export type DeclaredDomain = Declared<'domain', body.Domain>
export type DeclaredCluster = Declared<'cluster', body.Cluster>
export type DeclaredService = Declared<'service', body.Service>
export type DeclaredRole = Declared<'role', body.Role | undefined>
export type DeclaredMachine = Declared<'machine', body.Machine>
export type DeclaredVirtualHost = Declared<'vhost', body.VirtualHost>
export type DeclaredInterface = Declared<'interface', body.Interface>

export interface DeclaredProject {
  readonly place: Position
  readonly body: body.Project
}

/** Everything that the documents of a repository declare, nested or not. */
export interface Fleet {
  readonly project?: DeclaredProject
  readonly domains: readonly DeclaredDomain[]
  readonly clusters: readonly DeclaredCluster[]
  readonly services: readonly DeclaredService[]
  readonly roles: readonly DeclaredRole[]
  readonly machines: readonly DeclaredMachine[]
  readonly virtualHosts: readonly DeclaredVirtualHost[]
  readonly interfaces: readonly DeclaredInterface[]
}
