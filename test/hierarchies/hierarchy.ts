/** A fleet as plain data: what is generated, written as YAML, and read by the reference. */
export interface Hierarchy {
  readonly domains: readonly DomainOf[]
}

export interface DomainOf {
  readonly suffix: string
  readonly services: readonly ServiceOf[]
  readonly clusters: readonly ClusterOf[]
}

export interface ClusterOf {
  readonly label: string
  readonly services: readonly ServiceOf[]
  readonly machines: readonly MachineOf[]
}

export interface MachineOf {
  readonly label: string
  readonly tags: readonly string[]
  readonly interfaces: readonly InterfaceOf[]
  readonly virtualHosts: readonly VirtualHostOf[]
}

export interface VirtualHostOf {
  readonly label: string
  readonly tags: readonly string[]
  /** None: it has its machine's network. */
  readonly interfaces: readonly InterfaceOf[]
}

export interface InterfaceOf {
  readonly label: string
  /** In CIDR form; none is dhcp. */
  readonly addresses: readonly string[]
  readonly primary: boolean
}

export interface ServiceOf {
  readonly label: string
  readonly selectors: readonly SelectorOf[] | undefined
  readonly roles: readonly RoleOf[]
}

export interface RoleOf {
  readonly label: string
  readonly selectors: readonly SelectorOf[]
  readonly runs: boolean
}

export type SelectorOf =
  | string
  | {
      readonly select: string
      readonly kind?: 'domain' | 'cluster' | 'service' | 'role' | 'machine' | 'vhost' | 'interface'
      readonly tags: readonly string[]
      readonly except: readonly string[]
      readonly optional: boolean
    }
