import type { Position } from './diagnostic.ts'
import type { Value } from './value.ts'

/** The fleet with every selector resolved: what rendering, plan and rollout work on. */
export interface Inventory {
  readonly generation: 1
  readonly inputs: readonly FlakeInput[]
  /** Whether the source has a `flake.nix` of its own, whose outputs are kept. */
  readonly hasSourceFlake?: boolean
  readonly rollout: RolloutSettings
  readonly domains: readonly Domain[]
  readonly clusters: readonly Cluster[]
  readonly services: readonly Service[]
  /** Those that are ours: what is deployed. */
  readonly machines: readonly Machine[]
  /** Machines that are only known. */
  readonly unmanaged: readonly UnmanagedMachine[]
  readonly virtualHosts: readonly VirtualHost[]
}

/** A flake input; `nixpkgs` and `deploy-rs` are always there. */
export interface FlakeInput {
  readonly name: string
  /** Empty where `more` says it in other words. */
  readonly url: string
  readonly flake: boolean
  /** input of this input -> input of ours that it follows */
  readonly follows: Readonly<Record<string, string>>
  /** What else a `flake.nix` of the source says of it, by attribute path below its name. */
  readonly more?: readonly (readonly [path: readonly string[], value: string | number | boolean])[]
}

export interface RolloutSettings {
  /** How many machines may be in activation at one time. */
  readonly parallel: number
}

export type ElementKind =
  'domain' | 'cluster' | 'service' | 'role' | 'machine' | 'interface' | 'vhost'

/** What every element has. */
export interface Element {
  /** Full domain name, lower case. */
  readonly name: string
  /** Lower case; a role's is as written, since that is how a definition sees it. */
  readonly label: string
  readonly at: Position
}

export interface Domain extends Element {
  readonly kind: 'domain'
  readonly settings: NixosSettings
  readonly data?: Value
}

export interface Cluster extends Element {
  readonly kind: 'cluster'
  readonly domain: string
  readonly settings: NixosSettings
  readonly data?: Value
}

/** What one level gives to NixOS: a module of its own. */
export interface NixosSettings {
  readonly modules: readonly ModuleReference[]
  /** `config:` entries, one for each option path. */
  readonly config: readonly OptionSetting[]
  readonly users: readonly User[]
}

export interface OptionSetting {
  /** Option path, split at the dots that Nix's quoting leaves. */
  readonly path: readonly string[]
  readonly value: Value
  readonly at: Position
}

export interface User {
  readonly name: string
  /** Below `users.users.<name>`. */
  readonly settings: readonly OptionSetting[]
  /** Modules of home-manager. */
  readonly homeManager?: readonly ModuleReference[]
  readonly at: Position
}

/** Which hosts below a level, or of a service, get a module. */
export type ModuleAudience = 'machines' | 'virtual-hosts' | 'all'

export type ModuleReference = {
  /** Where it is not said: machines below a level, all hosts of a service. */
  readonly for?: ModuleAudience
} & (
  | { readonly kind: 'path'; readonly path: string; readonly args?: Value; readonly at: Position }
  | {
      readonly kind: 'flake'
      readonly input: string
      readonly attribute: string
      readonly at: Position
    }
  | { readonly kind: 'config'; readonly config: readonly OptionSetting[]; readonly at: Position }
)

export interface Service extends Element {
  readonly kind: 'service'
  /** Cluster or domain that it stands in. */
  readonly parent: string
  /** Full names of the hosts that it runs on, in order. */
  readonly hosts: readonly string[]
  /** What its selectors give, in order: these hosts, and those that take no module. */
  readonly selected: readonly string[]
  readonly roles: readonly Role[]
  readonly definition?: Definition
  readonly settings?: Value
  /** Where the settings stand: below `settings` or `config`. */
  readonly settingsAt?: Position
  readonly modules: readonly ModuleReference[]
  readonly data?: Value
  /** What its roles say about single members, in the order of their names. */
  readonly memberSettings?: readonly MemberSettings[]
}

export interface MemberSettings {
  /** Full name of the host. */
  readonly host: string
  /** A map. */
  readonly settings: Value
}

export interface Role extends Element {
  readonly kind: 'role'
  /** Full names, in order; hosts of a role that does not run are no hosts of its service. */
  readonly hosts: readonly string[]
  readonly maxUnavailable?: number
}

export type Definition =
  | { readonly kind: 'path'; readonly path: string; readonly at: Position }
  | {
      readonly kind: 'flake'
      readonly input: string
      readonly attribute: string
      readonly at: Position
    }
  | { readonly kind: 'builtin'; readonly name: string; readonly at: Position }
  | { readonly kind: 'config'; readonly config: readonly OptionSetting[]; readonly at: Position }

/** What a machine and a virtual host have in common. */
interface HostElement extends Element {
  readonly cluster: string
  readonly domain: string
  readonly tags: readonly string[]
  readonly interfaces: readonly Interface[]
  readonly data?: Value
  readonly settings: NixosSettings
  /** Full names of the services that run on it, in order. */
  readonly services: readonly string[]
}

/** What services run on, and what has addresses. */
export type Host = Machine | UnmanagedMachine | VirtualHost

export interface Machine extends HostElement {
  readonly kind: 'machine'
  readonly managed: true
  readonly system: string
  readonly stateVersion?: string
  /** Name of the input that it is built from. */
  readonly nixpkgs: string
  /** Which options that follow from its name are set. */
  readonly render: { readonly hostName: boolean; readonly domain: boolean }
  readonly deployment: Deployment
  readonly install?: Install
}

/** A machine that is not ours, such as a printer: it has a name and addresses, and is never deployed. */
export interface UnmanagedMachine extends HostElement {
  readonly kind: 'machine'
  readonly managed: false
  readonly deployment: Pick<Deployment, 'hostKey' | 'port'>
}

/** A host that runs on a machine and is deployed with it. */
export interface VirtualHost extends HostElement {
  readonly kind: 'vhost'
  /** Full name of the machine that it runs on. */
  readonly machine: string
  readonly type: VirtualHostType
  readonly network?: VirtualHostNetwork
  readonly stateVersion?: string
  /** Of an `oci-container`. */
  readonly image?: string
  /** What its machine is told of it besides. */
  readonly typeSettings?: Value
}

export type VirtualHostType =
  | { readonly kind: 'nixos-container' | 'microvm' | 'oci-container' }
  | { readonly kind: 'path'; readonly path: string; readonly at: Position }

/** How a virtual host is connected; `device` is one of its machine. */
export type VirtualHostNetwork =
  | { readonly kind: 'host' | 'nat' }
  | { readonly kind: 'bridge' | 'macvlan'; readonly device: string }

export interface Interface extends Element {
  readonly kind: 'interface'
  readonly device: string
  /** CIDR form, as written. */
  readonly addresses: readonly string[]
  readonly dhcp: boolean
  /** At most one of each family. */
  readonly gateways: readonly string[]
  /** Of the whole machine: Linux does not tell them apart by interface. */
  readonly nameservers: readonly string[]
  /** Finds the hardware that the device's name is for; lower case. */
  readonly mac?: string
  readonly mtu?: number
  /** What makes the device, where it is no hardware. */
  readonly netdev?: Netdev
  readonly primary: boolean
  /** False where the interface only describes. */
  readonly configure: boolean
}

/** A device that is made of others, which are named as devices. */
export type Netdev =
  | { readonly kind: 'vlan'; readonly id: number; readonly device: string }
  | { readonly kind: 'bridge'; readonly devices: readonly string[] }
  | {
      readonly kind: 'bond'
      readonly devices: readonly string[]
      readonly driverOptions: Readonly<Record<string, string>>
    }

/** How the controller reaches and activates a machine. */
export interface Deployment {
  readonly targetHost: string
  readonly port: number
  readonly sshUser: string
  readonly user: string
  /** Becomes the user whose name is written behind it, where that is not the one of SSH; default: `sudo -u`. */
  readonly sudo?: string
  /** For whoever runs deploy-rs; the controller builds by itself. */
  readonly buildOn: 'controller' | 'target'
  /** As in ssh_config. */
  readonly sshOptions: Readonly<Record<string, string>>
  /** For whoever runs deploy-rs; an attempt of the controller has one of its own (R15). */
  readonly tempPath?: string
  /** Nothing is fetched from the machine's own binary caches. */
  readonly fastConnection: boolean
  /** `ssh-ed25519 AAAA…`; without it the first contact is recorded in the ledger. */
  readonly hostKey?: string
  readonly magicRollback: boolean
  readonly autoRollback: boolean
  /** Seconds. */
  readonly confirmTimeout: number
  /** Seconds. */
  readonly activationTimeout: number
}

/** How a bare machine is made ready: what formats its disks. */
export interface Install {
  readonly format: 'none' | 'disko' | { readonly path: string }
}
